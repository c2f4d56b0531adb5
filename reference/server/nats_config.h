// The NATS configuration syntax: maps, arrays, blocks, strings, numbers with size suffixes,
// variables and includes, read into values with their positions. Not for what the keys mean
// (options.h). Pure: the text, the environment and included files come in as arguments.
// Section: options.md 2.2. Bounds, which the real server does not have: kMaxDepth levels,
// kMaxIncludes included files, kMaxCopied bytes that variables copy; each is a parse error.
// Errors: Status kInvalid with the real server's text. An integer out of range is not repeated in
// the error where it is the value of a secret (deviation: secrets are never printed).
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/base/status.h"

namespace atrest::server {

inline constexpr int kMaxDepth = 100;
inline constexpr int kMaxIncludes = 100;
inline constexpr int kMaxIncludeDepth = 10;
inline constexpr size_t kMaxCopied = size_t{16} << 20;

struct ConfigMember;
struct ConfigValue;
struct ConfigTime {
  std::string text;  // YYYY-MM-DDTHH:MM:SSZ
};
using ConfigArray = std::vector<ConfigValue>;
// In the order of the file; every key once, with its last value. Keys keep their case.
using ConfigMap = std::vector<ConfigMember>;

struct ConfigPosition {
  int line = 1;    // from 1
  int column = 0;  // from 0, in bytes
};

struct ConfigValue {
  std::variant<bool, int64_t, double, std::string, ConfigTime, ConfigArray, ConfigMap> data;
};

struct ConfigMember {
  std::string key;
  ConfigValue value;
  ConfigPosition at;  // of the key
};

struct ConfigSource {
  std::string file;  // as the user named it; for error texts and to find includes beside it
  // The value of an environment variable.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The text of an included file, or a failure such as "open x: no such file or directory".
  std::function<Result<std::string>(const std::string& path)> read_file;
};

// A missing function means that there is no environment, or are no files.
Result<ConfigMap> ParseConfig(std::string_view text, const ConfigSource& source);

// "bool", "int64", "float64", "string", "struct" (a time), "slice" or "map".
std::string_view ConfigTypeName(const ConfigValue& value);

}  // namespace atrest::server
