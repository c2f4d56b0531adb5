// The targets by name: one row each in registry.cc.
//   inproc           the reference's store in this process
//   canary:nothing   acknowledges and keeps nothing; must fail, or the harness sees nothing
//   canary:plain     never encrypts; must fail likewise
// Threads: pure functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/driver/driver.h"

namespace atrest::driver {

struct TargetRow {
  const char* name;
  const char* what;
};
std::vector<TargetRow> Targets();

// A fresh target with an empty store. kNotFound if no target has this name.
Result<std::unique_ptr<Driver>> MakeDriver(const std::string& target, const DriverOptions& options);

}  // namespace atrest::driver
