#include "harness/driver/registry.h"

#include "harness/driver/inproc_driver.h"
#include "harness/driver/nothing_driver.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::driver {
namespace {

struct Place {
  std::unique_ptr<env::FileSystem> files;
  std::string directory;
};

Place PlaceFor(const DriverOptions& options) {
  if (options.directory.empty()) return {std::make_unique<env::MemFileSystem>(), "/store"};
  return {std::make_unique<env::PosixFileSystem>(), options.directory};
}

std::unique_ptr<Driver> MakeInproc(const DriverOptions& options) {
  Place place = PlaceFor(options);
  return std::make_unique<InprocDriver>(std::move(place.files), place.directory,
                                        InprocDriver::Options{options.seed, false, "inproc"});
}

std::unique_ptr<Driver> MakePlain(const DriverOptions& options) {
  Place place = PlaceFor(options);
  return std::make_unique<InprocDriver>(std::move(place.files), place.directory,
                                        InprocDriver::Options{options.seed, true, "canary:plain"});
}

std::unique_ptr<Driver> MakeNothing(const DriverOptions& options) {
  Place place = PlaceFor(options);
  return std::make_unique<NothingDriver>(std::move(place.files), place.directory);
}

struct Row {
  TargetRow row;
  std::unique_ptr<Driver> (*make)(const DriverOptions&);
};

// To add a target: a row here.
constexpr Row kRows[] = {
    {{"inproc", "the reference's store in this process"}, MakeInproc},
    {{"canary:nothing", "acknowledges and keeps nothing; must fail"}, MakeNothing},
    {{"canary:plain", "never encrypts; must fail"}, MakePlain},
};

}  // namespace

std::vector<TargetRow> Targets() {
  std::vector<TargetRow> targets;
  for (const Row& row : kRows) targets.push_back(row.row);
  return targets;
}

Result<std::unique_ptr<Driver>> MakeDriver(const std::string& target,
                                           const DriverOptions& options) {
  for (const Row& row : kRows) {
    if (target == row.row.name) return row.make(options);
  }
  return Status(Code::kNotFound, "no target is named \"" + target + "\"");
}

}  // namespace atrest::driver
