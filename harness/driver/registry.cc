#include "harness/driver/registry.h"

#include <algorithm>

#include "harness/driver/attach_server.h"
#include "harness/driver/inproc_canary.h"
#include "harness/driver/inproc_cluster_driver.h"
#include "harness/driver/inproc_driver.h"
#include "harness/driver/nothing_driver.h"
#include "harness/driver/process_driver.h"
#include "harness/driver/stdio_driver.h"
#include "harness/driver/target_file.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::driver {
namespace {

constexpr char kInproc[] = "inproc";
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
                                        InprocDriver::Options{options.seed});
}

Result<std::unique_ptr<Driver>> MakeFaulty(const DriverOptions& options) {
  const fault::Row* row = fault::Find(options.fault);
  if (row == nullptr) return Status(Code::kNotFound, "no fault is named \"" + options.fault + "\"");
  if (row->place != fault::Place::kStore)
    return Status(Code::kUnsupported, "the fault " + options.fault + " is in the " +
                                          fault::NameOf(row->place) + " only");
  MadePlace place = PlaceFor(options);
  return std::unique_ptr<Driver>(std::make_unique<InprocDriver>(
      std::move(place.files), place.directory,
      InprocDriver::Options{.seed = options.seed, .fault = row->fault}));
}

std::unique_ptr<Driver> MakePlain(const DriverOptions& options) {
  MadePlace place = PlaceFor(options);
  return std::make_unique<InprocDriver>(
      std::move(place.files), place.directory,
      InprocDriver::Options{.seed = options.seed, .never_encrypt = true, .name = "canary:plain"});
}

std::unique_ptr<Driver> MakeCanary(const DriverOptions& options, const char* name, Defect defect) {
  MadePlace place = PlaceFor(options);
  return std::make_unique<InprocCanary>(
      std::move(place.files), place.directory,
      InprocDriver::Options{.seed = options.seed, .is_reference = false, .name = name}, defect);
}

std::unique_ptr<Driver> MakeCluster(const DriverOptions& options) {
  return std::make_unique<InprocClusterDriver>(options.seed);
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

Status NoFaults(const std::string& target) {
  return Status(Code::kUnsupported, "the target " + target + " cannot be given a fault");
}

Status AddFault(const DriverOptions& options, TargetFile& target) {
  if (options.fault.empty()) return Status();
  if (target.fault.empty()) return NoFaults(target.name);
  const auto more =
      FillIn(target.fault, {{"fault", options.fault}, {"fault_trace", options.fault_trace}});
  target.arguments.insert(target.arguments.end(), more.begin(), more.end());
  target.is_reference = false;
  return Status();
}

Result<std::unique_ptr<Driver>> MakeFromFile(const std::string& path,
                                             const DriverOptions& options) {
  env::PosixFileSystem files;
  const auto json = env::ReadWhole(files, path, kTargetFileMax);
  if (!json.ok()) return json.status();
  auto target = ParseTargetFile(path, AsText(json.value()));
  if (!target.ok()) return target.status();
  target.value().program = ProgramOf(target.value(), options);
  ATREST_TRY(AddFault(options, target.value()));
  if (options.wire_only) {
    target.value().control.clear();
    std::erase(target.value().capabilities, "clock");
  }
  return ProcessDriver::Make(std::move(target).value(), options.directory, options.seed,
                             options.patience);
}

// To add a target in this process: a row here. Server programs have a file each.
constexpr Row kRows[] = {
    {{kInproc, "the reference's store in this process"}, MakeInproc},
    {{"sim", "a cluster of the reference's nodes, simulated in this process"}, MakeCluster},
    {{"canary:nothing", "acknowledges and keeps nothing; must fail"}, MakeNothing},
    {{"canary:plain", "never encrypts; must fail"}, MakePlain},
};
// Canaries with one defect: a row here, and one of Defect.
struct CanaryRow {
  TargetRow row;
  Defect defect;
};
constexpr CanaryRow kCanaries[] = {
    {{"canary:lazy-key",
      "after a restart, publishes before the first read are in clear; must fail"},
     Defect::kLazyKey},
    {{"canary:cipher-switch", "the first run's cipher goes on sealing; must fail"},
     Defect::kCipherSwitch},
    {{"canary:kill-clear", "after a kill, publishes to a filled channel are in clear; must fail"},
     Defect::kKillClear},
    {{"canary:read-leak", "what was read stays behind in clear after a stop; must fail"},
     Defect::kReadLeak},
    {{"canary:wrong-key-loss", "after a run under another key nothing is delivered; must fail"},
     Defect::kWrongKeyLoss},
};
// To add a way to reach targets: a row here. What follows the prefix is for MAKE.
struct SchemeRow {
  const char* prefix;
  TargetRow row;
  Result<std::unique_ptr<Driver>> (*make)(const std::string&, const DriverOptions&);
};
constexpr SchemeRow kSchemes[] = {
    {"stdio:",
     {"stdio:COMMAND", "an adapter program, see harness/driver/PROTOCOL.md"},
     StdioDriver::Make},
    {"attach:",
     {"attach:HOST:PORT", "a server that hooks start and stop, see harness/targets/README.md"},
     MakeAttached},
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
  for (const CanaryRow& row : kCanaries) targets.push_back(row.row);
  for (const TargetRow& row : kPrograms) targets.push_back(row);
  for (const SchemeRow& row : kSchemes) targets.push_back(row.row);
  return targets;
}

Result<std::unique_ptr<Driver>> MakeDriver(const std::string& target,
                                           const DriverOptions& options) {
  if (!options.fault.empty() && target == kInproc) return MakeFaulty(options);
  const bool is_program =
      IsPath(target) ||
      std::ranges::any_of(kPrograms, [&](const TargetRow& row) { return target == row.name; });
  if (!options.fault.empty() && !is_program) return NoFaults(target);
  for (const Row& row : kRows) {
    if (target == row.row.name) return row.make(options);
  }
  for (const CanaryRow& row : kCanaries) {
    if (target == row.row.name) return MakeCanary(options, row.row.name, row.defect);
  }
  for (const SchemeRow& row : kSchemes) {
    if (target.starts_with(row.prefix))
      return row.make(target.substr(std::string_view(row.prefix).size()), options);
  }
  if (IsPath(target)) return MakeFromFile(target, options);
  for (const TargetRow& row : kPrograms) {
    if (target == row.name) return MakeFromFile(options.targets + "/" + target + ".json", options);
  }
  return Status(Code::kNotFound, "no target is named \"" + target + "\"");
}

}  // namespace atrest::driver
