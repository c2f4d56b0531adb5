#include "reference/server/config_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "reference/base/fault.h"

namespace atrest::server {
namespace {

using Kind = ConfigToken::Kind;

// What SUFFIX, in lower case, multiplies by; 0 if it is none.
uint64_t SuffixFactor(std::string_view suffix) {
  if (suffix.empty()) return 1;
  const size_t power = std::string_view("kmgtpe").find(suffix[0]);
  const std::string_view unit = suffix.substr(1);
  const bool binary = unit == "b" || unit == "i" || unit == "ib";
  if (power == std::string_view::npos || (!unit.empty() && !binary)) return 0;
  uint64_t factor = 1;
  for (size_t i = 0; i <= power; ++i) factor *= binary ? 1024 : 1000;
  return factor;
}

Result<ConfigValue> Integer(std::string_view text, const std::string& shown) {
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) {
    return Status(Code::kInvalid, "integer '" + shown + "' is out of the range");
  }
  const auto used = static_cast<size_t>(parsed.ptr - text.data());
  const uint64_t factor = SuffixFactor(AsciiLower(text.substr(used)));
  if (factor == 0) return Status(Code::kInvalid, "expected integer, but got '" + shown + "'");
  // It wraps, as in Go.
  return ConfigValue{static_cast<int64_t>(static_cast<uint64_t>(number) * factor)};
}

Result<ConfigValue> Float(std::string_view text, const std::string& shown) {
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) {
    return Status(Code::kInvalid, "float '" + shown + "' is out of the range");
  }
  return ConfigValue{number};
}

}  // namespace

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lower;
}

Result<ConfigValue> ConfigScalar(const ConfigToken& token, bool secret) {
  const std::string shown = secret ? "<hidden>" : token.text;
  switch (token.kind) {
    case Kind::kInteger:
      return Integer(token.text, shown);
    case Kind::kFloat:
      return Float(token.text, shown);
    case Kind::kBool:
      if ((token.text == "yes" || token.text == "on") && fault::On(Fault::kOnlyTrueIsTrue))
        return ConfigValue{false};
      return ConfigValue{token.text == "true" || token.text == "yes" || token.text == "on"};
    case Kind::kTime:
      return ConfigValue{ConfigTime{token.text}};
    default:
      return ConfigValue{token.text};
  }
}

int WeighConfig(const ConfigValue& value, size_t& bytes) {
  int deepest = 0;
  bytes += sizeof(ConfigMember);
  if (const auto* text = std::get_if<std::string>(&value.data)) bytes += text->size();
  if (const auto* array = std::get_if<ConfigArray>(&value.data)) {
    for (const auto& item : *array) deepest = std::max(deepest, WeighConfig(item, bytes));
  }
  if (const auto* map = std::get_if<ConfigMap>(&value.data)) {
    for (const auto& member : *map) {
      bytes += member.key.size();
      deepest = std::max(deepest, WeighConfig(member.value, bytes));
    }
  }
  return deepest + 1;
}

std::string_view ConfigTypeName(const ConfigValue& value) {
  constexpr std::array<std::string_view, 7> kNames = {"bool",   "int64", "float64", "string",
                                                      "struct", "slice", "map"};
  return kNames[value.data.index()];
}

}  // namespace atrest::server
