// Where a component sends the lines that the real server would log. The texts are facts that
// scripts and the harness compare; time, process id and colour are added by whoever owns the
// output.
// Threads: an implementation is called from the thread that runs the component, never concurrently.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace atrest {

// The real server's levels and their tags: [INF] (its "notice"), [WRN], [ERR], [FTL], [DBG], [TRC].
enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError, kFatal };

class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Log(LogLevel level, const std::string& text) = 0;
};

// Keeps every line, in order: for tests and for drivers that compare them.
class LogBuffer : public Logger {
 public:
  struct Line {
    LogLevel level;
    std::string text;
  };
  void Log(LogLevel level, const std::string& text) override { lines_.push_back({level, text}); }
  const std::vector<Line>& lines() const { return lines_; }
  std::vector<Line> Take() { return std::exchange(lines_, {}); }

 private:
  std::vector<Line> lines_;
};

}  // namespace atrest
