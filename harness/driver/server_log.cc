#include "harness/driver/server_log.h"

#include <algorithm>
#include <utility>

namespace atrest::driver {
namespace {

constexpr const char* kLevels[] = {"INF", "DBG", "WRN", "ERR", "FTL", "TRC"};
constexpr char kStreaming[] = "STREAM: ";

struct Parts {
  std::string level;  // "" for a line that is no log line
  std::string text;
};

Parts Split(const std::string& line) {
  if (!line.starts_with('[')) return {"", line};
  for (const char* level : kLevels) {
    const std::string tag = std::string(" [") + level + "] ";
    const size_t at = line.find(tag);
    // Behind process and time, and not somewhere in the text.
    if (at != std::string::npos && at <= sizeof "[4194304] 2026/01/02 03:04:05.678901")
      return {level, line.substr(at + tag.size())};
  }
  return {"", line};
}

}  // namespace

void ServerLog::Append(const std::string& text) {
  unfinished_ += text;
  size_t begin = 0;
  for (size_t end; (end = unfinished_.find('\n', begin)) != std::string::npos; begin = end + 1)
    AddLine(unfinished_.substr(begin, end - begin));
  unfinished_.erase(0, begin);
}

void ServerLog::AddLine(const std::string& line) {
  Parts parts = Split(line);
  if (parts.level.empty()) {
    if (plain_.empty()) plain_ = line;
    return;
  }
  texts_.push_back(parts.text);
  const bool is_streaming = parts.text.starts_with(kStreaming);
  if (is_streaming) parts.text.erase(0, sizeof kStreaming - 1);
  if (parts.level == "FTL" && fatal_.empty()) fatal_ = parts.text;
  if (is_streaming) new_.push_back({parts.level, parts.text});
}

std::vector<verdict::LogLine> ServerLog::Take() {
  texts_.clear();
  return std::exchange(new_, {});
}

bool ServerLog::Saw(const std::string& text) const {
  return std::ranges::any_of(
      texts_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace atrest::driver
