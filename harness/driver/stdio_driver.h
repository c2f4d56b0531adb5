// An adapter program (PROTOCOL.md) as a target: "stdio:COMMAND". The program stands for a store
// library or any system; it runs from the first step to the last, through stops and starts, and is
// killed and run again by a kill. An interrupt needs nothing of it: the harness watches its system
// calls (syscall_tracer.h); while one is armed, payloads are sent to it one by one.
// Errors: what the adapter does wrong is an outcome: Crashed, TimedOut or Violated.
// Threads: one, which lives as long as the driver (child_process.h).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "harness/driver/driver.h"
#include "harness/driver/stdio_adapter.h"
#include "reference/env/posix_env.h"

namespace atrest::driver {

class StdioDriver : public Driver {
 public:
  // Runs COMMAND and greets it. OPTIONS: directory ("": one of our own, removed with the driver),
  // seed and patience. Fails only where the harness cannot act.
  static Result<std::unique_ptr<Driver>> Make(const std::string& command,
                                              const DriverOptions& options);
  ~StdioDriver() override;

  TargetInfo Info() const override { return info_; }
  std::optional<verdict::Observation> Trouble() const override { return trouble_; }
  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override;
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override;
  Result<verdict::Observation> Read(const scenario::Read& read) override;
  Result<verdict::Observation> Stop() override;
  Result<verdict::Observation> Kill() override;
  Result<verdict::Observation> Wait(const scenario::Wait& wait) override;
  Result<verdict::Observation> Interrupt(const scenario::Interrupt& interrupt) override;
  bool InterruptCame() const override { return !adapter_ || adapter_->WasInterrupted(); }
  Result<verdict::Observation> Act(const scenario::ClientStep& step) override;
  env::FileSystem& files() override { return files_; }
  std::string directory() const override { return store_; }

 private:
  StdioDriver(std::string command, const DriverOptions& options, std::string scratch);

  // Runs the adapter and says hello: what went wrong, if anything.
  Result<std::optional<verdict::Observation>> Launch();
  // Asks and turns the answer into an outcome with TAKE. MAY_LACK: whether "unimplemented" is an
  // answer to this request, in spite of the capabilities.
  template <typename Take>
  verdict::Observation Asked(const StdioAdapter::Json& request, bool may_lack, Take take,
                             StdioAdapter::Duration more = StdioAdapter::Duration(0));
  verdict::Observation Seen(const driver::Trouble& trouble);
  // SEEN, or LOST if an interrupt has killed the adapter.
  verdict::Observation Unless(verdict::Observation seen, verdict::Outcome lost) const;
  void EndInterrupt();

  const std::string command_;
  const DriverOptions options_;
  const std::string scratch_;
  const std::string store_;
  env::PosixFileSystem files_;
  std::unique_ptr<StdioAdapter> adapter_;
  bool is_interrupted_ = false;  // one is armed, or has come
  TargetInfo info_;
  std::optional<verdict::Observation> trouble_;  // of the first hello
};

}  // namespace atrest::driver
