// How many messages a second a STAN server takes and gives: one asynchronous publisher until its
// last ack (pub), one subscriber of what was just written until the last delivery (sub), both at
// once on a new channel (pubsub). At most WINDOW messages are under way in each direction.
// Figures, and no judgement: but a message that is refused, missing or changed is a failure.
// Threads: one, in MeasureThroughput.
#pragma once

#include <cstdint>
#include <string>

#include "harness/load/load_client.h"

namespace atrest::load {

struct ThroughputOptions {
  Target target;
  std::string run = "rate";  // first part of client IDs and channels; new to the server
  uint64_t messages = 200000;
  uint32_t size = 128;
  uint32_t window = 512;
  uint32_t patience_s = 30;
};

struct Throughput {  // messages a second
  double pub = 0;
  double sub = 0;
  double pubsub = 0;
};

Result<Throughput> MeasureThroughput(const ThroughputOptions& options);

}  // namespace atrest::load
