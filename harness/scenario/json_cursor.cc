#include "harness/scenario/json_cursor.h"

#include <charconv>

namespace atrest::scenario {
namespace {

using Json = JsonCursor::Json;

constexpr uint64_t kPayloadMax = 64u << 20;

std::optional<std::string> FromHexText(const std::string& hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    uint8_t value = 0;
    const char* end = hex.data() + i + 2;
    const auto parsed = std::from_chars(hex.data() + i, end, value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

// A SAX pass that refuses a member named twice, which the library would silently overwrite.
class DuplicateFinder {
 public:
  explicit DuplicateFinder(std::string file) : file_(std::move(file)) {}
  bool operator()(int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) seen_.emplace_back();
    if (event == Json::parse_event_t::object_end) seen_.pop_back();
    if (event == Json::parse_event_t::key &&
        !seen_.back().insert(value.get<std::string>()).second) {
      throw LoadError{file_ + ": member \"" + value.get<std::string>() + "\" is given twice"};
    }
    return true;
  }

 private:
  std::string file_;
  std::vector<std::set<std::string>> seen_;
};

}  // namespace

JsonCursor::Json ParseJson(const std::string& file, std::string_view text) {
  try {
    return Json::parse(text, DuplicateFinder(file));
  } catch (const Json::exception& e) {
    throw LoadError{file + ": " + e.what()};
  }
}

void JsonCursor::Fail(const std::string& why) const {
  throw LoadError{file_ + ": " + (pointer_.empty() ? "/" : pointer_) + ": " + why};
}

std::string JsonCursor::Text() const {
  if (!value_->is_string()) Fail("a string is expected");
  return value_->get<std::string>();
}

bool JsonCursor::Bool() const {
  if (!value_->is_boolean()) Fail("true or false is expected");
  return value_->get<bool>();
}

uint64_t JsonCursor::Unsigned(uint64_t max) const {
  if (!value_->is_number_unsigned()) Fail("a number of 0 or more is expected");
  const auto number = value_->get<uint64_t>();
  if (number > max) Fail("the number may be " + std::to_string(max) + " at most");
  return number;
}

int64_t JsonCursor::Signed() const {
  if (!value_->is_number_integer()) Fail("a whole number is expected");
  if (value_->is_number_unsigned()) return static_cast<int64_t>(Unsigned());
  return value_->get<int64_t>();
}

std::string JsonCursor::Hex() const {
  const auto decoded = FromHexText(Text());
  if (!decoded) Fail("pairs of hexadecimal digits are expected");
  return *decoded;
}

std::string JsonCursor::Payload() const {
  if (value_->is_string()) return Text();
  if (!value_->is_object()) Fail("a payload is a string, {\"hex\": ...} or {\"repeat\": [...]}");
  JsonCursor self = *this;
  std::string bytes;
  if (const auto hex = self.Find("hex")) {
    bytes = hex->Hex();
  } else {
    const JsonCursor repeat = self.Need("repeat");
    const auto items = repeat.Items();
    if (items.size() != 2) repeat.Fail("a text and a count are expected");
    const std::string unit = items[0].Text();
    const uint64_t count = items[1].Unsigned(kPayloadMax);
    if (unit.size() * count > kPayloadMax) repeat.Fail("the payload is too large");
    for (uint64_t i = 0; i < count; ++i) bytes += unit;
  }
  self.Finish();
  return bytes;
}

std::vector<JsonCursor> JsonCursor::Items() const {
  if (!value_->is_array()) Fail("an array is expected");
  std::vector<JsonCursor> items;
  for (size_t i = 0; i < value_->size(); ++i)
    items.push_back(Child(std::to_string(i), (*value_)[i]));
  return items;
}

JsonCursor JsonCursor::Need(const std::string& name) {
  auto found = Find(name);
  if (!found) Fail("member \"" + name + "\" is missing");
  return *found;
}

std::optional<JsonCursor> JsonCursor::Find(const std::string& name) {
  if (!value_->is_object()) Fail("an object is expected");
  taken_.insert(name);
  const auto found = value_->find(name);
  if (found == value_->end()) return std::nullopt;
  return Child(name, *found);
}

std::vector<std::string> JsonCursor::Names() const {
  if (!value_->is_object()) Fail("an object is expected");
  std::vector<std::string> names;
  for (const auto& [name, unused] : value_->items()) names.push_back(name);
  return names;
}

void JsonCursor::Finish() const {
  for (const std::string& name : Names()) {
    if (!taken_.contains(name)) Child(name, *value_).Fail("unknown member");
  }
}

JsonCursor JsonCursor::Child(const std::string& token, const Json& value) const {
  std::string escaped;  // RFC 6901
  for (const char c : token) escaped += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return JsonCursor(file_, pointer_ + "/" + escaped, value);
}

}  // namespace atrest::scenario
