// The reference's store in this process with a defect planted in it that only a story of several
// steps brings out: what minimising is tested with, and what a harness that sees enough must fail.
// Each is after a defect that shipped somewhere.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/driver/inproc_driver.h"

namespace atrest::driver {

enum class Defect {
  // After a restart, what is published to a channel that nobody has read yet is stored in clear.
  kLazyKey,
  // After a restart with another cipher, the one of the first run goes on sealing.
  kCipherSwitch,
  // After a kill, what is published to a channel that has two messages or more is stored in clear.
  kKillClear,
  // What a subscription was given stays behind in a file of its own once the server has stopped.
  kReadLeak,
  // Once there was a run under another key, what the first had stored is not delivered any more.
  kWrongKeyLoss,
};

class InprocCanary : public InprocDriver {
 public:
  InprocCanary(std::unique_ptr<env::FileSystem> files, std::string directory,
               const Options& options, Defect defect)
      : InprocDriver(std::move(files), std::move(directory), options), defect_(defect) {}

  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override;
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override;
  Result<verdict::Observation> Read(const scenario::Read& read) override;
  Result<verdict::Observation> Stop() override;
  Result<verdict::Observation> Kill() override;

 protected:
  bool StoresInClear(const std::string& channel) override;

 private:
  void EndRun();

  const Defect defect_;
  std::map<std::string, uint64_t> stored_;  // how many messages each channel was given, ever
  std::set<std::string> read_;              // channels that were read in this run
  bool was_started_ = false;
  bool was_killed_ = false;
  std::optional<std::string> first_cipher_;
  std::string first_key_;
  std::string key_;  // of this run
  bool had_another_key_ = false;
  std::string delivered_;
};

}  // namespace atrest::driver
