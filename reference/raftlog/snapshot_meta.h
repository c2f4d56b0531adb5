// meta.json of a snapshot: which entry it reaches to, who the members were, and the checksum of
// state.bin. One line of JSON. Specification: cluster.md 2.
// Errors: kCorrupt; the real server only ever passes over a snapshot whose meta it cannot read.
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/raftlog/raft_entry.h"

namespace atrest::raftlog {

struct SnapshotMeta {
  int64_t version = 1;
  std::string id;  // "TERM-INDEX-MILLISECONDS", also the name of its directory
  uint64_t index = 0;
  uint64_t term = 0;
  Bytes peers;                      // EncodePeers of the servers
  std::vector<RaftServer> servers;  // the configuration at this entry
  uint64_t configuration_index = 0;
  int64_t size = 0;  // of state.bin
  Bytes crc;         // Crc64 of state.bin, big-endian; empty while it is being written
  friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
};

std::string EncodeSnapshotMeta(const SnapshotMeta& meta);
Result<SnapshotMeta> DecodeSnapshotMeta(std::string_view json);

}  // namespace atrest::raftlog
