// The timing and sizes of consensus, with the real server's defaults (cluster.md 2 and 5). The
// timeouts come from its configuration file, trailing_logs from -cluster_trailing_logs; the rest is
// fixed there and settable here so that a short run gets to snapshots.
// Errors: CheckOptions says kInvalid with the real server's texts.
// Threads: a value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reference/base/status.h"
#include "reference/raft/membership.h"

namespace atrest::raft {

inline constexpr int64_t kMillisecondNs = 1'000'000;
inline constexpr int64_t kSecondNs = 1'000 * kMillisecondNs;

struct Options {
  ServerId id;
  std::string address;
  // A follower looks, each time after a random [T, 2T), whether it heard of its leader within T.
  int64_t heartbeat_timeout_ns = 2 * kSecondNs;
  // A candidate starts a new election after a random [T, 2T).
  int64_t election_timeout_ns = 2 * kSecondNs;
  // A leader that did not hear of a majority for this long steps down.
  int64_t lease_timeout_ns = kSecondNs;
  // A leader sends the commit index after a random [T, 2T) without entries.
  int64_t commit_timeout_ns = 100 * kMillisecondNs;
  // Whether a snapshot is due is looked at after a random [T, 2T).
  int64_t snapshot_interval_ns = 120 * kSecondNs;
  uint64_t snapshot_threshold = 8192;  // entries since the last one that make a snapshot due
  uint64_t trailing_logs = 10240;      // entries that stay in the log behind a snapshot
  size_t append_entries_max = 64;      // in one message
  size_t appends_in_flight_max = 2;    // messages with entries that a follower has not answered
  // A snapshot that was not answered is sent again after this; the real transport's timeout.
  int64_t snapshot_retry_ns = 10 * kSecondNs;
};

Status CheckOptions(const Options& options);

}  // namespace atrest::raft
