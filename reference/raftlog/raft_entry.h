// An entry of the Raft log as the bucket "logs" stores it: index, term, type, data, and the time at
// which the leader appended it. And what the data of a configuration entry says: the members of the
// cluster. Specification: cluster.md 1.3 and 1.4.
// Not for the data of a command: raft_operation.h, and it is sealed first: raft_log.h.
// Errors: kCorrupt with the texts of msgpack.h.
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::raftlog {

// Persisted; others may be read, and are kept.
enum class LogType : uint8_t { kCommand = 0, kNoop = 1, kBarrier = 4, kConfiguration = 5 };
// "Command", "Noop", "Barrier", "Configuration", or the number.
std::string LogTypeName(LogType type);

struct LogTime {
  int64_t seconds = 0;  // since 1970-01-01 UTC
  uint32_t nanoseconds = 0;
  friend bool operator==(const LogTime&, const LogTime&) = default;
};
LogTime LogTimeOfNs(int64_t nanoseconds);

struct LogEntry {
  uint64_t index = 0;
  uint64_t term = 0;
  LogType type = LogType::kCommand;
  Bytes data;        // empty is written as nil, as the real server's noops and barriers have it
  Bytes extensions;  // the server never sets them
  std::optional<LogTime> appended_at;  // absent in the entry that begins a cluster
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

void EncodeEntry(const LogEntry& entry, Bytes& to);
Result<LogEntry> DecodeEntry(ByteView encoded);

struct RaftServer {
  uint64_t suffrage = 0;  // 0: a voter; the server has no others
  std::string id;         // the node's
  std::string address;    // RaftAddress
  friend bool operator==(const RaftServer&, const RaftServer&) = default;
};

// "CLUSTER.NODE.CLUSTER", as the real server composes it.
std::string RaftAddress(std::string_view cluster, std::string_view node);

// The data of a configuration entry.
Bytes EncodeConfiguration(const std::vector<RaftServer>& servers);
Result<std::vector<RaftServer>> DecodeConfiguration(ByteView encoded);

// The older form of the same in a snapshot's meta.json: the addresses alone.
Bytes EncodePeers(const std::vector<RaftServer>& servers);

}  // namespace atrest::raftlog
