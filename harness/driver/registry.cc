#include "harness/driver/registry.h"

#include "harness/driver/inproc_driver.h"
#include "harness/driver/nothing_driver.h"
#include "harness/driver/process_driver.h"
#include "harness/driver/target_file.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::driver {
namespace {

constexpr uint64_t kTargetFileMax = 1u << 20;

struct MadePlace {
  std::unique_ptr<env::FileSystem> files;
  std::string directory;
};

MadePlace PlaceFor(const DriverOptions& options) {
  if (options.directory.empty()) return {std::make_unique<env::MemFileSystem>(), "/store"};
  return {std::make_unique<env::PosixFileSystem>(), options.directory};
}

std::unique_ptr<Driver> MakeInproc(const DriverOptions& options) {
  MadePlace place = PlaceFor(options);
  return std::make_unique<InprocDriver>(std::move(place.files), place.directory,
                                        InprocDriver::Options{options.seed, false, "inproc"});
}

std::unique_ptr<Driver> MakePlain(const DriverOptions& options) {
  MadePlace place = PlaceFor(options);
  return std::make_unique<InprocDriver>(std::move(place.files), place.directory,
                                        InprocDriver::Options{options.seed, true, "canary:plain"});
}

std::unique_ptr<Driver> MakeNothing(const DriverOptions& options) {
  MadePlace place = PlaceFor(options);
  return std::make_unique<NothingDriver>(std::move(place.files), place.directory);
}

struct Row {
  TargetRow row;
  std::unique_ptr<Driver> (*make)(const DriverOptions&);
};

// A target file's program may stand beside this one's.
std::string ProgramOf(const TargetFile& target, const DriverOptions& options) {
  if (!options.server.empty()) return options.server;
  return FillIn({target.program}, {{"executables", options.executables}}).front();
}

Result<std::unique_ptr<Driver>> MakeFromFile(const std::string& path,
                                             const DriverOptions& options) {
  env::PosixFileSystem files;
  const auto json = env::ReadWhole(files, path, kTargetFileMax);
  if (!json.ok()) return json.status();
  auto target = ParseTargetFile(path, AsText(json.value()));
  if (!target.ok()) return target.status();
  target.value().program = ProgramOf(target.value(), options);
  if (options.wire_only) {
    target.value().control.clear();
    std::erase(target.value().capabilities, "clock");
  }
  return ProcessDriver::Make(std::move(target).value(), options.directory, options.seed);
}

// To add a target in this process: a row here. Server programs have a file each.
constexpr Row kRows[] = {
    {{"inproc", "the reference's store in this process"}, MakeInproc},
    {{"canary:nothing", "acknowledges and keeps nothing; must fail"}, MakeNothing},
    {{"canary:plain", "never encrypts; must fail"}, MakePlain},
};
constexpr TargetRow kPrograms[] = {
    {"reference", "atrest-server, over the wire"},
    {"nats-streaming-server", "the real server, found in PATH or named with --server"},
};

bool IsPath(const std::string& target) {
  return target.find('/') != std::string::npos || target.ends_with(".json");
}

}  // namespace

std::vector<TargetRow> Targets() {
  std::vector<TargetRow> targets;
  for (const Row& row : kRows) targets.push_back(row.row);
  for (const TargetRow& row : kPrograms) targets.push_back(row);
  return targets;
}

Result<std::unique_ptr<Driver>> MakeDriver(const std::string& target,
                                           const DriverOptions& options) {
  for (const Row& row : kRows) {
    if (target == row.row.name) return row.make(options);
  }
  if (IsPath(target)) return MakeFromFile(target, options);
  for (const TargetRow& row : kPrograms) {
    if (target == row.name) return MakeFromFile(options.targets + "/" + target + ".json", options);
  }
  return Status(Code::kNotFound, "no target is named \"" + target + "\"");
}

}  // namespace atrest::driver
