// JSON as a snapshot's meta.json holds it, read into a tree. Strict as Go's encoding/json is; what
// follows the first value is not looked at. Not a general library: numbers stay text, nothing is
// written.
// Bounded by the text and by a greatest depth. Errors: kCorrupt, with texts of our own.
// Threads: values and a pure function.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/status.h"

namespace atrest::raftlog {

struct JsonTree {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;                // of a string its content, of a number or bool as it is written
  std::vector<JsonTree> items;     // of an array, or the values of an object
  std::vector<std::string> names;  // of an object, as many as items

  // The last member of this name, in any case of ASCII letters; null if there is none.
  const JsonTree* Find(std::string_view name) const;
};

Result<JsonTree> ReadJsonTree(std::string_view text);

}  // namespace atrest::raftlog
