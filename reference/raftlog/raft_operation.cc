#include "reference/raftlog/raft_operation.h"

#include <utility>

#include "reference/raftlog/packed.h"
#include "reference/wire/proto.h"

namespace atrest::raftlog {
namespace {

using wire::ProtoReader;
using wire::ProtoWriter;

template <typename M>
Bytes Stan(const M& message) {
  Bytes encoded;
  wire::EncodeStan(message, encoded);
  return encoded;
}

// A message inside another one is written where it is there, even if it is empty.
void PutMessage(uint32_t field, ByteView message, Bytes& to) {
  if (!message.empty()) {
    ProtoWriter(to).Blob(field, message);
    return;
  }
  to.push_back(static_cast<uint8_t>(field << 3 | 2));
  to.push_back(0);
}

Bytes EncodeBatch(const std::vector<wire::Message>& messages) {
  Bytes batch;
  for (const wire::Message& message : messages) {
    Bytes encoded;
    wire::Encode(message, encoded);
    PutMessage(1, encoded, batch);
  }
  return batch;
}

Bytes Encode(const AddSubscription& subscription) {
  Bytes encoded;
  PutMessage(1, Stan(subscription.request), encoded);
  ProtoWriter writer(encoded);
  writer.String(2, subscription.ack_inbox);
  writer.Uint64(3, subscription.id);
  return encoded;
}

Bytes Encode(const SubSentAndAck& sent) {
  Bytes encoded;
  ProtoWriter writer(encoded);
  writer.String(1, sent.channel);
  writer.String(2, sent.ack_inbox);
  writer.Blob(3, EncodePacked(sent.sent));
  writer.Blob(4, EncodePacked(sent.acked));
  return encoded;
}

Bytes Encode(const AddClient& client) {
  Bytes encoded;
  PutMessage(1, Stan(client.request), encoded);
  ProtoWriter(encoded).Bool(2, client.refresh);
  return encoded;
}

// Reads the messages of ENCODED, fields of the message NAME, with FIELD(reader).
template <typename ReadField>
Status ReadFields(std::string_view name, ByteView encoded, ReadField read_field) {
  ProtoReader reader(name, encoded);
  while (reader.Next()) ATREST_TRY(read_field(reader));
  return reader.status();
}

// The value of RESULT into TO.
template <typename T, typename U>
Status Store(Result<T> result, U& to) {
  if (!result.ok()) return result.status();
  to = std::move(result).value();
  return Status();
}

Status DecodeBatch(ByteView encoded, std::vector<wire::Message>& messages) {
  return ReadFields("Batch", encoded, [&](ProtoReader& reader) {
    if (reader.field() != 1) {
      reader.Skip();
      return Status();
    }
    return Store(wire::DecodeMessage(reader.Blob("Messages")), messages.emplace_back());
  });
}

Status Decode(ByteView encoded, AddSubscription& to) {
  return ReadFields("AddSubscription", encoded, [&](ProtoReader& reader) {
    switch (reader.field()) {
      case 1:
        return Store(wire::DecodeStan<wire::StanSubscriptionRequest>(reader.Blob("Request")),
                     to.request);
      case 2:
        to.ack_inbox = reader.String("AckInbox");
        break;
      case 3:
        to.id = reader.Uint64("ID");
        break;
      default:
        reader.Skip();
    }
    return Status();
  });
}

Status Decode(ByteView encoded, SubSentAndAck& to) {
  return ReadFields("SubSentAndAck", encoded, [&](ProtoReader& reader) {
    switch (reader.field()) {
      case 1:
        to.channel = reader.String("Channel");
        break;
      case 2:
        to.ack_inbox = reader.String("AckInbox");
        break;
      case 3:
        return DecodePacked(reader.Blob("Sent"), to.sent);
      case 4:
        return DecodePacked(reader.Blob("Ack"), to.acked);
      default:
        reader.Skip();
    }
    return Status();
  });
}

Status Decode(ByteView encoded, AddClient& to) {
  return ReadFields("AddClient", encoded, [&](ProtoReader& reader) {
    switch (reader.field()) {
      case 1:
        return Store(wire::DecodeStan<wire::StanConnectRequest>(reader.Blob("Request")),
                     to.request);
      case 2:
        to.refresh = reader.Bool("Refresh");
        break;
      default:
        reader.Skip();
    }
    return Status();
  });
}

Status ReadField(ProtoReader& reader, RaftOperation& to) {
  switch (reader.field()) {
    case 1:
      to.type = static_cast<RaftOperationType>(reader.Int32("OpType"));
      break;
    case 2:
      return DecodeBatch(reader.Blob("PublishBatch"), to.messages);
    case 3:
      return Decode(reader.Blob("Sub"), to.subscription.emplace());
    case 4:
      return Store(wire::DecodeStan<wire::StanUnsubscribeRequest>(reader.Blob("Unsub")),
                   to.unsubscribe);
    case 5:
      return Decode(reader.Blob("SubSentAck"), to.sent_and_acked.emplace());
    case 7:
      return Decode(reader.Blob("ClientConnect"), to.connect.emplace());
    case 8:
      return Store(wire::DecodeStan<wire::StanCloseRequest>(reader.Blob("ClientDisconnect")),
                   to.disconnect);
    case 9:
      to.channel = reader.String("Channel");
      break;
    case 10:
      to.channel_id = reader.Uint64("ChannelID");
      break;
    default:
      reader.Skip();
  }
  return Status();
}

}  // namespace

std::string RaftOperationTypeName(RaftOperationType type) {
  switch (type) {
    case RaftOperationType::kPublish:
      return "Publish";
    case RaftOperationType::kSubscribe:
      return "Subscribe";
    case RaftOperationType::kRemoveSubscription:
      return "RemoveSubscription";
    case RaftOperationType::kCloseSubscription:
      return "CloseSubscription";
    case RaftOperationType::kSendAndAck:
      return "SendAndAck";
    case RaftOperationType::kConnect:
      return "Connect";
    case RaftOperationType::kDisconnect:
      return "Disconnect";
    case RaftOperationType::kDeleteChannel:
      return "DeleteChannel";
  }
  return std::to_string(static_cast<int32_t>(type));
}

Bytes EncodeOperation(const RaftOperation& operation) {
  Bytes encoded;
  ProtoWriter writer(encoded);
  writer.Int32(1, static_cast<int32_t>(operation.type));
  if (!operation.messages.empty()) PutMessage(2, EncodeBatch(operation.messages), encoded);
  if (operation.subscription) PutMessage(3, Encode(*operation.subscription), encoded);
  if (operation.unsubscribe) PutMessage(4, Stan(*operation.unsubscribe), encoded);
  if (operation.sent_and_acked) PutMessage(5, Encode(*operation.sent_and_acked), encoded);
  if (operation.connect) PutMessage(7, Encode(*operation.connect), encoded);
  if (operation.disconnect) PutMessage(8, Stan(*operation.disconnect), encoded);
  writer.String(9, operation.channel);
  writer.Uint64(10, operation.channel_id);
  return encoded;
}

Result<RaftOperation> DecodeOperation(ByteView encoded) {
  RaftOperation operation;
  ATREST_TRY(ReadFields("RaftOperation", encoded,
                        [&](ProtoReader& reader) { return ReadField(reader, operation); }));
  return operation;
}

}  // namespace atrest::raftlog
