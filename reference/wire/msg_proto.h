// MsgProto: one message of a channel, as it is stored (sequence, subject, reply, data, timestamp)
// and as it is delivered (the further fields). Specification: standalone.md 1.6; wire.md for the
// delivered form.
// Threads: a Message is a value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::wire {

struct Message {
  uint64_t sequence = 0;
  std::string subject;  // the channel
  std::string reply;    // only where a publisher set it
  // Absent and present-but-empty are different: an encrypting store passes an absent payload
  // through, and fails on one that is present and empty. Encoding writes neither.
  std::optional<Bytes> data;
  int64_t timestamp_ns = 0;  // since 1970-01-01 UTC; never decreases within a channel
  bool redelivered = false;
  uint32_t redelivery_count = 0;
  uint32_t crc32 = 0;

  // "" where there is none.
  ByteView payload() const { return data ? ByteView(*data) : ByteView(); }
  friend bool operator==(const Message&, const Message&) = default;
};

using MessagePtr = std::shared_ptr<const Message>;

size_t EncodedSize(const Message& message);
// Appends EncodedSize(message) bytes to TO.
void Encode(const Message& message, Bytes& to);
// kCorrupt with the texts of proto.h.
Result<Message> DecodeMessage(ByteView encoded);

}  // namespace atrest::wire
