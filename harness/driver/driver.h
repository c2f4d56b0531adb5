// A driver lets the harness act on one target: start it with settings, act as its clients, stop it,
// kill it, and reach the files it leaves. It reports what it saw (verdict/observation.h) and judges
// nothing.
// To add one: NAME_driver.{h,cc} and a row in registry.cc.
// Ownership: a driver owns the target and its working directory. Destroying it ends the target.
// Errors: a target's misbehaviour is an observation. A Status means that the harness itself could
// not act.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::driver {

struct TargetInfo {
  std::string name;
  std::string version;
  // What it can do, by the names that scenarios need: "file", "memory", "kill",
  // "format:stan-file-1".
  std::vector<std::string> capabilities;
  bool is_reference = false;  // built from reference/: agreement with it is no evidence
};

class Driver {
 public:
  virtual ~Driver() = default;
  virtual TargetInfo Info() const = 0;

  // Each performs one step and returns its outcome: Started, Published or Read. REQUIRES: the order
  // that the scenario loader has checked (no Publish before Start, and so on).
  virtual Result<verdict::Observation> Start(const scenario::Settings& settings,
                                             const std::map<std::string, std::string>& keys) = 0;
  virtual Result<verdict::Observation> Publish(const scenario::Publish& publish) = 0;
  virtual Result<verdict::Observation> Read(const scenario::Read& read) = 0;
  virtual Result<verdict::Observation> Stop() = 0;
  virtual Result<verdict::Observation> Kill() = 0;
  // Lets the target's time pass.
  virtual Result<verdict::Observation> Wait(const scenario::Wait& wait) = 0;

  // Where the target keeps its store. Files there are changed by the harness only while the target
  // is stopped.
  virtual env::FileSystem& files() = 0;
  virtual std::string directory() const = 0;
};

struct DriverOptions {
  // Where the target's directory is made on disk; "" keeps it in memory where the driver can.
  std::string directory;
  uint64_t seed = 1;  // of the target's entropy, where it takes one
};

// Makes a fresh target with an empty store.
using DriverFactory = std::function<Result<std::unique_ptr<Driver>>(const DriverOptions&)>;

}  // namespace atrest::driver
