// An operation of the Raft log with the fields that RAFT.md gives every operation, whatever its
// type: those that a type does not use are empty.
// Threads: a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/raftlog/raft_operation.h"

namespace atrest::inspect {

struct OperationView {
  std::string type;
  std::string channel;
  uint64_t channel_id = 0;
  std::string client_id;
  std::string inbox;
  std::string ack_inbox;
  std::string queue_group;
  std::string durable_name;
  uint64_t subscription_id = 0;
  std::vector<uint64_t> sequences;
  std::vector<uint64_t> payload_sizes;
  std::vector<uint64_t> sent;  // ascending
  std::vector<uint64_t> acked;
};

OperationView ViewOf(const raftlog::RaftOperation& operation);

}  // namespace atrest::inspect
