// One start of a server program as a target file describes it: its command line from a scenario's
// settings, its way to readiness or refusal, its log and its end.
// Errors: kIo when the program cannot be run or neither gets ready nor refuses in time; kInvalid
// for settings that the target has no option for.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
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
  int64_t now_ns = 0;                                 // where a virtual clock begins
  std::optional<scenario::Interrupt> interrupt = {};  // armed from the start on
  std::string uncounted = {};  // what in the store an interrupt does not count, with all below
};

// A server after its start, or after it refused to.
class Server {
 public:
  virtual ~Server() = default;
  // Set when it refused to start: how it ended. Otherwise it was ready for clients.
  virtual const std::optional<ProcessEnd>& refusal() const = 0;
  // Why, without the target's prefix.
  virtual std::string RefusalText() const = 0;

  virtual const std::string& host() const = 0;  // a numeric address
  virtual uint16_t port() const = 0;
  virtual const std::string& control_path() const = 0;  // "" for none
  // What it logged since the last call, all of it that it logged before this call.
  virtual std::vector<verdict::LogLine> TakeLog() = 0;
  // All that TakeLog read since the last call, as it was written.
  virtual std::string TakeOutput() { return ""; }
  virtual std::optional<int> process() const { return std::nullopt; }
  // How it ended, if it has within LIMIT and that can be known.
  virtual std::optional<ProcessEnd> End(
      ChildProcess::Duration limit = ChildProcess::Duration(0)) = 0;
  // In order, within a bound; nullopt if it had to be killed.
  virtual std::optional<ProcessEnd> Stop() = 0;
  virtual void Kill() = 0;
  // From now on INTERRUPT is armed, until the server has ended.
  virtual Status Interrupt(const scenario::Interrupt&) {
    return Status(Code::kInvalid, "the server cannot be interrupted");
  }
  // Whether an interrupt has killed it.
  virtual bool WasInterrupted() const { return false; }
};

// Starts a server; fails as ServerProcess::Start does.
using ServerStarter = std::function<Result<std::unique_ptr<Server>>(
    const TargetFile& target, const Place& place, const scenario::Settings& settings,
    const std::map<std::string, std::string>& keys)>;

class ServerProcess : public Server {
 public:
  static Result<std::unique_ptr<Server>> Start(const TargetFile& target, const Place& place,
                                               const scenario::Settings& settings,
                                               const std::map<std::string, std::string>& keys);

  const std::optional<ProcessEnd>& refusal() const override { return refusal_; }
  std::string RefusalText() const override;
  const std::string& host() const override { return host_; }
  uint16_t port() const override { return port_; }
  const std::string& control_path() const override { return control_path_; }
  std::vector<verdict::LogLine> TakeLog() override;
  std::string TakeOutput() override;
  std::optional<int> process() const override { return child_->pid(); }
  std::optional<ProcessEnd> End(ChildProcess::Duration limit) override {
    return child_->WaitFor(limit);
  }
  std::optional<ProcessEnd> Stop() override;
  void Kill() override { child_->Kill(); }
  Status Interrupt(const scenario::Interrupt& interrupt) override {
    return child_->Interrupt(interrupt);
  }
  bool WasInterrupted() const override { return child_->WasInterrupted(); }

 private:
  ServerProcess(const TargetFile& target, uint16_t port) : target_(target), port_(port) {}
  Status WaitUntilReady();
  void ReadOutput();

  const TargetFile& target_;
  const std::string host_ = "127.0.0.1";
  uint16_t port_;
  std::string control_path_;
  std::unique_ptr<ChildProcess> child_;
  ServerLog log_;
  std::string out_;  // the beginning of what it wrote to its standard output
  std::string raw_;  // of both streams, since it was taken
  std::optional<ProcessEnd> refusal_;
};

// The first line that the program prints when asked for its version, or why there is none.
std::string VersionOf(const TargetFile& target);

}  // namespace atrest::driver
