// What nodes tell each other. Requests and replies are messages of their own, and a reply says what
// it answers, so that lost, doubled, delayed and reordered messages do no harm. The fields are
// those of the real server's calls; those marked "not on the wire" its transport knows from the
// request that a reply answers: an adapter to the real transport fills them from there.
// Ownership: messages share entries and snapshots, and copy nothing of them.
// Threads: values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "reference/raft/log_entry.h"
#include "reference/raft/membership.h"

namespace atrest::raft {

// Of a snapshot: the last entry in it, and the configuration that was committed then.
struct SnapshotMeta {
  uint64_t index = 0;
  uint64_t term = 0;
  ConfigurationPtr configuration;
  uint64_t configuration_index = 0;
};
using SnapshotMetaPtr = std::shared_ptr<const SnapshotMeta>;
using BytesPtr = std::shared_ptr<const Bytes>;

struct VoteRequest {
  uint64_t last_log_index = 0;
  uint64_t last_log_term = 0;
  // The leader asked for this election, so voters do not mind that they have one. Understood, but
  // never sent: the real server has no request that hands over leadership.
  bool leadership_transfer = false;
  std::string address;  // the candidate's: it is what a voter writes down
};

struct VoteReply {
  bool granted = false;
};

struct AppendRequest {
  uint64_t previous_index = 0;
  uint64_t previous_term = 0;
  uint64_t commit_index = 0;
  EntryRun entries;

  // A heartbeat is an empty one without any position; it says nothing about the log.
  bool IsHeartbeat() const {
    return previous_index == 0 && previous_term == 0 && commit_index == 0 && entries.empty();
  }
};

struct AppendReply {
  bool success = false;
  // Refused because of the entry before: there is no need to wait before trying an earlier one.
  bool no_retry_backoff = false;
  uint64_t last_log = 0;        // the follower's
  uint64_t previous_index = 0;  // of the request; not on the wire
  uint64_t match_index = 0;     // on success: the logs agree up to here; not on the wire
};

struct SnapshotRequest {
  SnapshotMetaPtr meta;
  BytesPtr data;  // null from Raft: the owner puts in what its file holds
};

struct SnapshotReply {
  bool success = false;
  uint64_t index = 0;  // of the snapshot; not on the wire
};

struct Message {
  ServerId from;
  ServerId to;
  uint64_t term = 0;  // of the sender when it sent this
  std::variant<VoteRequest, VoteReply, AppendRequest, AppendReply, SnapshotRequest, SnapshotReply>
      body;
};

}  // namespace atrest::raft
