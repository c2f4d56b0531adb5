// The targets by name: one row each in registry.cc.
//   inproc           the reference's store in this process
//   sim              a cluster of the reference's nodes in this process
//   canary:nothing   acknowledges and keeps nothing; must fail, or the harness sees nothing
//   canary:plain     never encrypts; must fail likewise
//   canary:...       one defect each, which takes several steps to show (inproc_canary.h)
//   stdio:COMMAND    an adapter program (PROTOCOL.md)
//   attach:HOST:PORT a server that hooks start and stop (attach_server.h)
//   reference, nats-streaming-server, or the path of a target file: a server program
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

// A fresh target with an empty store. TARGET is a name of Targets(), or a path (with a '/' or
// ending in .json) of a target file. kNotFound if there is no such target.
Result<std::unique_ptr<Driver>> MakeDriver(const std::string& target, const DriverOptions& options);

}  // namespace atrest::driver
