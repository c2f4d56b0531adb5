// An adapter program as a process: a request as one line of JSON to its standard input, the answer
// as one line from its standard output. PROTOCOL.md says what the lines hold; here is what holds
// for all of them: ids, bounds on lines and on time, and what becomes of an adapter that breaks
// them.
// Time: an answer may take what the caller says, and in proportion more if the first one, which may
// take kFirstFactor times that, was slower than kUsualFirst.
// Errors: a Status for a command that cannot be run at all. What the adapter does wrong is a
// Trouble; it is killed then, and every later request meets the same trouble.
// Threads: one, which lives as long as the adapter (child_process.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/driver/child_process.h"
#include "harness/verdict/observation.h"

namespace atrest::driver {

// Crashed, TimedOut or Violated.
struct Trouble {
  verdict::Outcome outcome;
};

class StdioAdapter {
 public:
  using Json = nlohmann::json;
  using Duration = ChildProcess::Duration;
  using Answer = std::variant<Json, Trouble>;

  static constexpr size_t kLineMax = 64u << 20;  // of a line, without its end
  static constexpr int kFirstFactor = 2;
  static constexpr Duration kUsualFirst{500};

  // Runs COMMAND by the shell, so that it is quoted as there. STORE: the directory that an
  // interrupt watches.
  static Result<std::unique_ptr<StdioAdapter>> Launch(const std::string& command, Duration limit,
                                                      const std::string& store = "");
  // Closes the adapter's input, and kills what has not ended soon after.
  ~StdioAdapter();

  // REQUEST is an object; "id" is added to it. MORE is allowed on top of an answer's time. The
  // answer is an object with that id.
  Answer Ask(Json request, Duration more = Duration(0));
  // WHY it broke the protocol by an answer that Ask let pass. It is killed.
  Trouble Violate(const std::string& why);

  // SIGKILL, to all that it has started too. Only as the last call.
  void Kill() { child_->Kill(); }
  // As those of ChildProcess.
  Status Interrupt(const scenario::Interrupt& interrupt) { return child_->Interrupt(interrupt); }
  void EndInterrupt() { child_->EndInterrupt(); }
  bool WasInterrupted() const { return child_->WasInterrupted(); }
  // The last lines that it wrote to its standard error.
  std::vector<std::string> LastWords();
  // Closes its input; whether it ended by itself within LIMIT.
  bool EndsWithItsInput(Duration limit);

 private:
  StdioAdapter(std::unique_ptr<ChildProcess> child, Duration limit)
      : child_(std::move(child)), limit_(limit) {}

  Answer AskInTime(const Json& request, uint64_t id, Duration limit);
  // A whole line, or why there is none.
  std::variant<std::string, Trouble> NextLine(Duration limit, const std::string& what);
  Answer Parsed(const std::string& line, uint64_t id);
  Trouble NoMoreOutput(const std::string& what);
  void TakeOutput();
  Trouble Fail(verdict::Outcome outcome);

  std::unique_ptr<ChildProcess> child_;
  const Duration limit_;
  uint64_t last_id_ = 0;
  std::optional<Duration> first_took_;
  std::string unread_;
  size_t searched_ = 0;  // so much of unread_ holds no end of a line
  std::string errors_;   // the end of its standard error
  std::optional<Trouble> trouble_;
};

// TEXT cut to what a report can show.
std::string Shown(std::string text);

}  // namespace atrest::driver
