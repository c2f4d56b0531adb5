#include "reference/raft/membership_codec.h"

#include <utility>

namespace atrest::raft {
namespace {

constexpr int kDepthMax = 16;  // of values that are skipped

void PutRaw(Bytes& to, std::string_view text) {
  const size_t size = text.size();
  if (size < 32) {
    to.push_back(static_cast<uint8_t>(0xA0 | size));
  } else if (size < 65536) {
    Append(to, Bytes{0xDA, static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)});
  } else {
    to.push_back(0xDB);
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<uint8_t>(size >> shift));
  }
  Append(to, AsBytes(text));
}

void PutArrayHeader(Bytes& to, size_t count) {
  if (count < 16) {
    to.push_back(static_cast<uint8_t>(0x90 | count));
  } else {
    Append(to, Bytes{0xDC, static_cast<uint8_t>(count >> 8), static_cast<uint8_t>(count)});
  }
}

// Reads one value after the other; the first failure sticks.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  const Status& status() const { return status_; }

  void Fail(const std::string& why) {
    if (!status_.ok()) return;
    status_ = Status(Code::kCorrupt, "failed to decode configuration: msgpack decode error [pos " +
                                         std::to_string(at_) + "]: " + why);
  }

  // The number of pairs; 0 for nil.
  size_t Map() {
    const uint8_t head = Byte();
    if (head == 0xC0) return 0;
    if ((head & 0xF0) == 0x80) return head & 0x0F;
    if (head == 0xDE) return Number(2);
    if (head == 0xDF) return Number(4);
    Fail("only encoded map or array can be decoded into a struct");
    return 0;
  }

  size_t Array() {
    const uint8_t head = Byte();
    if (head == 0xC0) return 0;
    if ((head & 0xF0) == 0x90) return head & 0x0F;
    if (head == 0xDC) return Number(2);
    if (head == 0xDD) return Number(4);
    Fail("only encoded map or array can be decoded into a slice");
    return 0;
  }

  std::string Text() {
    const uint8_t head = Byte();
    if (head == 0xC0) return "";
    if ((head & 0xE0) == 0xA0) return Take(head & 0x1F);
    if (head == 0xD9 || head == 0xC4) return Take(Number(1));
    if (head == 0xDA || head == 0xC5) return Take(Number(2));
    if (head == 0xDB || head == 0xC6) return Take(Number(4));
    Fail("invalid byte descriptor for decoding string");
    return "";
  }

  uint64_t Unsigned() {
    const uint8_t head = Byte();
    if (head == 0xC0) return 0;
    if (head <= 0x7F) return head;
    if (head >= 0xCC && head <= 0xCF) return Number(size_t{1} << (head - 0xCC));
    if (head >= 0xD0 && head <= 0xD3) return Number(size_t{1} << (head - 0xD0));
    Fail("invalid byte descriptor for decoding unsigned integer");
    return 0;
  }

  void Skip(int depth = 0) {
    if (depth > kDepthMax) return Fail("too deep");
    const uint8_t head = Byte();
    if ((head & 0xF0) == 0x80) return SkipAll(2 * size_t{head & 0x0Fu}, depth);
    if ((head & 0xF0) == 0x90) return SkipAll(head & 0x0F, depth);
    if ((head & 0xE0) == 0xA0) return Drop(head & 0x1F);
    if (head <= 0x7F || head >= 0xE0) return;
    SkipWide(head, depth);
  }

 private:
  void SkipWide(uint8_t head, int depth) {
    switch (head) {
      case 0xC0:
      case 0xC2:
      case 0xC3:
        return;
      case 0xC4:
      case 0xD9:
        return Drop(Number(1));
      case 0xC5:
      case 0xDA:
        return Drop(Number(2));
      case 0xC6:
      case 0xDB:
        return Drop(Number(4));
      case 0xCA:
        return Drop(4);
      case 0xCB:
        return Drop(8);
      case 0xDC:
        return SkipAll(Number(2), depth);
      case 0xDD:
        return SkipAll(Number(4), depth);
      case 0xDE:
        return SkipAll(2 * Number(2), depth);
      case 0xDF:
        return SkipAll(2 * Number(4), depth);
      default:
        if (head < 0xCC || head > 0xD3) return Fail("cannot skip this type");
        return Drop(size_t{1} << ((head - 0xCC) % 4));
    }
  }

  void SkipAll(size_t count, int depth) {
    for (size_t i = 0; i < count && status_.ok(); ++i) Skip(depth + 1);
  }

  uint8_t Byte() {
    if (!status_.ok() || at_ == bytes_.size()) {
      Fail("EOF");
      return 0xC0;
    }
    return bytes_[at_++];
  }

  size_t Number(size_t width) {
    size_t value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | Byte();
    return status_.ok() ? value : 0;
  }

  void Drop(size_t size) {
    if (size > bytes_.size() - at_) return Fail("EOF");
    at_ += size;
  }

  std::string Take(size_t size) {
    const size_t from = at_;
    Drop(size);
    return status_.ok() ? std::string(AsText(bytes_.subspan(from, size))) : "";
  }

  const ByteView bytes_;
  size_t at_ = 0;
  Status status_;
};

Server ReadServer(Reader& reader) {
  Server server;
  const size_t pairs = reader.Map();
  for (size_t i = 0; i < pairs && reader.status().ok(); ++i) {
    const std::string key = reader.Text();
    if (key == "Address") {
      server.address = reader.Text();
    } else if (key == "ID") {
      server.id = reader.Text();
    } else if (key == "Suffrage") {
      server.suffrage = static_cast<Suffrage>(reader.Unsigned());
    } else {
      reader.Skip();
    }
  }
  return server;
}

}  // namespace

Bytes EncodeConfiguration(const Configuration& configuration) {
  Bytes bytes{0x81};
  PutRaw(bytes, "Servers");
  PutArrayHeader(bytes, configuration.servers.size());
  for (const Server& server : configuration.servers) {
    bytes.push_back(0x83);
    PutRaw(bytes, "Address");
    PutRaw(bytes, server.address);
    PutRaw(bytes, "ID");
    PutRaw(bytes, server.id);
    PutRaw(bytes, "Suffrage");
    bytes.push_back(static_cast<uint8_t>(server.suffrage));
  }
  return bytes;
}

Result<Configuration> DecodeConfiguration(ByteView bytes) {
  Reader reader(bytes);
  Configuration configuration;
  const size_t pairs = reader.Map();
  for (size_t i = 0; i < pairs && reader.status().ok(); ++i) {
    if (reader.Text() != "Servers") {
      reader.Skip();
      continue;
    }
    const size_t count = reader.Array();
    for (size_t k = 0; k < count && reader.status().ok(); ++k) {
      configuration.servers.push_back(ReadServer(reader));
    }
  }
  ATREST_TRY(reader.status());
  return configuration;
}

}  // namespace atrest::raft
