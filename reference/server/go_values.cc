#include "reference/server/go_values.h"

#include <array>
#include <limits>
#include <utility>

#include "reference/base/go_quote.h"

namespace atrest::server {
namespace {

constexpr uint64_t kInt64Limit = uint64_t{1} << 63;  // the magnitude of the least int64

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 0 to 15, or 16 for what is no digit in any base.
uint64_t DigitValue(char c) {
  if (IsDigit(c)) return static_cast<uint64_t>(c - '0');
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? static_cast<uint64_t>(lower - 'a' + 10) : 16;
}

// The base that TEXT, without its sign, is written in; takes the prefix off.
uint64_t TakeBase(std::string_view& text, bool& prefixed) {
  if (text.size() < 2 || text[0] != '0') return 10;
  prefixed = true;
  const char letter = static_cast<char>(text[1] | 0x20);
  const uint64_t base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  text.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

Status ParseError() { return Status(Code::kInvalid, "parse error"); }

// Every underscore stands after a digit or the prefix, and before a digit.
bool UnderscoresOk(std::string_view digits, bool prefixed) {
  bool after_digit = prefixed;
  for (const char c : digits) {
    if (c == '_' && !after_digit) return false;
    after_digit = c != '_';
  }
  return after_digit;
}

// The magnitude of DIGITS, capped at the greatest uint64.
Result<uint64_t> Magnitude(std::string_view digits, uint64_t base) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  uint64_t value = 0;
  for (const char c : digits) {
    if (c == '_') continue;
    const uint64_t digit = DigitValue(c);
    if (digit >= base) return ParseError();
    value = value > (kMax - digit) / base ? kMax : value * base + digit;
  }
  return value;
}

// REQUIRES: magnitude <= 2^63, and < 2^63 if not negative.
int64_t Signed(uint64_t magnitude, bool negative) {
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

bool TakeSign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

}  // namespace

std::optional<bool> ParseGoBool(std::string_view text) {
  for (const char* word : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == word) return true;
  }
  for (const char* word : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

Result<int64_t> ParseGoInt(std::string_view text) {
  const bool negative = TakeSign(text);
  bool prefixed = false;
  const uint64_t base = TakeBase(text, prefixed);
  if (text.empty() || !UnderscoresOk(text, prefixed)) return ParseError();
  const auto magnitude = Magnitude(text, base);
  if (!magnitude.ok()) return magnitude.status();
  if (magnitude.value() > kInt64Limit - (negative ? 0 : 1)) {
    return Status(Code::kInvalid, "value out of range");
  }
  return Signed(magnitude.value(), negative);
}

namespace {

struct Unit {
  std::string_view name;
  uint64_t nanoseconds;
};

constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\xC2\xB5s", 1'000},  // U+00B5, micro sign
                                         {"\xCE\xBCs", 1'000},  // U+03BC, Greek mu
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

std::string_view TakeDigits(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && IsDigit(text[size])) ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

std::string_view TakeUnit(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && !IsDigit(text[size]) && text[size] != '.') ++size;
  const std::string_view unit = text.substr(0, size);
  text.remove_prefix(size);
  return unit;
}

Status DurationError(const std::string& what, std::string_view whole) {
  return Status(Code::kInvalid, "time: " + what + "duration " + GoQuote(whole));
}

// UNIT nanoseconds times 0.DIGITS, cut off. More than 18 digits change nothing.
uint64_t Fraction(std::string_view digits, uint64_t unit) {
  __extension__ using Wide = unsigned __int128;
  uint64_t numerator = 0;
  uint64_t scale = 1;
  for (const char c : digits.substr(0, 18)) {
    numerator = numerator * 10 + static_cast<uint64_t>(c - '0');
    scale *= 10;
  }
  return static_cast<uint64_t>(Wide{numerator} * unit / scale);
}

// Takes "12.5ms" off TEXT and adds it to SUM.
Status TakeTerm(std::string_view& text, std::string_view whole, uint64_t& sum) {
  const std::string_view integer = TakeDigits(text);
  std::string_view fraction;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = TakeDigits(text);
  }
  if (integer.empty() && fraction.empty()) return DurationError("invalid ", whole);
  const std::string_view name = TakeUnit(text);
  if (name.empty()) return DurationError("missing unit in ", whole);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const auto count = Magnitude(integer, 10);
    if (!count.ok() || count.value() > kInt64Limit / unit.nanoseconds) break;
    const uint64_t term = count.value() * unit.nanoseconds + Fraction(fraction, unit.nanoseconds);
    if (term > kInt64Limit || sum + term > kInt64Limit) break;
    sum += term;
    return Status();
  }
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return DurationError("invalid ", whole);  // too long
  }
  return DurationError("unknown unit " + GoQuote(name) + " in ", whole);
}

}  // namespace

Result<int64_t> ParseGoDuration(std::string_view text) {
  const std::string_view whole = text;
  const bool negative = TakeSign(text);
  if (text == "0") return int64_t{0};
  if (text.empty()) return DurationError("invalid ", whole);
  uint64_t sum = 0;
  while (!text.empty()) ATREST_TRY(TakeTerm(text, whole, sum));
  if (sum == kInt64Limit && !negative) return DurationError("invalid ", whole);
  return Signed(sum, negative);
}

}  // namespace atrest::server
