// The log of a server program as observations: lines of
//   [pid] 2026/01/02 03:04:05.678901 [ERR] STREAM: text
// without everything before the text. For drivers of server programs.
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "harness/verdict/observation.h"

namespace atrest::driver {

class ServerLog {
 public:
  // Adds what the program wrote; a line counts once it is ended.
  void Append(const std::string& text);
  // The lines since the last call, without those of the broker: only the streaming server's.
  std::vector<verdict::LogLine> Take();
  // The text of the first FTL line ever; else, for a program that could not start, the first line
  // of all that has no level: what it told its user. "" if there is neither.
  const std::string& Complaint() const { return fatal_.empty() ? plain_ : fatal_; }
  // Whether a line with TEXT in it was ever logged.
  bool Saw(const std::string& text) const;

 private:
  void AddLine(const std::string& line);

  std::string unfinished_;
  std::vector<verdict::LogLine> new_;
  std::vector<std::string> texts_;  // of all lines, until Take is called
  std::string fatal_;
  std::string plain_;
};

}  // namespace atrest::driver
