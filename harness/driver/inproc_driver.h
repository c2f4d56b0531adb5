// The reference's store in this process: the quickest target, and the one every build has. It
// stands in for a server and one client: options are resolved as the real server's, a publish is
// stored and flushed, a read looks up message after message as a subscription would and stops where
// the real one would.
// Where the server would end by itself, as it does when it cannot flush what was published, so does
// this, if it is by the full disk of an interrupt.
// An interrupt comes by a file system that fails (reference/env/fault_file_system.h).
// Time stands still but for Wait; entropy is a function of the seed, so a run can be repeated byte
// for byte.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "harness/driver/driver.h"
#include "reference/base/fault.h"
#include "reference/base/logger.h"
#include "reference/env/fault_file_system.h"
#include "reference/env/fixed_env.h"
#include "reference/store/store.h"

namespace atrest::driver {

class InprocDriver : public Driver {
 public:
  struct Options {
    uint64_t seed = 1;
    bool never_encrypt =
        false;  // a defect: settings that switch encryption on are accepted and ignored
    bool is_reference = true;  // false for one with a defect
    const char* name = "inproc";
    Fault fault = Fault::kNone;  // with it the reference is on, in every step
  };
  // FILES and DIRECTORY: where the store is kept.
  InprocDriver(std::unique_ptr<env::FileSystem> files, std::string directory,
               const Options& options);
  ~InprocDriver() override;

  TargetInfo Info() const override;
  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override;
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override;
  Result<verdict::Observation> Read(const scenario::Read& read) override;
  Result<verdict::Observation> Stop() override;
  Result<verdict::Observation> Kill() override;
  Result<verdict::Observation> Wait(const scenario::Wait& wait) override;
  Result<verdict::Observation> Interrupt(const scenario::Interrupt& interrupt) override;
  bool InterruptCame() const override { return is_full_ || faults_.stopped(); }
  env::FileSystem& files() override { return *files_; }
  std::string directory() const override { return directory_; }

 protected:
  // For canaries (inproc_canary.h): whether what is published to CHANNEL now goes past encryption.
  virtual bool StoresInClear(const std::string& channel);
  // Whether CHANNEL was there already when the store was opened.
  bool recovered(const std::string& channel) const { return recovered_.contains(channel); }

 private:
  Result<std::unique_ptr<store::Store>> OpenStore(const scenario::Settings& settings,
                                                  const std::map<std::string, std::string>& keys);
  Status Recover(const std::string& cluster_id);
  Result<store::Channel*> ChannelNamed(const std::string& name);
  Status PublishOne(const scenario::Publish& publish, const std::string& payload);
  // Why it cannot be told what comes, or "".
  std::string Deliver(const scenario::Read& read, store::Channel& channel, verdict::Read& seen);
  // Whether an interrupt has ended the store's process; nothing of it is left then.
  bool WasInterrupted();
  void EndRun();
  verdict::Observation Seen(verdict::Outcome outcome);

  std::unique_ptr<env::FileSystem> files_;
  env::FaultFileSystem faults_;  // over files_: what the store sees
  std::string why_gone_;         // of an interrupted run; "" while it goes on
  bool is_full_ = false;         // this run's disk is to be full
  std::string directory_;
  Options options_;
  env::FixedClock clock_;
  env::SeededEntropy entropy_;
  LogBuffer log_;
  store::Store* unsealed_ = nullptr;  // what store_ seals for; null where it does not
  std::set<std::string> recovered_;
  std::unique_ptr<store::Store> store_;  // null while stopped, and once interrupted
};

}  // namespace atrest::driver
