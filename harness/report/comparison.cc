#include "harness/report/comparison.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <string>

#include "harness/report/json_reporter.h"

namespace atrest::report {
namespace {

using verdict::ExitCode;
using verdict::RunSummary;
using Json = nlohmann::ordered_json;

constexpr int kCellWidth = 22;  // of "rejected-as-expected", and two spaces
// The gravest first.
constexpr std::array kByGravity = {
    ExitCode::kHarnessFailed, ExitCode::kConformanceFailed,    ExitCode::kUndecided,
    ExitCode::kNothingRun,    ExitCode::kCompatibilityDiffers, ExitCode::kHardeningFindings};

std::vector<std::string> Row(const std::vector<RunSummary>& runs, size_t scenario) {
  std::vector<std::string> row;
  for (const RunSummary& run : runs) row.emplace_back(verdict::ShownKind(run.verdicts[scenario]));
  return row;
}

// "pass" and "rejected-as-expected" are both right.
bool Differs(const std::vector<RunSummary>& runs, size_t scenario) {
  const auto shown = [&](const RunSummary& run) {
    const verdict::Verdict& verdict = run.verdicts[scenario];
    const bool right = verdict.kind == verdict::Kind::kRejectedAsExpected;
    return std::string(right ? "pass" : verdict::ShownKind(verdict));
  };
  return std::ranges::any_of(runs,
                             [&](const RunSummary& run) { return shown(run) != shown(runs[0]); });
}

size_t ScenarioCount(const std::vector<RunSummary>& runs) {
  return runs.empty() ? 0 : runs[0].verdicts.size();
}

}  // namespace

void PrintComparison(const std::vector<RunSummary>& runs, std::ostream& out) {
  out << '\n' << std::left;
  for (size_t i = 0; i < runs.size(); ++i)
    out << '[' << i + 1 << "] " << runs[i].target << ' ' << runs[i].target_version << '\n';
  for (size_t i = 0; i < runs.size(); ++i)
    out << std::setw(kCellWidth) << "[" + std::to_string(i + 1) + "]";
  out << "scenario\n";
  size_t different = 0;
  for (size_t i = 0; i < ScenarioCount(runs); ++i) {
    for (const std::string& cell : Row(runs, i)) out << std::setw(kCellWidth) << cell;
    const bool differs = Differs(runs, i);
    different += differs ? 1 : 0;
    out << runs[0].verdicts[i].scenario << (differs ? "  <>" : "") << '\n';
  }
  out << different << " of " << ScenarioCount(runs)
      << " scenarios differ between the targets (<>)\n";
}

void WriteComparison(const std::vector<RunSummary>& runs, std::ostream& out) {
  Json document = {{"format", "atrest-comparison-1"},
                   {"exit", static_cast<int>(ExitCodeOf(runs))},
                   {"targets", Json::array()},
                   {"scenarios", Json::array()}};
  for (const RunSummary& run : runs) document["targets"].push_back(ToDocument(run));
  for (size_t i = 0; i < ScenarioCount(runs); ++i) {
    document["scenarios"].push_back({{"id", runs[0].verdicts[i].scenario},
                                     {"verdicts", Row(runs, i)},
                                     {"differs", Differs(runs, i)}});
  }
  out << document.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

ExitCode ExitCodeOf(const std::vector<RunSummary>& runs) {
  for (const ExitCode code : kByGravity) {
    if (std::ranges::any_of(
            runs, [&](const RunSummary& run) { return verdict::ExitCodeOf(run) == code; }))
      return code;
  }
  return ExitCode::kAsExpected;
}

}  // namespace atrest::report
