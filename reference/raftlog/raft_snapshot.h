// What a snapshot says, state.bin: clients, channels with their first and last sequence, and
// subscriptions with what is not acknowledged. Never a payload, and never sealed. Specification:
// cluster.md 2.
//     u32 little-endian length | protobuf, padded to at least 1800 bytes
// Not for where snapshots are: snapshot_store.h.
// Errors: kCorrupt with the real server's texts: "EOF" or "unexpected EOF" where the file is short,
// "error decoding snapshot record: " and a text of wire/proto.h. An empty file is an empty state.
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/store/journal.h"

namespace atrest::raftlog {

struct SubscriptionSnapshot {
  store::SubscriptionState state;
  std::vector<uint64_t> pending;  // sequences, in no order
  friend bool operator==(const SubscriptionSnapshot&, const SubscriptionSnapshot&) = default;
};

struct ChannelSnapshot {
  std::string name;
  uint64_t first = 0;
  uint64_t last = 0;
  std::vector<SubscriptionSnapshot> subscriptions;
  uint64_t next_subscription_id = 0;
  uint64_t channel_id = 0;
  friend bool operator==(const ChannelSnapshot&, const ChannelSnapshot&) = default;
};

struct RaftSnapshot {
  std::vector<store::ClientInfo> clients;
  std::vector<ChannelSnapshot> channels;
  friend bool operator==(const RaftSnapshot&, const RaftSnapshot&) = default;
};

// All of state.bin, length and padding included.
Bytes EncodeSnapshot(const RaftSnapshot& snapshot);
Result<RaftSnapshot> DecodeSnapshot(ByteView state);

}  // namespace atrest::raftlog
