// JSON as peers of the NATS protocol send it (CONNECT, INFO): one value, of which the members of
// the outermost object are kept and what is nested deeper is only checked. Not a general JSON
// library: no numbers are converted, nothing is written. Strict as Go's encoding/json is, with its
// error texts, which the real server logs. Specification: wire.md 1.3.
// Time and memory are linear in the text, without recursion. Errors: kInvalid.
// Threads: a pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"

namespace atrest::broker {

enum class JsonKind { kNull, kBool, kNumber, kString, kArray, kObject };

struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  bool boolean = false;
  std::string text;  // of a string its content, of a number as it is written
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

struct JsonDocument {
  JsonKind kind = JsonKind::kNull;
  std::vector<JsonMember> members;  // of an object, in order, with duplicates
};

Result<JsonDocument> ReadJson(std::string_view text);

}  // namespace atrest::broker
