#include "harness/runner/summary.h"

#include <chrono>
#include <cstdio>

#include "harness/runner/version.h"

namespace atrest::runner {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr int64_t kNsPerSecondInt = 1'000'000'000;

}  // namespace

std::string Quoted(const std::string& text) {
  constexpr char kPlain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

double SecondsOf(int64_t ns) { return static_cast<double>(ns) / kNsPerSecond; }

std::string TargetArguments(const RunOptions& options) {
  std::string arguments = " --target " + Quoted(options.target);
  if (!options.server.empty()) arguments += " --server " + Quoted(options.server);
  if (!options.fault.empty()) arguments += " --fault " + Quoted(options.fault);
  if (options.seed != 1) arguments += " --seed " + std::to_string(options.seed);
  return arguments;
}

std::string Rfc3339(int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

verdict::RunSummary BeginSummary(const RunOptions& options, const driver::TargetInfo& info,
                                 env::Clock& clock) {
  verdict::RunSummary summary;
  summary.target = options.target;
  summary.target_version = info.version;
  summary.harness_version = kVersion;
  summary.configuration = options.configuration;
  summary.configuration["seed"] = std::to_string(options.seed);
  summary.configuration["strict"] = options.strict ? "yes" : "no";
  summary.started_at = Rfc3339(clock.NowNs() / kNsPerSecondInt);
  summary.strict = options.strict;
  return summary;
}

void EndSummary(verdict::RunSummary& summary, int64_t began, env::Clock& clock) {
  summary.seconds = SecondsOf(clock.NowNs() - began);
}

}  // namespace atrest::runner
