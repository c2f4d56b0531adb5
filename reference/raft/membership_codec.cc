#include "reference/raft/membership_codec.h"

#include <algorithm>
#include <span>

namespace atrest::raft {
namespace {

constexpr int kDepthMax = 1024;  // of values in each other
// A suffrage that has no name: no vote.
constexpr auto kUnknownSuffrage = static_cast<Suffrage>(255);

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

enum class Kind { kNil, kBytes, kArray, kMap, kOther };

Kind KindOf(uint8_t head) {
  if (head == 0xC0) return Kind::kNil;
  if ((head & 0xE0) == 0xA0 || (head >= 0xC4 && head <= 0xC6)) return Kind::kBytes;
  if (head >= 0xD9 && head <= 0xDB) return Kind::kBytes;
  if ((head & 0xF0) == 0x90 || head == 0xDC || head == 0xDD) return Kind::kArray;
  if ((head & 0xF0) == 0x80 || head == 0xDE || head == 0xDF) return Kind::kMap;
  return Kind::kOther;
}

// How the real decoder calls what begins with HEAD.
const char* NameOf(uint8_t head) {
  if (head <= 0x7F || head >= 0xE0 || (head >= 0xD0 && head <= 0xD3)) return "int";
  if ((head & 0xE0) == 0xA0 || (head >= 0xD9 && head <= 0xDB)) return "string|bytes";
  if (head >= 0xC4 && head <= 0xC6) return "bytes";
  if (KindOf(head) == Kind::kArray) return "array";
  if (KindOf(head) == Kind::kMap) return "map";
  if (head == 0xC0) return "nil";
  if (head == 0xC2) return "false";
  if (head == 0xC3) return "true";
  if (head == 0xCA || head == 0xCB) return "float";
  if (head >= 0xCC && head <= 0xCF) return "uint";
  return head == 0xC1 ? "unknown" : "ext";
}

// Without leading zeros.
std::string ShortHex(uint8_t byte) {
  const std::string two = ToHex(Bytes{byte});
  return two[0] == '0' ? two.substr(1) : two;
}

// Reads one value after the other. The first failure sticks; what is read then is empty.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

  void Fail(const std::string& why) {
    if (!ok()) return;
    status_ = Status(Code::kCorrupt, "failed to decode configuration: msgpack decode error [pos " +
                                         std::to_string(at_) + "]: " + why);
  }

  // The first byte of the next value, which stays the next one.
  uint8_t Head() {
    if (!head_read_) head_ = Byte();
    head_read_ = true;
    return head_;
  }

  bool TakeNil() {
    if (Head() != 0xC0) return false;
    head_read_ = false;
    return true;
  }

  // Of a value of kind bytes, array or map: how many follow.
  size_t Length() {
    const uint8_t head = Head();
    head_read_ = false;
    if ((head & 0xE0) == 0xA0) return head & 0x1F;
    if (head < 0xA0) return head & 0x0F;
    switch (head) {
      case 0xC4:
      case 0xD9:
        return Number(1);
      case 0xC5:
      case 0xDA:
      case 0xDC:
      case 0xDE:
        return Number(2);
      default:
        return Number(4);
    }
  }

  std::string Text() {
    const uint8_t head = Head();
    switch (KindOf(head)) {
      case Kind::kNil:
        head_read_ = false;
        return "";
      case Kind::kBytes:
        return Take(Length());
      case Kind::kArray:
        return TextOfNumbers();
      case Kind::kMap:
      case Kind::kOther:
        Fail("invalid byte descriptor for decoding bytes, got: 0x" + ShortHex(head));
    }
    return "";
  }

  int64_t Signed() { return Integer("cannot decode signed integer"); }

  void Skip(int depth) {
    const uint8_t head = Head();
    if (!ok()) return;
    switch (KindOf(head)) {
      case Kind::kNil:
        head_read_ = false;
        return;
      case Kind::kBytes:
        return Drop(Length());
      case Kind::kArray:
        return SkipAll(Length(), depth + 1);
      case Kind::kMap:
        return SkipAll(2 * Length(), depth + 1);
      case Kind::kOther:
        return SkipScalar(head);
    }
  }

 private:
  void SkipAll(size_t count, int depth) {
    if (depth >= kDepthMax) return Fail("maximum decoding depth exceeded");
    for (size_t i = 0; i < count && ok(); ++i) Skip(depth);
  }

  void SkipScalar(uint8_t head) {
    head_read_ = false;
    if (head <= 0x7F || head >= 0xE0 || head == 0xC2 || head == 0xC3) return;
    if (head == 0xCA || head == 0xCB) return Drop(head == 0xCA ? 4 : 8);
    if (head >= 0xCC && head <= 0xD3) return Drop(size_t{1} << (head % 4));
    if (head >= 0xD4 && head <= 0xD8) return Drop(1 + (size_t{1} << (head - 0xD4)));
    if (head >= 0xC7 && head <= 0xC9) return Drop(1 + Number(size_t{1} << (head - 0xC7)));
    Fail("cannot infer value: unrecognized descriptor byte: Ox" + ToHex(Bytes{head}) + "/" +
         std::to_string(head) + "/" + NameOf(head));
  }

  int64_t Integer(const std::string& failure) {
    const uint8_t head = Head();
    if (head <= 0x7F || head >= 0xE0) {
      head_read_ = false;
      return static_cast<int8_t>(head);
    }
    if (head < 0xCC || head > 0xD3) {
      Fail(failure + ": unrecognized descriptor byte: " + ShortHex(head) + "/" + NameOf(head));
      return 0;
    }
    head_read_ = false;
    const size_t width = size_t{1} << (head % 4);
    const uint64_t number = Number(width);
    if (head < 0xD0) return static_cast<int64_t>(number);
    const size_t unused = 64 - 8 * width;
    return static_cast<int64_t>(number << unused) >> unused;
  }

  // Some writers have bytes as an array of numbers.
  std::string TextOfNumbers() {
    std::string text;
    const size_t count = Length();
    for (size_t i = 0; i < count && ok(); ++i) {
      text.push_back(TakeNil() ? '\0' : static_cast<char>(SmallNumber()));
    }
    return text;
  }

  uint8_t SmallNumber() {
    const uint8_t head = Head();
    const int64_t number = Integer("cannot decode unsigned integer");
    if (number < 0 && (head < 0xCC || head >= 0xD0)) {
      const int64_t shown = head >= 0xE0 ? head : number;
      Fail("assigning negative signed value: " + std::to_string(shown) + ", to unsigned type");
    } else if (number < 0 || number > 255) {
      Fail("uint64 overflow: " + std::to_string(static_cast<uint64_t>(number)));
    }
    return static_cast<uint8_t>(number);
  }

  uint8_t Byte() {
    if (ok() && at_ == bytes_.size()) {
      status_ = Status(Code::kCorrupt, "failed to decode configuration: EOF");
    }
    return ok() ? bytes_[at_++] : 0xC0;
  }

  size_t Number(size_t width) {
    size_t value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | Byte();
    return ok() ? value : 0;
  }

  void Drop(size_t size) {
    if (size <= bytes_.size() - at_) {
      at_ += size;
    } else {
      at_ = bytes_.size();
      (void)Byte();
    }
  }

  std::string Take(size_t size) {
    const size_t from = at_;
    Drop(size);
    return ok() ? std::string(AsText(bytes_.subspan(from, size))) : "";
  }

  const ByteView bytes_;
  size_t at_ = 0;
  uint8_t head_ = 0;
  bool head_read_ = false;
  Status status_;
};

// Reads a struct, which is a map from names or an array of fields in the order of NAMES. FIELD
// reads the one of a name's index. DEPTH counts what the struct is in, and itself.
template <typename Field>
void ReadStruct(Reader& reader, int depth, std::span<const std::string_view> names,
                const Field& field) {
  const Kind kind = KindOf(reader.Head());
  if (kind != Kind::kMap && kind != Kind::kArray) {
    return reader.Fail("only encoded map or array can be decoded into a struct");
  }
  const size_t count = reader.Length();
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    size_t index = i;
    if (kind == Kind::kMap) {
      const std::string name = reader.Text();
      if (name.empty()) reader.Fail("runtime error: index out of range [0] with length 0");
      if (!reader.ok()) return;
      index = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    }
    if (index >= names.size()) {
      reader.Skip(depth);
    } else {
      field(index);
    }
  }
}

Suffrage ReadSuffrage(Reader& reader) {
  const int64_t number = reader.TakeNil() ? 0 : reader.Signed();
  return number >= 0 && number < 255 ? static_cast<Suffrage>(number) : kUnknownSuffrage;
}

void ReadServer(Reader& reader, Server& server) {
  static constexpr std::string_view kNames[] = {"Suffrage", "ID", "Address"};
  ReadStruct(reader, 3, kNames, [&](size_t index) {
    if (index == 0) server.suffrage = ReadSuffrage(reader);
    if (index == 1) server.id = reader.Text();
    if (index == 2) server.address = reader.Text();
  });
}

void ReadServers(Reader& reader, std::vector<Server>& servers) {
  servers.clear();
  if (reader.TakeNil()) return;
  const Kind kind = KindOf(reader.Head());
  if (kind == Kind::kBytes) {
    return reader.Fail(
        "bytes/string in stream must decode into slice/array of bytes, not []raft.Server");
  }
  if (kind == Kind::kOther) {
    return reader.Fail("only encoded map or array can be decoded into a slice (0)");
  }
  const size_t count = reader.Length() * (kind == Kind::kMap ? 2 : 1);
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    servers.emplace_back();
    if (!reader.TakeNil()) ReadServer(reader, servers.back());
  }
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
  static constexpr std::string_view kNames[] = {"Servers"};
  Reader reader(bytes);
  Configuration configuration;
  if (!reader.TakeNil()) {
    ReadStruct(reader, 1, kNames, [&](size_t) { ReadServers(reader, configuration.servers); });
  }
  ATREST_TRY(reader.status());
  return configuration;
}

}  // namespace atrest::raft
