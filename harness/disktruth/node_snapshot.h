// A Raft snapshot's two files as the specification has them (cluster.md 2): meta.json, one line of
// keys in a fixed order, and state.bin, a length and a protobuf message that is never sealed. Read
// far enough to tell whether they are whole, belong together, and which messages of which channels
// they stand for.
// Bytes are foreign: what cannot be read gives nullopt.
// Threads: none shared; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::disktruth {

// CRC-64/XZ.
uint64_t Crc64(ByteView bytes);

struct SnapshotMetaLine {
  uint64_t version = 0;
  std::string id;  // the name of its directory
  uint64_t index = 0;
  uint64_t term = 0;
  std::vector<std::string> addresses;  // of the configuration's servers
  uint64_t configuration_index = 0;
  uint64_t size = 0;  // of state.bin
  uint64_t crc = 0;   // of state.bin
};

// nullopt unless it has exactly the form that a server writes.
std::optional<SnapshotMetaLine> ReadSnapshotMeta(ByteView json);

struct SnapshotChannel {
  std::string name;
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t id = 0;
  size_t subscriptions = 0;
};

struct SnapshotState {
  std::vector<std::string> clients;
  std::vector<SnapshotChannel> channels;
  uint64_t padding = 0;               // bytes
  std::vector<std::string> oddities;  // what no server writes: other fields, padding of other bytes
};

std::optional<SnapshotState> ReadSnapshotState(ByteView file);

}  // namespace atrest::disktruth
