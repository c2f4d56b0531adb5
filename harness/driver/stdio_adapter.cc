#include "harness/driver/stdio_adapter.h"

#include <algorithm>

namespace atrest::driver {
namespace {

using Clock = std::chrono::steady_clock;
using verdict::Crashed;
using verdict::TimedOut;
using verdict::Violated;

constexpr size_t kShownMax = 200;
constexpr size_t kErrorsMax = 64u << 10;
constexpr size_t kLastLinesMax = 20;
constexpr size_t kOutputMax = 80u << 20;  // between two looks at it; more than a line
constexpr StdioAdapter::Duration kEndMax(1'000);
constexpr StdioAdapter::Duration kLookEvery(1'000);
constexpr StdioAdapter::Duration kPerMebibyte(1'000);
constexpr size_t kMebibyte = 1u << 20;
// What a shell ends with when it cannot run a program.
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

StdioAdapter::Duration Since(Clock::time_point began) {
  return std::chrono::duration_cast<StdioAdapter::Duration>(Clock::now() - began);
}

std::string Seconds(StdioAdapter::Duration time) {
  return std::to_string((time.count() + 999) / 1000) + " s";
}

}  // namespace

std::string Shown(std::string text) {
  if (text.size() <= kShownMax) return text;
  return text.substr(0, kShownMax) + "... (" + std::to_string(text.size()) + " bytes)";
}

Result<std::unique_ptr<StdioAdapter>> StdioAdapter::Launch(const std::string& command,
                                                           Duration limit,
                                                           const std::string& store) {
  ChildProcess::Command shell{"/bin/sh", {"-c", "exec " + command}, EnvironmentWithout({})};
  shell.has_input = true;
  shell.output_max = kOutputMax;
  shell.files.directory = store;
  auto child = ChildProcess::Start(shell);
  if (!child.ok()) return child.status();
  return std::unique_ptr<StdioAdapter>(new StdioAdapter(std::move(child).value(), limit));
}

StdioAdapter::~StdioAdapter() {
  if (!trouble_) EndsWithItsInput(kEndMax);
}

bool StdioAdapter::EndsWithItsInput(Duration limit) {
  child_->CloseInput();
  return child_->WaitFor(limit).has_value();
}

StdioAdapter::Answer StdioAdapter::Ask(Json request, Duration more) {
  if (trouble_) return *trouble_;
  const uint64_t id = ++last_id_;
  request["id"] = id;
  const Duration limit = first_took_
                             ? std::max(limit_, limit_ * first_took_->count() / kUsualFirst.count())
                             : limit_ * kFirstFactor;
  const auto began = Clock::now();
  Answer answer = AskInTime(request, id, limit + more);
  if (!first_took_) first_took_ = Since(began);
  return answer;
}

StdioAdapter::Answer StdioAdapter::AskInTime(const Json& request, uint64_t id, Duration limit) {
  TakeOutput();
  if (!unread_.empty())
    return Violate("nothing was asked, but it wrote: " + Shown(unread_) +
                   " (write one line for each request, and flush it)");
  const std::string what = "\"" + request.value("do", "") + "\"";
  const std::string line = request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  limit += static_cast<int>(line.size() / kMebibyte) * kPerMebibyte;
  const auto began = Clock::now();
  const Status written = child_->Write(line, limit);
  // One that has ended, or closed its input, is about to show it.
  if (!written.ok() && Since(began) >= limit)
    return Fail(
        TimedOut{"the adapter did not read the request " + what + " within " + Seconds(limit)});
  const auto answer = NextLine(limit - std::min(Since(began), limit), what);
  if (const auto* trouble = std::get_if<Trouble>(&answer)) return *trouble;
  return Parsed(std::get<std::string>(answer), id);
}

std::variant<std::string, Trouble> StdioAdapter::NextLine(Duration limit, const std::string& what) {
  const auto began = Clock::now();
  for (;;) {
    const bool has_ended = child_->WaitFor(Duration(0)).has_value();
    TakeOutput();
    const size_t end = unread_.find('\n', searched_);
    if (std::min(end, unread_.size()) > kLineMax)
      return Violate("a line of more than " + std::to_string(kLineMax) + " bytes in answer to " +
                     what + ", beginning with: " + Shown(unread_.substr(0, 2 * kShownMax)));
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      searched_ = 0;
      return line;
    }
    searched_ = unread_.size();
    if (has_ended || child_->HasClosedOutput()) return NoMoreOutput(what);
    const Duration passed = Since(began);
    if (passed >= limit) {
      const std::string half =
          unread_.empty() ? "" : "; of a line without its end came: " + Shown(unread_);
      return Fail(
          TimedOut{"the adapter did not answer " + what + " within " + Seconds(limit) + half});
    }
    child_->WaitForOutput(std::min(limit - passed, kLookEvery));
  }
}

Trouble StdioAdapter::NoMoreOutput(const std::string& what) {
  const std::string half = unread_.empty() ? "" : ", after half a line: " + Shown(unread_);
  // An output that is closed as the process ends is seen a moment earlier than the end.
  const auto end = child_->WaitFor(limit_);
  if (!end)
    return Violate("it closed its standard output and runs on, instead of answering " + what +
                   half);
  return Fail(Crashed{Describe(*end) + " instead of answering " + what + half});
}

StdioAdapter::Answer StdioAdapter::Parsed(const std::string& line, uint64_t id) {
  Json answer = Json::parse(line, nullptr, false);
  if (answer.is_discarded() || !answer.is_object())
    return Violate("a JSON object in one line was expected, but it wrote: " + Shown(line) +
                   " (write nothing else to the standard output)");
  const auto found = answer.find("id");
  if (found == answer.end() || *found != id)
    return Violate("an answer with \"id\": " + std::to_string(id) +
                   " was expected, but it wrote: " + Shown(line) +
                   " (answer each request once, in order, with the id of the request)");
  return answer;
}

void StdioAdapter::TakeOutput() {
  ChildProcess::Output output = child_->TakeOutput();
  if (unread_.size() <= kLineMax) unread_ += output.out;
  errors_ += output.err;
  if (errors_.size() > kErrorsMax) errors_.erase(0, errors_.size() - kErrorsMax);
}

Trouble StdioAdapter::Violate(const std::string& why) { return Fail(Violated{why}); }

Trouble StdioAdapter::Fail(verdict::Outcome outcome) {
  const auto* crash = std::get_if<Crashed>(&outcome);
  const auto end = child_->WaitFor(Duration(0));
  child_->Kill();
  TakeOutput();
  const bool cannot_run = crash != nullptr && last_id_ == 1 && end &&
                          (end->code == kNotExecutable || end->code == kNotFound);
  if (cannot_run) outcome = Violated{"the command cannot be run: " + Shown(errors_)};
  trouble_ = Trouble{std::move(outcome)};
  unread_.clear();
  return *trouble_;
}

std::vector<std::string> StdioAdapter::LastWords() {
  TakeOutput();
  std::vector<std::string> lines;
  for (size_t at = 0; at < errors_.size();) {
    const size_t end = std::min(errors_.find('\n', at), errors_.size());
    lines.push_back(Shown(errors_.substr(at, end - at)));
    at = end + 1;
  }
  if (lines.size() > kLastLinesMax)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kLastLinesMax));
  return lines;
}

}  // namespace atrest::driver
