#include "harness/runner/execute.h"

#include <algorithm>
#include <optional>

#include "harness/oracle/expectation.h"
#include "harness/oracle/model.h"
#include "harness/runner/disk.h"
#include "harness/runner/disk_follower.h"
#include "harness/runner/trace.h"
#include "harness/runner/workspace.h"
#include "harness/tamper/tamper.h"

namespace atrest::runner {
namespace {

using verdict::Kind;
using verdict::Observation;

// What an outcome that ends every scenario, whatever the step was, amounts to.
struct Ending {
  Kind kind;
  std::string message;
};
std::optional<Ending> EndingOf(const verdict::Outcome& outcome) {
  if (const auto* crash = std::get_if<verdict::Crashed>(&outcome))
    return Ending{Kind::kCrashed, "the target ended by itself: " + crash->how};
  if (const auto* undecided = std::get_if<verdict::Undecided>(&outcome))
    return Ending{Kind::kUndecided, undecided->why};
  if (const auto* late = std::get_if<verdict::TimedOut>(&outcome))
    return Ending{Kind::kTimeout, late->why};
  if (const auto* violated = std::get_if<verdict::Violated>(&outcome))
    return Ending{Kind::kHarnessError, "the protocol is broken: " + violated->why};
  if (const auto* lacking = std::get_if<verdict::Unimplemented>(&outcome))
    return Ending{Kind::kSkipped, "unimplemented: " + lacking->why};
  return std::nullopt;
}

// Whether a driver's outcome is one of a step like ACTION; an ending fits any.
bool Fits(const scenario::Action& action, const verdict::Outcome& outcome) {
  if (EndingOf(outcome)) return true;
  if (std::holds_alternative<scenario::Start>(action)) {
    return std::holds_alternative<verdict::Started>(outcome);
  }
  if (std::holds_alternative<scenario::Publish>(action)) {
    return std::holds_alternative<verdict::Published>(outcome);
  }
  if (std::holds_alternative<scenario::Read>(action)) {
    return std::holds_alternative<verdict::Read>(outcome);
  }
  if (std::holds_alternative<scenario::Inspect>(action)) {
    return std::holds_alternative<verdict::Disk>(outcome);
  }
  if (const auto* step = std::get_if<scenario::ClientStep>(&action)) {
    if (std::holds_alternative<scenario::Receive>(*step))
      return std::holds_alternative<verdict::Read>(outcome);
    const bool raw = std::holds_alternative<scenario::Request>(*step) ||
                     std::holds_alternative<scenario::Raw>(*step);
    return raw ? std::holds_alternative<verdict::Reply>(outcome)
               : std::holds_alternative<verdict::Answered>(outcome);
  }
  return std::holds_alternative<verdict::Done>(outcome);
}

class Execution {
 public:
  Execution(const scenario::Scenario& scenario, driver::Driver& driver, const Suite& suite,
            env::FileSystem& fixtures)
      : scenario_(scenario),
        driver_(driver),
        suite_(suite),
        fixtures_(fixtures),
        model_(scenario.keys),
        disk_(scenario, driver) {
    verdict_.scenario = scenario.id;
    verdict_.title = scenario.title;
    verdict_.suite = scenario.suite;
    verdict_.level = scenario.level;
    verdict_.requirements = scenario.requirements;
    verdict_.self = driver.Info().is_reference;
  }

  verdict::Verdict Run() {
    if (IsInTrouble() || LacksACapability()) return std::move(verdict_);
    for (const scenario::Step& step : scenario_.steps) {
      auto seen = std::visit([&](const auto& action) { return Perform(action); }, step.action);
      if (!seen.ok()) {
        verdict_.trace.push_back(scenario::Describe(step.action));
        End(Kind::kHarnessError, seen.status().message());
        break;
      }
      if (!Fits(step.action, seen.value().outcome)) {
        End(Kind::kHarnessError, "the driver gave an outcome of another kind of step");
        break;
      }
      NameTheStore(seen.value());
      NoteReports(step.action, seen.value());
      Note(step, seen.value());
      auto on_disk = disk_.Observe(step, seen.value());
      if (!on_disk.ok()) {
        End(Kind::kHarnessError, on_disk.status().message());
        break;
      }
      for (const oracle::Finding& finding : on_disk.value()) {
        if (!on_disk_ && CountsOnDisk(finding)) on_disk_ = finding;
      }
      if (JudgedToAnEnd(step, seen.value())) break;
    }
    // The scenario's own question is answered first: what else is wrong on disk fails only what
    // would pass otherwise.
    const bool passes = verdict_.kind == Kind::kPass || verdict_.kind == Kind::kRejectedAsExpected;
    if (on_disk_ && passes) Fail(*on_disk_);
    return std::move(verdict_);
  }

 private:
  bool IsInTrouble() {
    auto trouble = driver_.Trouble();
    if (!trouble) return false;
    NameTheStore(*trouble);
    NoteLog(*trouble);
    const auto ending = EndingOf(trouble->outcome);
    return ending ? End(ending->kind, ending->message)
                  : End(Kind::kHarnessError, "the driver is in a trouble that it does not name");
  }

  bool LacksACapability() {
    const auto has = driver_.Info().capabilities;
    for (const std::string& need : scenario_.needs) {
      if (std::ranges::find(has, need) != has.end()) continue;
      End(Kind::kSkipped, "the target lacks the capability \"" + need + "\"");
      return true;
    }
    return false;
  }

  Result<Observation> Perform(const scenario::UseGolden& golden) {
    const auto known = suite_.KnownContents(golden.name);
    if (!known.ok()) return known.status();
    model_.Adopt(known.value());
    return DoneIf(CopyTree(fixtures_, suite_.GoldenDirectory(golden.name), driver_.files(),
                           driver_.directory()));
  }
  Result<Observation> Perform(const scenario::Start& start) {
    return driver_.Start(start.settings, scenario_.keys);
  }
  Result<Observation> Perform(const scenario::Publish& publish) { return driver_.Publish(publish); }
  Result<Observation> Perform(const scenario::Read& read) { return driver_.Read(read); }
  Result<Observation> Perform(const scenario::Stop&) { return driver_.Stop(); }
  Result<Observation> Perform(const scenario::Kill&) { return driver_.Kill(); }
  Result<Observation> Perform(const scenario::Wait& wait) { return driver_.Wait(wait); }
  Result<Observation> Perform(const scenario::Interrupt& step) { return driver_.Interrupt(step); }
  Result<Observation> Perform(const scenario::ClientStep& step) { return driver_.Act(step); }
  Result<Observation> Perform(const scenario::Tamper& tamper) {
    // A target that never wrote what is to be changed has shown nothing: that is not the harness's
    // failure.
    const Status applied = tamper::Apply(tamper.operations, driver_.directory(), driver_.files());
    const bool not_there = applied.code() == Code::kNotFound || applied.code() == Code::kInvalid;
    if (not_there) return Observation{verdict::Undecided{applied.message()}, {}};
    return DoneIf(applied);
  }
  Result<Observation> Perform(const scenario::Inspect& inspect) {
    auto texts = inspect.texts;
    for (const std::string& canary : model_.Canaries()) {
      if (std::ranges::find(texts, canary) == texts.end()) texts.push_back(canary);
    }
    auto disk = LookAtDisk(driver_.files(), driver_.directory(), inspect.keys, scenario_.keys,
                           texts, driver_.barrier_channel());
    if (!disk.ok()) return disk.status();
    return Observation{std::move(disk).value(), {}};
  }

  static Result<Observation> DoneIf(const Status& status) {
    if (!status.ok()) return status;
    return Observation{};
  }

  // Scenarios and reports must not depend on where the store is: its directory reads <store>.
  void NameTheStore(Observation& seen) const {
    const auto name = [&](std::string& text) {
      text = ReplacePath(std::move(text), driver_.directory(), "<store>");
    };
    for (verdict::LogLine& line : seen.log) name(line.text);
    if (auto* started = std::get_if<verdict::Started>(&seen.outcome)) name(started->refusal);
    if (auto* published = std::get_if<verdict::Published>(&seen.outcome)) name(published->error);
    if (auto* read = std::get_if<verdict::Read>(&seen.outcome)) name(read->error);
    if (auto* answered = std::get_if<verdict::Answered>(&seen.outcome)) name(answered->error);
    if (auto* crashed = std::get_if<verdict::Crashed>(&seen.outcome)) name(crashed->how);
  }

  // Whether anybody was told that something is wrong, since the last start or tampering.
  void NoteReports(const scenario::Action& action, const Observation& seen) {
    const bool afresh = std::holds_alternative<scenario::Start>(action) ||
                        std::holds_alternative<scenario::Tamper>(action);
    if (afresh) reported_ = false;
    for (const verdict::LogLine& line : seen.log) {
      if (line.level == "WRN" || line.level == "ERR" || line.level == "FTL") reported_ = true;
    }
  }

  void Note(const scenario::Step& step, const Observation& seen) {
    verdict_.trace.push_back(scenario::Describe(step.action) + ": " + Summarise(seen));
    NoteLog(seen);
  }
  void NoteLog(const Observation& seen) {
    for (const verdict::LogLine& line : seen.log)
      verdict_.log.push_back("[" + line.level + "] " + line.text);
  }

  // Whether the scenario is over after this step, with the verdict set.
  bool JudgedToAnEnd(const scenario::Step& step, const Observation& seen) {
    if (const auto ending = EndingOf(seen.outcome)) return End(ending->kind, ending->message);
    for (const oracle::Finding& finding : model_.Observe(step.action, seen)) {
      if (Counts(finding)) return Fail(finding);
    }
    bool start_is_expected = false;  // or its refusal: somebody speaks of it
    for (const scenario::Expectation& expectation : scenario_.expectations) {
      if (step.label.empty() || expectation.step != step.label) continue;
      start_is_expected =
          start_is_expected || expectation.started || expectation.refusal || expectation.exit_code;
      const auto findings =
          oracle::Judge(expectation, step.action, seen, {model_.history(), reported_});
      if (!findings.empty()) return Fail(findings.front());
    }
    return EndsWithARefusal(step, seen, start_is_expected);
  }

  // The model speaks for the documentation, so only in that suite; a SHOULD or MAY counts where the
  // scenario is about it.
  bool Counts(const oracle::Finding& finding) const {
    if (scenario_.suite != verdict::Suite::kConformance) return false;
    return finding.level == verdict::Level::kMust ||
           std::ranges::find(scenario_.requirements, finding.requirement) !=
               scenario_.requirements.end();
  }

  // The disk oracle knows the format of the real server too, which the documentation does not
  // promise: conformance asks only for what is documented, and for messages that are not lost.
  bool CountsOnDisk(const oracle::Finding& finding) const {
    const bool is_about_it = std::ranges::find(scenario_.requirements, finding.requirement) !=
                             scenario_.requirements.end();
    if (finding.level == verdict::Level::kInfo) return false;
    if (is_about_it || finding.level != verdict::Level::kMust) return is_about_it;
    if (scenario_.suite != verdict::Suite::kConformance) return true;
    return finding.requirement.empty() || finding.requirement.starts_with("D-");
  }

  // A refused start leaves nothing to act on. Where an expectation spoke of it, it held; otherwise
  // it is right in conformance (the model allowed it) and in hardening (to refuse is the best way
  // to notice), and a difference in compatibility.
  bool EndsWithARefusal(const scenario::Step& step, const Observation& seen, bool is_expected) {
    const auto* started = std::get_if<verdict::Started>(&seen.outcome);
    if (started == nullptr || started->ok) return false;
    if (is_expected && &step != &scenario_.steps.back()) return false;
    if (!is_expected && scenario_.suite == verdict::Suite::kCompatibility) {
      return Fail({"expectation", "", verdict::Level::kMust,
                   "a start is expected, but it refused: " + started->refusal});
    }
    return End(Kind::kRejectedAsExpected, started->refusal);
  }

  bool Fail(const oracle::Finding& finding) {
    verdict_.oracle = finding.oracle;
    verdict_.requirement =
        finding.requirement.empty() ? scenario_.requirements.front() : finding.requirement;
    return End(Kind::kFail, finding.message);
  }

  bool End(Kind kind, const std::string& message) {
    verdict_.kind = kind;
    verdict_.message = message;
    return true;
  }

  const scenario::Scenario& scenario_;
  driver::Driver& driver_;
  const Suite& suite_;
  env::FileSystem& fixtures_;
  oracle::Model model_;
  DiskFollower disk_;
  std::optional<oracle::Finding> on_disk_;  // the first of disk_ that counts
  bool reported_ = false;
  verdict::Verdict verdict_;
};

}  // namespace

verdict::Verdict Execute(const scenario::Scenario& scenario, driver::Driver& driver,
                         const Suite& suite, env::FileSystem& fixtures) {
  return Execution(scenario, driver, suite, fixtures).Run();
}

}  // namespace atrest::runner
