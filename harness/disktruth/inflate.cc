#include "harness/disktruth/inflate.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

namespace atrest::disktruth {
namespace {

constexpr size_t kCodeBitsMax = 15;
constexpr size_t kLiteralCodes = 288;
constexpr size_t kDistanceCodes = 30;
constexpr uint16_t kEndOfBlock = 256;

class BitReader {
 public:
  explicit BitReader(ByteView bytes) : bytes_(bytes) {}

  std::optional<uint32_t> Bits(unsigned count) {
    uint32_t value = 0;
    for (unsigned bit = 0; bit < count; ++bit) {
      if (at_ >= bytes_.size() * 8) {
        at_end_ = true;
        return std::nullopt;
      }
      value |= static_cast<uint32_t>(bytes_[at_ / 8] >> at_ % 8 & 1) << bit;
      ++at_;
    }
    return value;
  }

  void ToByte() { at_ = (at_ + 7) / 8 * 8; }
  // Whether more was asked for than there is.
  bool at_end() const { return at_end_; }

 private:
  ByteView bytes_;
  size_t at_ = 0;  // in bits
  bool at_end_ = false;
};

// A canonical code, as counts of codes by length and symbols in order of their codes.
class HuffmanCode {
 public:
  explicit HuffmanCode(std::span<const uint8_t> lengths) {
    for (const uint8_t length : lengths) ++counts_[length];
    counts_[0] = 0;
    for (size_t length = 1; length <= kCodeBitsMax; ++length) {
      for (size_t symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] == length) symbols_.push_back(static_cast<uint16_t>(symbol));
      }
    }
  }

  // Whether every sequence of bits is a code, as compressors make them; random bytes seldom are.
  bool is_complete() const {
    int left = 1;
    for (size_t length = 1; length <= kCodeBitsMax && left >= 0; ++length) {
      left = left * 2 - counts_[length];
    }
    return left == 0;
  }
  // Of distances there may be none or one.
  bool has_few() const { return symbols_.size() <= 1; }

  std::optional<uint16_t> Decode(BitReader& reader) const {
    int code = 0;
    int first = 0;
    int index = 0;
    for (size_t length = 1; length <= kCodeBitsMax; ++length) {
      const auto bit = reader.Bits(1);
      if (!bit) return std::nullopt;
      code |= static_cast<int>(*bit);
      const int count = counts_[length];
      if (code - count < first) {
        const auto at = static_cast<size_t>(index + code - first);
        if (at >= symbols_.size()) return std::nullopt;
        return symbols_[at];
      }
      index += count;
      first = (first + count) * 2;
      code *= 2;
    }
    return std::nullopt;
  }

 private:
  std::array<int, kCodeBitsMax + 1> counts_ = {};
  std::vector<uint16_t> symbols_;
};

class Inflater {
 public:
  Inflater(ByteView bytes, size_t limit) : reader_(bytes), limit_(limit) {}

  Inflated Run() {
    for (bool last = false; !last && out_.size() < limit_;) {
      const auto header = reader_.Bits(3);
      if (!header) break;
      last = (*header & 1) != 0;
      const uint32_t kind = *header >> 1;
      if (!(kind == 0 ? Stored() : kind == 1 ? Fixed() : kind == 2 && Dynamic())) break;
    }
    return {std::move(out_), reader_.at_end()};
  }

 private:
  bool Stored() {
    reader_.ToByte();
    const auto size = reader_.Bits(16);
    const auto complement = reader_.Bits(16);
    if (!size || !complement || (*size ^ *complement) != 0xFFFF) return false;
    for (uint32_t left = *size; left > 0 && out_.size() < limit_; --left) {
      const auto byte = reader_.Bits(8);
      if (!byte) return false;
      out_.push_back(static_cast<uint8_t>(*byte));
    }
    return true;
  }

  bool Fixed() {
    std::array<uint8_t, kLiteralCodes> literals;
    for (size_t symbol = 0; symbol < literals.size(); ++symbol) {
      literals[symbol] = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
    }
    std::array<uint8_t, kDistanceCodes> distances;
    distances.fill(5);
    return Compressed(HuffmanCode(literals), HuffmanCode(distances));
  }

  bool Dynamic() {
    static constexpr std::array<uint8_t, 19> kOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                       11, 4,  12, 3, 13, 2, 14, 1, 15};
    const auto sizes = reader_.Bits(14);
    if (!sizes) return false;
    const size_t literals = (*sizes & 31) + 257;
    const size_t distances = (*sizes >> 5 & 31) + 1;
    std::array<uint8_t, 19> code_lengths = {};
    for (size_t number = 0; number < (*sizes >> 10) + 4; ++number) {
      const auto length = reader_.Bits(3);
      if (!length) return false;
      code_lengths[kOrder[number]] = static_cast<uint8_t>(*length);
    }
    const HuffmanCode code(code_lengths);
    if (literals > kLiteralCodes || !code.is_complete()) return false;
    const auto lengths = Lengths(code, literals + distances);
    if (!lengths) return false;
    const HuffmanCode literal(std::span<const uint8_t>(*lengths).first(literals));
    const HuffmanCode distance(std::span<const uint8_t>(*lengths).subspan(literals));
    if (!literal.is_complete() || !(distance.is_complete() || distance.has_few())) return false;
    return Compressed(literal, distance);
  }

  std::optional<std::vector<uint8_t>> Lengths(const HuffmanCode& code, size_t count) {
    std::vector<uint8_t> lengths;
    while (lengths.size() < count) {
      const auto symbol = code.Decode(reader_);
      if (!symbol) return std::nullopt;
      if (*symbol < 16) {
        lengths.push_back(static_cast<uint8_t>(*symbol));
        continue;
      }
      const bool previous = *symbol == 16;
      const auto more = reader_.Bits(previous ? 2 : *symbol == 17 ? 3 : 7);
      if (!more || (previous && lengths.empty())) return std::nullopt;
      const size_t times = *more + (*symbol == 18 ? 11 : 3);
      if (times > count - lengths.size()) return std::nullopt;
      lengths.insert(lengths.end(), times, previous ? lengths.back() : uint8_t{0});
    }
    return lengths;
  }

  bool Compressed(const HuffmanCode& literals, const HuffmanCode& distances) {
    while (out_.size() < limit_) {
      const auto symbol = literals.Decode(reader_);
      if (!symbol) return false;
      if (*symbol == kEndOfBlock) return true;
      if (*symbol < kEndOfBlock) {
        out_.push_back(static_cast<uint8_t>(*symbol));
      } else if (!Copy(*symbol - 257U, distances)) {
        return false;
      }
    }
    return true;
  }

  bool Copy(size_t symbol, const HuffmanCode& distances) {
    static constexpr std::array<uint16_t, 29> kLengths = {
        3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
        31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static constexpr std::array<uint16_t, 30> kDistances = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    if (symbol >= kLengths.size()) return false;
    const bool longest = symbol == kLengths.size() - 1;
    const auto more =
        reader_.Bits(longest || symbol < 4 ? 0 : static_cast<unsigned>(symbol / 4 - 1));
    const auto code = distances.Decode(reader_);
    if (!more || !code || *code >= kDistances.size()) return false;
    const auto further = reader_.Bits(*code < 4 ? 0 : *code / 2U - 1);
    if (!further) return false;
    const size_t distance = kDistances[*code] + *further;
    if (distance > out_.size()) return false;
    for (size_t left = kLengths[symbol] + *more; left > 0 && out_.size() < limit_; --left) {
      out_.push_back(out_[out_.size() - distance]);
    }
    return true;
  }

  BitReader reader_;
  size_t limit_;
  Bytes out_;
};

}  // namespace

Inflated Inflate(ByteView bytes, size_t limit) { return Inflater(bytes, limit).Run(); }

CompressedParts CompressedStreams(ByteView bytes, size_t from) {
  constexpr size_t kGzipHeader = 10;
  constexpr uint8_t kNameFlag = 8;
  CompressedParts streams;
  for (size_t at = from; at + 2 < bytes.size(); ++at) {
    const uint8_t first = bytes[at];
    const uint8_t second = bytes[at + 1];
    if (first == 0x78 && (first * 256 + second) % 31 == 0) streams.push_back(at + 2);
    if (first != 0x1F || second != 0x8B || bytes[at + 2] != 8) continue;
    if (at + kGzipHeader >= bytes.size()) continue;
    size_t begin = at + kGzipHeader;
    if (bytes[at + 3] == kNameFlag) {
      while (begin < bytes.size() && bytes[begin] != 0) ++begin;
      ++begin;
    }
    if (begin < bytes.size()) streams.push_back(begin);
  }
  return streams;
}

}  // namespace atrest::disktruth
