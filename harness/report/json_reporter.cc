#include "harness/report/json_reporter.h"

#include <nlohmann/json.hpp>

namespace atrest::report {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const verdict::Verdict& verdict) {
  return {{"id", verdict.scenario},
          {"title", verdict.title},
          {"suite", verdict::NameOf(verdict.suite)},
          {"level", verdict::NameOf(verdict.level)},
          {"requirements", verdict.requirements},
          {"verdict", verdict::ShownKind(verdict)},
          {"oracle", verdict.oracle},
          {"requirement", verdict.requirement},
          {"message", verdict.message},
          {"dispute", verdict.dispute},
          {"known", verdict.known},
          {"self", verdict.self},
          {"seconds", verdict.seconds},
          {"trace", verdict.trace},
          {"log", verdict.log},
          {"replay", verdict.replay}};
}

}  // namespace

nlohmann::ordered_json ToDocument(const verdict::RunSummary& summary) {
  const verdict::Counts counts = verdict::CountsOf(summary);
  Json document = {{"format", "atrest-report-1"},
                   {"harness", summary.harness_version},
                   {"target", summary.target},
                   {"target_version", summary.target_version},
                   {"configuration", summary.configuration},
                   {"started_at", summary.started_at},
                   {"seconds", summary.seconds},
                   {"calibration", summary.calibration},
                   {"exit", static_cast<int>(verdict::ExitCodeOf(summary))},
                   {"counts",
                    {{"scenarios", summary.verdicts.size()},
                     {"passed", counts.passed},
                     {"failed", counts.failed},
                     {"differs", counts.differs},
                     {"findings", counts.findings},
                     {"known", counts.known},
                     {"skipped", counts.skipped},
                     {"disputed", counts.disputed},
                     {"undecided", counts.undecided},
                     {"errors", counts.errors}}},
                   {"known_failures", summary.known_failures},
                   {"departures", summary.departures},
                   {"scenarios", Json::array()}};
  for (const verdict::Verdict& verdict : summary.verdicts)
    document["scenarios"].push_back(ToJson(verdict));
  return document;
}

void JsonReporter::RunEnded(const verdict::RunSummary& summary) {
  // A target's texts may be any bytes; a report must be valid JSON all the same.
  out_ << ToDocument(summary).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace atrest::report
