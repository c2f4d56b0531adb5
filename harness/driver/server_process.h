// One start of a server program as a target file describes it: its command line from a scenario's
// settings, its way to readiness or refusal, its log and its end.
// Errors: kIo when the program cannot be run or neither gets ready nor refuses in time; kInvalid
// for settings that the target has no option for.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/driver/child_process.h"
#include "harness/driver/server_log.h"
#include "harness/driver/target_file.h"
#include "harness/scenario/scenario.h"

namespace atrest::driver {

// Where one start takes place.
struct Place {
  std::string store;    // its directory
  std::string scratch;  // a directory for whatever else is needed
  uint64_t seed = 1;
  int64_t now_ns = 0;  // where a virtual clock begins
};

class ServerProcess {
 public:
  static Result<std::unique_ptr<ServerProcess>> Start(
      const TargetFile& target, const Place& place, const scenario::Settings& settings,
      const std::map<std::string, std::string>& keys);

  // Set when it refused to start: how it ended. Otherwise it was ready for clients.
  const std::optional<ProcessEnd>& refusal() const { return refusal_; }
  // Why, without the target's prefix.
  std::string RefusalText() const;

  uint16_t port() const { return port_; }
  const std::string& control_path() const { return control_path_; }
  // What it logged since the last call, all of it that it logged before this call.
  std::vector<verdict::LogLine> TakeLog();
  // How it ended, if it has within LIMIT.
  std::optional<ProcessEnd> End(ChildProcess::Duration limit = ChildProcess::Duration(0)) {
    return child_->WaitFor(limit);
  }
  // SIGTERM, and a bounded wait; nullopt if it had to be killed.
  std::optional<ProcessEnd> Stop();
  void Kill() { child_->Kill(); }

 private:
  ServerProcess(const TargetFile& target, uint16_t port) : target_(target), port_(port) {}
  Status WaitUntilReady();

  const TargetFile& target_;
  uint16_t port_;
  std::string control_path_;
  std::unique_ptr<ChildProcess> child_;
  ServerLog log_;
  std::string out_;  // what it wrote to its standard output until it was ready
  std::optional<ProcessEnd> refusal_;
};

// The first line that the program prints when asked for its version, or why there is none.
std::string VersionOf(const TargetFile& target);

}  // namespace atrest::driver
