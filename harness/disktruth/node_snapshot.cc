#include "harness/disktruth/node_snapshot.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/disktruth/field_walk.h"

namespace atrest::disktruth {
namespace {

constexpr uint64_t kPolynomial = 0xC96C5795D7870F42;
constexpr size_t kLengthBytes = 4;
constexpr size_t kServersMax = 1 << 10;

std::array<uint64_t, 256> MakeTable() {
  std::array<uint64_t, 256> table = {};
  for (uint64_t byte = 0; byte < table.size(); ++byte) {
    uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[byte] = value;
  }
  return table;
}

std::optional<Bytes> FromBase64(std::string_view text) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Bytes bytes;
  uint32_t bits = 0;
  unsigned count = 0;
  if (text.size() % 4 != 0) return std::nullopt;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char letter : text) {
    const size_t value = kLetters.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<uint8_t>(bits >> count));
  }
  return bytes;
}

// The line, front to back. Once something failed, all fails. Names in it need no escapes: node ids
// and addresses that do are not written by the simulator nor by the real nodes that we have.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  bool failed() const { return failed_; }
  bool empty() const { return rest_.empty(); }

  bool TryText(std::string_view text) {
    if (failed_ || !rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void Text(std::string_view text) { failed_ = !TryText(text) || failed_; }
  uint64_t Number() {
    uint64_t value = 0;
    size_t digits = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      const uint64_t digit = static_cast<uint64_t>(rest_[digits++] - '0');
      failed_ = failed_ || value > (UINT64_MAX - digit) / 10;
      value = value * 10 + digit;
    }
    failed_ = failed_ || digits == 0;
    rest_.remove_prefix(digits);
    return value;
  }
  std::string String() {
    Text("\"");
    const size_t end = rest_.find_first_of("\"\\");
    if (failed_ || end == std::string_view::npos || rest_[end] != '"') {
      failed_ = true;
      return "";
    }
    const std::string value(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return value;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

void ReadServers(Line& line, std::vector<std::string>& addresses) {
  while (!line.failed() && addresses.size() < kServersMax) {
    line.Text("{\"Suffrage\":");
    line.Number();
    line.Text(",\"ID\":");
    line.String();
    line.Text(",\"Address\":");
    addresses.push_back(line.String());
    line.Text("}");
    if (!line.TryText(",")) return;
  }
}

ByteView BytesOf(ByteView message, const Field& field) {
  return message.subspan(field.bytes_begin, field.end - field.bytes_begin);
}

std::string Odd(const char* what, const Field& field) {
  return std::string(what) + " with field " + std::to_string(field.number);
}

bool ReadClient(ByteView message, SnapshotState& state) {
  FieldWalk walk(message);
  while (const auto field = walk.Next()) {
    if (field->number == 1 && !field->is_varint) {
      state.clients.emplace_back(AsText(BytesOf(message, *field)));
    }
    if (field->number > 6) state.oddities.push_back(Odd("a client", *field));
  }
  return !walk.failed();
}

// The fields of a subscription: what is in clear here has to be one of them.
bool ReadSubscription(ByteView message, SnapshotState& state) {
  FieldWalk walk(message);
  while (const auto field = walk.Next()) {
    if (field->number > 2 || field->is_varint) {
      state.oddities.push_back(Odd("a subscription", *field));
    } else if (field->number == 1) {
      FieldWalk inner(BytesOf(message, *field));
      while (const auto part = inner.Next()) {
        if (part->number > 11) state.oddities.push_back(Odd("a subscription's state", *part));
      }
      if (inner.failed()) return false;
    }
  }
  return !walk.failed();
}

bool ReadChannel(ByteView message, SnapshotState& state) {
  SnapshotChannel channel;
  FieldWalk walk(message);
  while (const auto field = walk.Next()) {
    if (field->number == 1 && !field->is_varint) channel.name = AsText(BytesOf(message, *field));
    if (field->number == 2 && field->is_varint) channel.first = field->value;
    if (field->number == 3 && field->is_varint) channel.last = field->value;
    if (field->number == 6 && field->is_varint) channel.id = field->value;
    if (field->number == 4 && !field->is_varint) {
      ++channel.subscriptions;
      if (!ReadSubscription(BytesOf(message, *field), state)) return false;
    }
    if (field->number > 6) state.oddities.push_back(Odd("a channel", *field));
  }
  state.channels.push_back(std::move(channel));
  return !walk.failed();
}

bool ReadPart(ByteView part, const Field& field, SnapshotState& state) {
  if (field.is_varint || field.number > 3) {
    state.oddities.push_back(Odd("a snapshot", field));
    return true;
  }
  if (field.number == 1) return ReadClient(part, state);
  if (field.number == 2) return ReadChannel(part, state);
  state.padding += part.size();
  if (!std::ranges::all_of(part, [](uint8_t byte) { return byte == 0; })) {
    state.oddities.emplace_back("padding of other bytes than zeros");
  }
  return true;
}

}  // namespace

uint64_t Crc64(ByteView bytes) {
  static const std::array<uint64_t, 256> kTable = MakeTable();
  uint64_t value = UINT64_MAX;
  for (const uint8_t byte : bytes) value = value >> 8 ^ kTable[(value ^ byte) & 0xFF];
  return ~value;
}

std::optional<SnapshotMetaLine> ReadSnapshotMeta(ByteView json) {
  Line line(AsText(json));
  SnapshotMetaLine meta;
  line.Text("{\"Version\":");
  meta.version = line.Number();
  line.Text(",\"ID\":");
  meta.id = line.String();
  line.Text(",\"Index\":");
  meta.index = line.Number();
  line.Text(",\"Term\":");
  meta.term = line.Number();
  line.Text(",\"Peers\":");
  const bool peers_are_right = FromBase64(line.String()).has_value();
  line.Text(",\"Configuration\":{\"Servers\":[");
  ReadServers(line, meta.addresses);
  line.Text("]},\"ConfigurationIndex\":");
  meta.configuration_index = line.Number();
  line.Text(",\"Size\":");
  meta.size = line.Number();
  line.Text(",\"CRC\":");
  const auto crc = FromBase64(line.String());
  line.Text("}\n");
  if (line.failed() || !line.empty() || !peers_are_right || !crc || crc->size() != 8) {
    return std::nullopt;
  }
  meta.crc = LoadBe64(crc->data());
  return meta;
}

std::optional<SnapshotState> ReadSnapshotState(ByteView file) {
  if (file.size() < kLengthBytes) return std::nullopt;
  const ByteView message = file.subspan(kLengthBytes);
  if (LoadLe32(file.data()) != message.size()) return std::nullopt;
  SnapshotState state;
  FieldWalk walk(message);
  while (const auto field = walk.Next()) {
    const ByteView part = field->is_varint ? ByteView() : BytesOf(message, *field);
    if (!ReadPart(part, *field, state)) return std::nullopt;
  }
  if (walk.failed()) return std::nullopt;
  return state;
}

}  // namespace atrest::disktruth
