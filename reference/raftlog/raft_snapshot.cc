#include "reference/raftlog/raft_snapshot.h"

#include <utility>

#include "reference/raftlog/packed.h"
#include "reference/wire/proto.h"

namespace atrest::raftlog {
namespace {

using wire::ProtoReader;
using wire::ProtoWriter;

constexpr size_t kLengthSize = 4;
// With less, the real servers' transport would give a follower too little time to restore.
constexpr size_t kStateSizeMin = 1800;
constexpr uint32_t kPaddingField = 3;

Bytes Encode(const SubscriptionSnapshot& subscription) {
  Bytes state;
  store::Encode(subscription.state, state);
  Bytes encoded;
  ProtoWriter writer(encoded);
  writer.Blob(1, state);
  writer.Blob(2, EncodePacked(subscription.pending));
  return encoded;
}

Bytes Encode(const ChannelSnapshot& channel) {
  Bytes encoded;
  ProtoWriter writer(encoded);
  writer.String(1, channel.name);
  writer.Uint64(2, channel.first);
  writer.Uint64(3, channel.last);
  for (const SubscriptionSnapshot& subscription : channel.subscriptions) {
    writer.Blob(4, Encode(subscription));
  }
  writer.Uint64(5, channel.next_subscription_id);
  writer.Uint64(6, channel.channel_id);
  return encoded;
}

Status Decode(ByteView encoded, SubscriptionSnapshot& to) {
  ProtoReader reader("SubscriptionSnapshot", encoded);
  while (reader.Next()) {
    if (reader.field() == 1) {
      auto state = store::DecodeSubscriptionState(reader.Blob("State"));
      if (!state.ok()) return state.status();
      to.state = std::move(state).value();
    } else if (reader.field() == 2) {
      ATREST_TRY(DecodePacked(reader.Blob("AcksPending"), to.pending));
    } else {
      reader.Skip();
    }
  }
  return reader.status();
}

Status Decode(ByteView encoded, ChannelSnapshot& to) {
  ProtoReader reader("ChannelSnapshot", encoded);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        to.name = reader.String("Channel");
        break;
      case 2:
        to.first = reader.Uint64("First");
        break;
      case 3:
        to.last = reader.Uint64("Last");
        break;
      case 4:
        ATREST_TRY(Decode(reader.Blob("Subscriptions"), to.subscriptions.emplace_back()));
        break;
      case 5:
        to.next_subscription_id = reader.Uint64("NextSubID");
        break;
      case 6:
        to.channel_id = reader.Uint64("ChannelID");
        break;
      default:
        reader.Skip();
    }
  }
  return reader.status();
}

Status Decode(ByteView encoded, RaftSnapshot& to) {
  ProtoReader reader("RaftSnapshot", encoded);
  while (reader.Next()) {
    if (reader.field() == 1) {
      auto client = store::DecodeClientInfo(reader.Blob("Clients"));
      if (!client.ok()) return client.status();
      to.clients.push_back(std::move(client).value());
    } else if (reader.field() == 2) {
      ATREST_TRY(Decode(reader.Blob("Channels"), to.channels.emplace_back()));
    } else if (reader.field() == kPaddingField) {
      reader.Blob("Padding");
    } else {
      reader.Skip();
    }
  }
  return reader.status();
}

}  // namespace

Bytes EncodeSnapshot(const RaftSnapshot& snapshot) {
  Bytes encoded(kLengthSize);
  ProtoWriter writer(encoded);
  for (const store::ClientInfo& client : snapshot.clients) {
    Bytes info;
    store::Encode(client, info);
    writer.Blob(1, info);
  }
  for (const ChannelSnapshot& channel : snapshot.channels) writer.Blob(2, Encode(channel));
  const size_t size = encoded.size() - kLengthSize;
  // The padding's own header comes on top.
  if (size < kStateSizeMin) writer.Blob(kPaddingField, Bytes(kStateSizeMin - size));
  StoreLe32(encoded.data(), static_cast<uint32_t>(encoded.size() - kLengthSize));
  return encoded;
}

Result<RaftSnapshot> DecodeSnapshot(ByteView state) {
  RaftSnapshot snapshot;
  if (state.empty()) return snapshot;
  if (state.size() < kLengthSize) return Status(Code::kCorrupt, "unexpected EOF");
  const uint32_t size = LoadLe32(state.data());
  const ByteView encoded = state.subspan(kLengthSize);
  if (size > encoded.size()) {
    return Status(Code::kCorrupt, encoded.empty() ? "EOF" : "unexpected EOF");
  }
  const Status status = Decode(encoded.first(size), snapshot);
  if (!status.ok()) return status.WithPrefix("error decoding snapshot record: ");
  return snapshot;
}

}  // namespace atrest::raftlog
