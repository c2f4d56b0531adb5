#include "harness/driver/stan_bytes.h"

#include <cstdint>

namespace atrest::driver {
namespace {

// Fields of both messages, as tags of the type that has a length.
constexpr char kClientId = 0x0a;
constexpr char kId = 0x12;
constexpr char kSubject = 0x1a;
constexpr char kData = 0x2a;
constexpr char kAckId = 0x0a;
constexpr char kAckError = 0x12;

void Append(std::string& bytes, char tag, std::string_view text) {
  bytes += tag;
  size_t size = text.size();
  for (; size >= 0x80; size >>= 7) bytes += static_cast<char>((size & 0x7f) | 0x80);
  bytes += static_cast<char>(size);
  bytes += text;
}

// The field that BYTES begins with, which loses it.
struct Field {
  char tag;
  std::string_view text;
};
std::optional<Field> TakeField(std::string_view& bytes) {
  const char tag = bytes.front();
  uint64_t size = 0;
  size_t at = 1;
  for (int shift = 0; shift < 35; shift += 7, ++at) {
    if (at >= bytes.size()) return std::nullopt;
    size |= uint64_t{static_cast<uint8_t>(bytes[at]) & 0x7fu} << shift;
    if ((static_cast<uint8_t>(bytes[at]) & 0x80) == 0) break;
  }
  if (++at > bytes.size() || size > bytes.size() - at) return std::nullopt;
  const Field field{tag, bytes.substr(at, size)};
  bytes.remove_prefix(at + size);
  return field;
}

}  // namespace

std::string ExplicitlyEmpty(std::string_view client, std::string_view id,
                            std::string_view channel) {
  std::string bytes;
  Append(bytes, kClientId, client);
  Append(bytes, kId, id);
  Append(bytes, kSubject, channel);
  Append(bytes, kData, "");
  return bytes;
}

std::optional<std::string> ErrorOfAck(std::string_view bytes) {
  bool has_id = false;
  std::string error;
  while (!bytes.empty()) {
    const auto field = TakeField(bytes);
    if (!field) return std::nullopt;
    has_id = has_id || field->tag == kAckId;
    if (field->tag == kAckError) error = field->text;
  }
  return has_id ? std::optional(error) : std::nullopt;
}

}  // namespace atrest::driver
