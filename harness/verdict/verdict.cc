#include "harness/verdict/verdict.h"

#include <algorithm>
#include <array>

namespace atrest::verdict {
namespace {

template <typename T, size_t kSize>
bool ParseByName(const std::string& text, const std::array<T, kSize>& values, T& result) {
  const auto found = std::ranges::find_if(values, [&](T value) { return text == NameOf(value); });
  if (found == values.end()) return false;
  result = *found;
  return true;
}

void Count(const Verdict& verdict, Counts& counts) {
  if (!verdict.known.empty()) {
    ++counts.known;
    return;
  }
  switch (verdict.kind) {
    case Kind::kPass:
    case Kind::kRejectedAsExpected:
      ++counts.passed;
      return;
    case Kind::kFail:
      if (verdict.suite == Suite::kCompatibility) {
        ++counts.differs;
      } else if (verdict.suite == Suite::kHardening) {
        ++counts.findings;
      } else {
        ++counts.failed;
      }
      return;
    case Kind::kCrashed:
      ++(verdict.suite == Suite::kHardening ? counts.findings : counts.failed);
      return;
    case Kind::kSkipped:
      ++counts.skipped;
      return;
    case Kind::kTimeout:
    case Kind::kUndecided:
      ++counts.undecided;
      return;
    case Kind::kDisputed:
      ++counts.disputed;
      return;
    case Kind::kHarnessError:
      ++counts.errors;
      return;
  }
}

}  // namespace

bool IsFailure(const Verdict& verdict) {
  return verdict.kind == Kind::kFail || verdict.kind == Kind::kCrashed ||
         verdict.kind == Kind::kTimeout || verdict.kind == Kind::kUndecided;
}

Counts CountsOf(const RunSummary& summary) {
  Counts counts;
  for (const Verdict& verdict : summary.verdicts) Count(verdict, counts);
  return counts;
}

ExitCode ExitCodeOf(const RunSummary& summary) {
  const Counts counts = CountsOf(summary);
  if (counts.errors > 0) return ExitCode::kHarnessFailed;
  if (counts.failed > 0 || !summary.departures.empty()) return ExitCode::kConformanceFailed;
  if (counts.undecided > 0) return ExitCode::kUndecided;
  if (counts.skipped == summary.verdicts.size()) return ExitCode::kNothingRun;
  if (summary.strict && counts.differs > 0) return ExitCode::kCompatibilityDiffers;
  if (summary.strict && counts.findings > 0) return ExitCode::kHardeningFindings;
  return ExitCode::kAsExpected;
}

const char* NameOf(Suite suite) {
  switch (suite) {
    case Suite::kConformance:
      return "conformance";
    case Suite::kCompatibility:
      return "compatibility";
    case Suite::kHardening:
      return "hardening";
  }
  return "";
}

const char* NameOf(Level level) {
  switch (level) {
    case Level::kMust:
      return "MUST";
    case Level::kShould:
      return "SHOULD";
    case Level::kMay:
      return "MAY";
    case Level::kInfo:
      return "INFO";
  }
  return "";
}

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kPass:
      return "pass";
    case Kind::kRejectedAsExpected:
      return "rejected-as-expected";
    case Kind::kFail:
      return "fail";
    case Kind::kSkipped:
      return "skipped";
    case Kind::kTimeout:
      return "timeout";
    case Kind::kCrashed:
      return "crashed";
    case Kind::kDisputed:
      return "disputed";
    case Kind::kUndecided:
      return "undecided";
    case Kind::kHarnessError:
      return "harness-error";
  }
  return "";
}

const char* ShownKind(const Verdict& verdict) {
  if (verdict.kind != Kind::kFail) return NameOf(verdict.kind);
  switch (verdict.suite) {
    case Suite::kConformance:
      return "fail";
    case Suite::kCompatibility:
      return "differs";
    case Suite::kHardening:
      return "finding";
  }
  return "";
}

bool Parse(const std::string& text, Suite& suite) {
  constexpr std::array kAll = {Suite::kConformance, Suite::kCompatibility, Suite::kHardening};
  return ParseByName(text, kAll, suite);
}

bool Parse(const std::string& text, Level& level) {
  constexpr std::array kAll = {Level::kMust, Level::kShould, Level::kMay, Level::kInfo};
  return ParseByName(text, kAll, level);
}

}  // namespace atrest::verdict
