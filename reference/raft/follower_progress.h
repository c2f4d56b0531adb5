// What a leader knows of one follower, and how it sends to it.
// A probe looks for the place where the logs agree, one request at a time. From then on requests
// follow each other without waiting for answers, up to a few; a refusal leads back to probing. A
// follower that needs entries which the leader's log does not hold any more gets a snapshot.
// Threads: values.
#pragma once

#include <cstdint>
#include <vector>

#include "reference/raft/membership.h"

namespace atrest::raft {

struct FollowerProgress {
  enum class Mode { kProbe, kPipeline, kSnapshot };

  ServerId id;
  Mode mode = Mode::kProbe;
  uint64_t next_index = 0;   // of the next entry to send; may lie behind the end of the log
  uint64_t match_index = 0;  // it has had the leader's log up to here; it may have lost it
  bool awaiting = false;     // in kProbe: a request is not answered yet
  // In kPipeline: the last index of each request with entries that is not answered yet.
  std::vector<uint64_t> in_flight;
  int64_t last_contact_ns = 0;  // of any answer
  int64_t heartbeat_at_ns = 0;
  int64_t append_at_ns = 0;  // when something is sent without an occasion
};

}  // namespace atrest::raft
