// The table of all options: one row names an option's flags, its configuration keys, its kind and
// the member of Options that it sets. Not for how values are read (options.cc, apply_config.cc).
// Section: options.md 1.2, 1.3, 2.3 and 2.4.
// Threads: constants.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "reference/server/options.h"

namespace atrest::server {

enum class OptionKind {
  kBool,
  kString,
  kInt,
  kSize,      // on the command line with a suffix; an integer in a file
  kDuration,  // Go's form; in a file a string
  kStore,     // a string in any case
  kKey,       // the encryption key: apart for file and command line
  kMap,       // a section of the file
};

// Where in a file the keys stand.
enum class OptionSection { kNone, kStreaming, kLimits, kFile, kNats, kAuthorization };

enum class OptionSupport { kFull, kRefused, kWarned };

using BoolTargets = std::array<bool Options::*, 3>;
using OptionTarget = std::variant<std::monostate, bool Options::*, std::string Options::*,
                                  int64_t Options::*, BoolTargets>;

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order in which rows are read
struct OptionRow {
  std::string_view flags;  // separated by blanks; "" if there is none
  OptionSection section;
  std::string_view keys;  // lower case, separated by blanks; "" if there is none
  OptionKind kind;
  OptionTarget target;
  OptionSupport support = OptionSupport::kFull;
  std::string_view subject = {};  // of a refusal: "clustering"; of a map: its name in error texts
};

std::span<const OptionRow> OptionTable();
// nullptr if there is none.
const OptionRow* FindFlag(std::string_view name);
const OptionRow* FindKey(OptionSection section, std::string_view lower_case_key);

}  // namespace atrest::server
