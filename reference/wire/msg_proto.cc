#include "reference/wire/msg_proto.h"

#include "reference/wire/proto.h"

namespace atrest::wire {

size_t EncodedSize(const Message& message) {
  return Uint64FieldSize(1, message.sequence) + BlobFieldSize(2, message.subject.size()) +
         BlobFieldSize(3, message.reply.size()) + BlobFieldSize(4, message.payload().size()) +
         Uint64FieldSize(5, static_cast<uint64_t>(message.timestamp_ns)) +
         Uint64FieldSize(6, message.redelivered ? 1 : 0) +
         Uint64FieldSize(7, message.redelivery_count) + Uint64FieldSize(10, message.crc32);
}

void Encode(const Message& message, Bytes& to) {
  ProtoWriter writer(to);
  writer.Uint64(1, message.sequence);
  writer.String(2, message.subject);
  writer.String(3, message.reply);
  writer.Blob(4, message.payload());
  writer.Int64(5, message.timestamp_ns);
  writer.Bool(6, message.redelivered);
  writer.Uint64(7, message.redelivery_count);
  writer.Uint64(10, message.crc32);
}

Result<Message> DecodeMessage(ByteView encoded) {
  ProtoReader reader("MsgProto", encoded);
  Message message;
  // A data field is copied once, however often a damaged record repeats it.
  std::optional<ByteView> data;
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        message.sequence = reader.Uint64("Sequence");
        break;
      case 2:
        message.subject = reader.String("Subject");
        break;
      case 3:
        message.reply = reader.String("Reply");
        break;
      case 4:
        data = reader.Blob("Data");
        break;
      case 5:
        message.timestamp_ns = reader.Int64("Timestamp");
        break;
      case 6:
        message.redelivered = reader.Bool("Redelivered");
        break;
      case 7:
        message.redelivery_count = reader.Uint32("RedeliveryCount");
        break;
      case 10:
        message.crc32 = reader.Uint32("CRC32");
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.status().ok()) return reader.status();
  if (data) message.data.emplace(data->begin(), data->end());
  return message;
}

}  // namespace atrest::wire
