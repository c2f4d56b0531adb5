// How a streaming server behaves, as far as it may be chosen.
// Specification: options.md 1, wire.md part 2.
// Threads: a value.
#pragma once

#include <cstdint>
#include <string>

#include "reference/store/limits.h"

namespace atrest::stan {

// Defaults are the real server's.
struct StreamingOptions {
  std::string cluster_id = "test-cluster";
  std::string discover_prefix = "_STAN.discover";
  std::string server_id;  // 22 characters; "" makes one
  int64_t heartbeat_interval_ns = 30'000'000'000;
  int64_t heartbeat_timeout_ns = 10'000'000'000;
  int64_t heartbeat_fail_count = 10;  // a client is closed when more than these failed in a row
  bool replace_durable = false;       // a new subscription takes an active durable's place
  int64_t io_batch_messages = 1024;   // stored between two flushes; below 1: each by itself
  bool debug = false;                 // whether lines of level kDebug are made
  bool trace = false;                 // whether lines of level kTrace are made
  // Of these only max_inactivity_ns is acted on here; the others are the store's affair.
  store::StoreLimits limits;
};

}  // namespace atrest::stan
