// The canary that acknowledges everything and keeps nothing. A harness that passes it sees nothing.
// Threads: one.
#pragma once

#include <memory>
#include <string>

#include "harness/driver/driver.h"

namespace atrest::driver {

class NothingDriver : public Driver {
 public:
  explicit NothingDriver(std::unique_ptr<env::FileSystem> files, std::string directory)
      : files_(std::move(files)), directory_(std::move(directory)) {}
  TargetInfo Info() const override {
    return {"canary:nothing", "1", {"file", "memory", "kill", "format:stan-file-1"}, false};
  }
  Result<verdict::Observation> Start(const scenario::Settings&,
                                     const std::map<std::string, std::string>&) override {
    return verdict::Observation{verdict::Started{true, ""}, {}};
  }
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override {
    return verdict::Observation{verdict::Published{publish.payloads.size(), ""}, {}};
  }
  Result<verdict::Observation> Read(const scenario::Read&) override {
    return verdict::Observation{verdict::Read{}, {}};
  }
  Result<verdict::Observation> Stop() override { return verdict::Observation{}; }
  Result<verdict::Observation> Kill() override { return verdict::Observation{}; }
  Result<verdict::Observation> Wait(const scenario::Wait&) override {
    return verdict::Observation{};
  }
  env::FileSystem& files() override { return *files_; }
  std::string directory() const override { return directory_; }

 private:
  std::unique_ptr<env::FileSystem> files_;
  std::string directory_;
};

}  // namespace atrest::driver
