// The command-line syntax of Go's flag package: -f, --f, -f=v and
// -f v; booleans take no separate word; "--" and the first word that is no flag end the flags.
// Not a table of options (option_table.h): the caller says which flags exist and takes the values.
// Section: options.md 1.1.
// Errors: Status kInvalid with the text that the real server prints before its usage text.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/base/status.h"

namespace atrest::server {

enum class GoKind { kBool, kString, kInt, kDuration };
// By kind: bool, std::string, int64_t, int64_t nanoseconds.
using GoValue = std::variant<bool, std::string, int64_t>;

struct GoFlags {
  // nullopt: there is no such flag. Names are case-sensitive and come without dashes.
  std::function<std::optional<GoKind>(std::string_view name)> kind;
  // Called for each flag in the order given; a failure ends the parsing and is returned.
  std::function<Status(std::string_view name, const GoValue& value)> set;
};

// ARGS without the program's name. The words that are left over.
Result<std::vector<std::string>> ParseGoFlags(std::span<const std::string> args,
                                              const GoFlags& flags);

}  // namespace atrest::server
