#include "reference/broker/json_reader.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "reference/base/go_quote.h"
#include "reference/base/utf8.h"

namespace atrest::broker {
namespace {

constexpr size_t kDepthMax = 10'000;
constexpr uint32_t kReplacement = 0xFFFD;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(uint32_t point, std::string& to) {
  const auto put = [&to](uint32_t byte) { to += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

// A byte as Go's scanner shows it: as the character of that number.
std::string QuoteByte(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return R"('"')";
  std::string character;
  AppendUtf8(static_cast<uint8_t>(c), character);
  const std::string quoted = GoQuote(character);
  return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<JsonDocument> Read() {
    while (true) {
      SkipSpace();
      if (expect_ == Expect::kNothing && ended()) return std::move(document_);
      ATREST_TRY(Step());
    }
  }

 private:
  enum class Expect { kValue, kValueOrEnd, kKey, kKeyOrEnd, kCommaOrEnd, kNothing };

  bool ended() const { return at_ == text_.size(); }

  void SkipSpace() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  static Status End() { return Status(Code::kInvalid, "unexpected end of JSON input"); }

  Status Unexpected(const std::string& context) const {
    if (ended()) return End();
    return Status(Code::kInvalid, "invalid character " + QuoteByte(text_[at_]) + " " + context);
  }

  // At what is not a blank, or at the end.
  Status Step() {
    if (ended()) return End();
    const char c = text_[at_];
    switch (expect_) {
      case Expect::kNothing:
        return Unexpected("after top-level value");
      case Expect::kKeyOrEnd:
        if (c == '}') return Close();
        return ReadKey();
      case Expect::kKey:
        return ReadKey();
      case Expect::kValueOrEnd:
        if (c == ']') return Close();
        return ReadValue();
      case Expect::kValue:
        return ReadValue();
      case Expect::kCommaOrEnd:
        return ReadComma(c);
    }
    return Status();
  }

  Status ReadKey() {
    if (text_[at_] != '"') return Unexpected("looking for beginning of object key string");
    key_.clear();
    ATREST_TRY(ReadString(key_));
    SkipSpace();
    if (ended() || text_[at_] != ':') return Unexpected("after object key");
    ++at_;
    expect_ = Expect::kValue;
    return Status();
  }

  Status ReadComma(char c) {
    const bool in_object = open_.back() == '{';
    if (c == ',') {
      ++at_;
      expect_ = in_object ? Expect::kKey : Expect::kValue;
      return Status();
    }
    if (c == (in_object ? '}' : ']')) return Close();
    return Unexpected(in_object ? "after object key:value pair" : "after array element");
  }

  Status ReadValue() {
    JsonValue value;
    const char c = text_[at_];
    if (c == '{' || c == '[') return Open(c);
    if (c == '"') {
      value.kind = JsonKind::kString;
      ATREST_TRY(ReadString(value.text));
    } else if (c == '-' || IsDigit(c)) {
      value.kind = JsonKind::kNumber;
      ATREST_TRY(ReadNumber(value.text));
    } else {
      ATREST_TRY(ReadLiteral(c, value));
    }
    Finish(std::move(value));
    return Status();
  }

  Status Open(char bracket) {
    if (open_.size() >= kDepthMax) return Unexpected("exceeded max depth");
    ++at_;
    // What is nested counts as a member as soon as it begins: its inside is not kept.
    JsonValue value;
    value.kind = bracket == '{' ? JsonKind::kObject : JsonKind::kArray;
    Keep(std::move(value));
    open_ += bracket;
    expect_ = bracket == '{' ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
    return Status();
  }

  Status Close() {
    ++at_;
    open_.pop_back();
    expect_ = open_.empty() ? Expect::kNothing : Expect::kCommaOrEnd;
    return Status();
  }

  void Finish(JsonValue value) {
    Keep(std::move(value));
    expect_ = open_.empty() ? Expect::kNothing : Expect::kCommaOrEnd;
  }

  void Keep(JsonValue value) {
    if (open_.empty()) document_.kind = value.kind;
    if (open_ == "{") document_.members.push_back({std::move(key_), std::move(value)});
  }

  Status ReadLiteral(char first, JsonValue& value) {
    const std::string word = first == 't' ? "true" : first == 'f' ? "false" : "null";
    if (first != word[0]) return Unexpected("looking for beginning of value");
    for (const char c : word) {
      if (ended()) return End();
      if (text_[at_] != c) {
        return Unexpected("in literal " + word + " (expecting " + QuoteByte(c) + ")");
      }
      ++at_;
    }
    value.kind = first == 'n' ? JsonKind::kNull : JsonKind::kBool;
    value.boolean = first == 't';
    return Status();
  }

  Status ReadDigits(const char* context) {
    if (ended() || !IsDigit(text_[at_])) return Unexpected(context);
    while (!ended() && IsDigit(text_[at_])) ++at_;
    return Status();
  }

  Status ReadNumber(std::string& to) {
    const size_t begin = at_;
    if (text_[at_] == '-') ++at_;
    if (!ended() && text_[at_] == '0') {
      ++at_;
    } else {
      ATREST_TRY(ReadDigits("in numeric literal"));
    }
    if (!ended() && text_[at_] == '.') {
      ++at_;
      ATREST_TRY(ReadDigits("after decimal point in numeric literal"));
    }
    if (!ended() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (!ended() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      ATREST_TRY(ReadDigits("in exponent of numeric literal"));
    }
    to = text_.substr(begin, at_ - begin);
    return Status();
  }

  Status ReadString(std::string& to) {
    std::string raw;
    for (++at_; !ended(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        to = ReplaceBadUtf8(raw);
        return Status();
      }
      if (static_cast<uint8_t>(c) < 0x20) return Unexpected("in string literal");
      if (c != '\\') {
        raw += c;
      } else {
        ATREST_TRY(ReadEscape(raw));
      }
    }
    return End();
  }

  // From the backslash to the last character of the escape.
  Status ReadEscape(std::string& to) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    ++at_;
    if (ended()) return End();
    if (const size_t i = kNames.find(text_[at_]); i != std::string_view::npos) {
      to += kMeanings[i];
      return Status();
    }
    if (text_[at_] != 'u') return Unexpected("in string escape code");
    uint32_t point = 0;
    ATREST_TRY(ReadHex(point));
    if (point >= 0xD800 && point < 0xE000) point = ReadLowSurrogate(point);
    AppendUtf8(point, to);
    return Status();
  }

  // From the "u" to the last of the four digits.
  Status ReadHex(uint32_t& point) {
    for (int i = 0; i < 4; ++i) {
      ++at_;
      const int digit = ended() ? -1 : HexDigit(text_[at_]);
      if (digit < 0) return Unexpected("in \\u hexadecimal character escape");
      point = point << 4 | static_cast<uint32_t>(digit);
    }
    return Status();
  }

  // A surrogate alone is no character; what follows it is read on its own.
  uint32_t ReadLowSurrogate(uint32_t high) {
    if (high >= 0xDC00 || text_.substr(at_ + 1, 2) != "\\u") return kReplacement;
    uint32_t low = 0;
    for (size_t i = at_ + 3; i < at_ + 7; ++i) {
      const int digit = i < text_.size() ? HexDigit(text_[i]) : -1;
      if (digit < 0) return kReplacement;
      low = low << 4 | static_cast<uint32_t>(digit);
    }
    if (low < 0xDC00 || low >= 0xE000) return kReplacement;
    at_ += 6;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  std::string_view text_;
  size_t at_ = 0;
  Expect expect_ = Expect::kValue;
  std::string open_;  // the brackets that are open, outermost first
  std::string key_;
  JsonDocument document_;
};

}  // namespace

Result<JsonDocument> ReadJson(std::string_view text) { return Reader(text).Read(); }

}  // namespace atrest::broker
