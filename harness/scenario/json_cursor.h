// A JSON value together with where it stands, so that every complaint can name file and JSON
// pointer. The members of an object are taken one by one; what is left untaken is an error, so a
// misspelt member never goes unnoticed. A misuse of the file's author ends in a thrown LoadError,
// which stays inside harness/scenario: the loaders turn it into a Status. Exceptions here replace a
// check after each of some hundred reads.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace atrest::scenario {

struct LoadError {
  std::string message;  // "FILE: JSON-POINTER: why"
};

class JsonCursor {
 public:
  using Json = nlohmann::json;
  // Borrows VALUE, which must outlive the cursor and all made from it.
  JsonCursor(std::string file, const Json& value) : JsonCursor(std::move(file), "", value) {}

  [[noreturn]] void Fail(const std::string& why) const;

  // Typed values; each fails if the value is of another type or out of range.
  std::string Text() const;
  bool Bool() const;
  uint64_t Unsigned(uint64_t max = INT64_MAX) const;
  int64_t Signed() const;
  // The bytes of a string of hexadecimal digits.
  std::string Hex() const;
  // A string (its UTF-8 bytes), {"hex": "00ff"}, or {"repeat": ["x", 100]}.
  std::string Payload() const;
  std::vector<JsonCursor> Items() const;
  bool is_object() const { return value_->is_object(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }
  bool is_null() const { return value_->is_null(); }

  // A member of an object, which counts as taken. Need fails if it is missing.
  JsonCursor Need(const std::string& name);
  std::optional<JsonCursor> Find(const std::string& name);
  // Names of all members, in order.
  std::vector<std::string> Names() const;
  // Fails on the first member that was never taken.
  void Finish() const;

 private:
  JsonCursor(std::string file, std::string pointer, const Json& value)
      : file_(std::move(file)), pointer_(std::move(pointer)), value_(&value) {}
  JsonCursor Child(const std::string& token, const Json& value) const;

  std::string file_;
  std::string pointer_;
  const Json* value_;
  std::set<std::string> taken_;
};

// Parses TEXT strictly (no comments, no duplicate members). Throws LoadError.
JsonCursor::Json ParseJson(const std::string& file, std::string_view text);

}  // namespace atrest::scenario
