#include "harness/report/console_reporter.h"

#include <iomanip>

#include "harness/report/printable.h"

namespace atrest::report {
namespace {

constexpr int kKindWidth = 21;  // of "rejected-as-expected", and a space

bool NeedsDetail(const verdict::Verdict& verdict) {
  return verdict.known.empty() &&
         (verdict::IsFailure(verdict) || verdict.kind == verdict::Kind::kHarnessError);
}

// What is behind the id of a scenario that needs no detail.
std::string Aside(const verdict::Verdict& verdict) {
  if (!verdict.known.empty()) return "  (known: " + verdict.known + ')';
  if (verdict.kind == verdict::Kind::kSkipped) return "  (" + Printable(verdict.message) + ')';
  if (verdict.kind == verdict::Kind::kDisputed)
    return "  (" + verdict.dispute + ": " + Printable(verdict.message) + ')';
  return "";
}

void PrintDetail(const verdict::Verdict& verdict, std::ostream& out) {
  out << "    " << verdict.title << '\n';
  if (!verdict.oracle.empty()) {
    out << "    requirement " << verdict.requirement << ", says the oracle \"" << verdict.oracle
        << "\":\n";
  }
  out << "      " << Printable(verdict.message) << '\n';
  for (const std::string& line : verdict.trace) out << "    step  " << Printable(line) << '\n';
  for (const std::string& line : verdict.log) out << "    log   " << Printable(line) << '\n';
  if (!verdict.replay.empty()) out << "    again " << verdict.replay << '\n';
}

}  // namespace

void ConsoleReporter::RunStarting(const verdict::RunSummary& summary) {
  out_ << "atrest " << summary.harness_version << ", target " << summary.target << " "
       << summary.target_version;
  for (const auto& [name, value] : summary.configuration) out_ << ", " << name << ' ' << value;
  out_ << '\n';
  if (!summary.calibration.empty()) out_ << summary.calibration << '\n';
}

void ConsoleReporter::ScenarioEnded(const verdict::Verdict& verdict) {
  out_ << std::left << std::setw(kKindWidth) << verdict::ShownKind(verdict) << verdict.scenario;
  out_ << Aside(verdict) << '\n';
  if (NeedsDetail(verdict)) PrintDetail(verdict, out_);
  out_.flush();
}

void ConsoleReporter::RunEnded(const verdict::RunSummary& summary) {
  const verdict::Counts counts = verdict::CountsOf(summary);
  out_ << '\n'
       << summary.verdicts.size() << " scenarios: " << counts.passed << " passed, " << counts.failed
       << " failed, " << counts.differs << " differ (compatibility), " << counts.findings
       << " findings (hardening), " << counts.known << " known failures, " << counts.skipped
       << " skipped, " << counts.disputed << " disputed, " << counts.undecided << " undecided, "
       << counts.errors << " harness errors\n";
  for (const std::string& line : summary.departures)
    out_ << "not as in " << summary.known_failures << ": " << Printable(line) << '\n';
  const verdict::ExitCode code = verdict::ExitCodeOf(summary);
  out_ << "exit " << static_cast<int>(code) << " in " << std::fixed << std::setprecision(2)
       << summary.seconds << " s";
  for (const verdict::Verdict& verdict : summary.verdicts) {
    if (!verdict.self) continue;
    out_ << "; the target is the reference itself: this shows that it agrees with the model and "
            "with what was measured";
    break;
  }
  out_ << '\n';
}

}  // namespace atrest::report
