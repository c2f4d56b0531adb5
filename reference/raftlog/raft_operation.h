// What a command in the Raft log says: the operation that every node applies to its own state.
// Field numbers are those of the entries on disk: specification, cluster.md 1.5.
// Not for the envelope that it is sealed in (raft_log.h), and without judgement: that an operation
// fits the state is for whoever applies it.
// Encoding writes fields in ascending order and no zero values, so a publish begins with 12 and
// every other operation with 08. Decoding passes over unknown fields and keeps unknown types.
// Errors: kCorrupt with the texts of wire/proto.h; damaged or sealed data mostly ends in "illegal
// tag".
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/wire/msg_proto.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::raftlog {

// Persisted; do not renumber.
enum class RaftOperationType : int32_t {
  kPublish = 0,
  kSubscribe = 1,
  kRemoveSubscription = 2,
  kCloseSubscription = 3,
  kSendAndAck = 4,
  kConnect = 6,
  kDisconnect = 7,
  kDeleteChannel = 8,
};
// "Publish", ...; the number of a type that is none of these.
std::string RaftOperationTypeName(RaftOperationType type);

struct AddSubscription {
  wire::StanSubscriptionRequest request;
  std::string ack_inbox;
  uint64_t id = 0;
  friend bool operator==(const AddSubscription&, const AddSubscription&) = default;
};

struct SubSentAndAck {
  std::string channel;
  std::string ack_inbox;
  std::vector<uint64_t> sent;  // in no order
  std::vector<uint64_t> acked;
  friend bool operator==(const SubSentAndAck&, const SubSentAndAck&) = default;
};

struct AddClient {
  wire::StanConnectRequest request;
  bool refresh = false;  // of a client that is known
  friend bool operator==(const AddClient&, const AddClient&) = default;
};

struct RaftOperation {
  RaftOperationType type = RaftOperationType::kPublish;
  std::vector<wire::Message> messages;                      // kPublish, all of one channel
  std::optional<AddSubscription> subscription;              // kSubscribe
  std::optional<wire::StanUnsubscribeRequest> unsubscribe;  // kRemove- and kCloseSubscription
  std::optional<SubSentAndAck> sent_and_acked;              // kSendAndAck
  std::optional<AddClient> connect;                         // kConnect
  std::optional<wire::StanCloseRequest> disconnect;         // kDisconnect
  std::string channel;                                      // kDeleteChannel
  uint64_t channel_id = 0;                                  // of the channel that it is about
  friend bool operator==(const RaftOperation&, const RaftOperation&) = default;
};

Bytes EncodeOperation(const RaftOperation& operation);
Result<RaftOperation> DecodeOperation(ByteView encoded);

}  // namespace atrest::raftlog
