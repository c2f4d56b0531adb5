#include "harness/campaign/campaign_report.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>

#include "harness/runner/summary.h"

namespace atrest::campaign {
namespace {

using Json = nlohmann::ordered_json;
using verdict::Kind;

const generate::Property& PropertyOf(const Failure& failure) {
  return generate::Properties()[failure.property];
}

// The case as it was generated.
std::string AgainCommand(const Report& report, const Failure& failure) {
  return "atrest fuzz --target " + runner::Quoted(report.target) + report.more_arguments +
         report.fuzz_arguments + " --property " + PropertyOf(failure).id + " --seed " +
         std::to_string(failure.seed) + " --cases 1 --steps " + std::to_string(report.steps);
}

std::string ReplayCommand(const Report& report, const Reduced& reduced) {
  return "atrest replay " + runner::Quoted(reduced.file) + " --target " +
         runner::Quoted(report.target) + report.more_arguments + report.replay_arguments;
}

double CasesPerSecond(const JobsOutcome& outcome) {
  return outcome.seconds > 0 ? static_cast<double>(outcome.tally.cases) / outcome.seconds : 0;
}

Json ToJson(const Report& report, size_t index) {
  const Failure& failure = report.outcome->tally.failure(index);
  Json json = {{"suite", verdict::NameOf(failure.suite)},
               {"kind", failure.kind.str()},
               {"oracle", failure.oracle.str()},
               {"requirement", failure.requirement.str()},
               {"about", failure.about.str()},
               {"disputed", failure.disputed},
               {"count", failure.count},
               {"first_seed", failure.seed},
               {"property", PropertyOf(failure).id},
               {"step", failure.step},
               {"message", failure.message.str()},
               {"again", AgainCommand(report, failure)}};
  const auto reduced = report.reduced.find(index);
  if (reduced == report.reduced.end()) return json;
  if (!reduced->second.trouble.empty()) json["trouble"] = reduced->second.trouble;
  json["file"] = reduced->second.file;
  json["steps"] = reduced->second.steps;
  json["reproduced"] = reduced->second.reproduced;
  json["minimal"] = reduced->second.complete;
  json["replay"] = ReplayCommand(report, reduced->second);
  return json;
}

Json PropertiesOf(const Tally& tally) {
  Json json = Json::array();
  const auto& all = generate::Properties();
  for (size_t i = 0; i < all.size(); ++i) {
    const Tally::OfProperty& seen = tally.properties[i];
    if (seen.cases == 0) continue;
    json.push_back({{"id", all[i].id}, {"cases", seen.cases}, {"broken", seen.broken}});
  }
  return json;
}

Json CoverageOf(const Report& report) {
  Json unseen = Json::array();
  size_t seen = 0;
  const auto pairs = report.outcome->tally.coverage.Pairs(report.capabilities);
  for (const auto& pair : pairs) {
    if (pair.seen > 0) {
      ++seen;
    } else {
      unseen.push_back({pair.a, pair.b});
    }
  }
  return {{"seen", seen}, {"possible", pairs.size()}, {"unseen", unseen}};
}

void PrintFailure(const Report& report, size_t index, std::ostream& out) {
  const Failure& failure = report.outcome->tally.failure(index);
  out << (failure.disputed ? "disputed, " : "") << shrink::Show(failure.fingerprint()) << ": "
      << failure.count << (failure.count == 1 ? " case" : " cases") << ", first seed "
      << failure.seed << " of " << PropertyOf(failure).id << "\n  " << failure.message.str()
      << "\n  again: " << AgainCommand(report, failure) << '\n';
  const auto found = report.reduced.find(index);
  if (found == report.reduced.end()) return;
  const Reduced& reduced = found->second;
  if (!reduced.trouble.empty()) {
    out << "  not reduced: " << reduced.trouble << '\n';
    return;
  }
  out << "  " << reduced.steps << " steps"
      << (!reduced.reproduced ? ", not seen again"
          : reduced.complete  ? ", minimal"
                              : ", the best within the limits")
      << " (" << reduced.executions << " executions)\n  replay: " << ReplayCommand(report, reduced)
      << '\n';
}

void PrintProperties(const Tally& tally, std::ostream& out) {
  const auto& all = generate::Properties();
  size_t asked = 0;
  std::string broken;
  size_t broken_count = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const Tally::OfProperty& seen = tally.properties[i];
    asked += seen.cases > 0 ? 1 : 0;
    if (seen.broken == 0) continue;
    ++broken_count;
    broken += std::string("  ") + all[i].id + ": " + std::to_string(seen.broken) + " of " +
              std::to_string(seen.cases) + " cases\n";
  }
  out << "properties: " << asked - broken_count << " of " << asked << " hold\n" << broken;
}

verdict::Verdict VerdictOf(const Failure& failure) {
  verdict::Verdict verdict;
  verdict.suite = failure.suite;
  verdict.kind = Kind::kFail;
  if (failure.disputed) verdict.kind = Kind::kDisputed;
  const std::string kind = failure.kind.str();
  if (kind == verdict::NameOf(Kind::kTimeout)) verdict.kind = Kind::kTimeout;
  if (kind == verdict::NameOf(Kind::kHarnessError)) verdict.kind = Kind::kHarnessError;
  return verdict;
}

// A dispute decides nothing, and blames nobody.
bool Counts(const Failure& failure) { return !failure.disputed; }

}  // namespace

std::vector<size_t> InOrder(const Tally& tally) {
  std::vector<size_t> order(tally.failure_count());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](size_t a, size_t b) {
    const Failure& first = tally.failure(a);
    const Failure& second = tally.failure(b);
    const auto key = [](const Failure& failure) {
      return std::tuple(failure.disputed, failure.suite, failure.requirement.str(),
                        failure.oracle.str(), failure.kind.str(), failure.about.str());
    };
    return key(first) < key(second);
  });
  return order;
}

void PrintReport(const Report& report, std::ostream& out) {
  const JobsOutcome& outcome = *report.outcome;
  const Tally& tally = outcome.tally;
  for (const size_t index : InOrder(tally)) PrintFailure(report, index, out);
  PrintProperties(tally, out);
  out << generate::CoverageText(tally.coverage.Pairs(report.capabilities));
  out << tally.cases << " cases, " << tally.steps << " steps in " << std::fixed
      << std::setprecision(1) << outcome.seconds << " s (" << std::setprecision(0)
      << CasesPerSecond(outcome) << " cases a second); " << tally.failure_count()
      << " kinds of failures, " << tally.undecided << " cases undecided, " << tally.skipped
      << " skipped" << (outcome.interrupted ? "; interrupted" : "") << '\n';
  if (tally.undecided > 0) out << "undecided, for one: " << tally.undecided_why.str() << '\n';
  if (!outcome.failed.ok()) out << "ended early: " << outcome.failed.message() << '\n';
  if (tally.dropped > 0) out << tally.dropped << " failures of further kinds\n";
}

std::string JsonOf(const Report& report) {
  const JobsOutcome& outcome = *report.outcome;
  const Tally& tally = outcome.tally;
  Json options = Json::object();
  for (const auto& [name, value] : report.options) options[name] = value;
  Json failures = Json::array();
  for (const size_t index : InOrder(tally)) failures.push_back(ToJson(report, index));
  const Json json = {{"options", options},
                     {"cases", tally.cases},
                     {"steps", tally.steps},
                     {"undecided", tally.undecided},
                     {"undecided_for_one", tally.undecided_why.str()},
                     {"skipped", tally.skipped},
                     {"harness_errors", tally.harness_errors},
                     {"interrupted", outcome.interrupted},
                     {"ended_early", outcome.failed.message()},
                     {"seconds", outcome.seconds},
                     {"cases_per_second", CasesPerSecond(outcome)},
                     {"failures", failures},
                     {"dropped", tally.dropped},
                     {"properties", PropertiesOf(tally)},
                     {"coverage", CoverageOf(report)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

verdict::ExitCode ExitCodeOf(const Report& report) {
  const Tally& tally = report.outcome->tally;
  if (!report.outcome->failed.ok()) return verdict::ExitCode::kHarnessFailed;
  verdict::RunSummary summary;
  summary.strict = report.strict;
  // Nobody knows of which suite those are for which there was no room: the gravest.
  if (tally.dropped > 0) summary.verdicts.push_back(VerdictOf(Failure()));
  for (size_t i = 0; i < tally.failure_count(); ++i) {
    if (Counts(tally.failure(i))) summary.verdicts.push_back(VerdictOf(tally.failure(i)));
  }
  const uint64_t nothing = tally.undecided + tally.skipped;
  if (tally.cases > nothing) summary.verdicts.emplace_back();
  if (tally.undecided > 0 && tally.cases == nothing) {
    summary.verdicts.emplace_back();
    summary.verdicts.back().kind = Kind::kUndecided;
  }
  return verdict::ExitCodeOf(summary);
}

}  // namespace atrest::campaign
