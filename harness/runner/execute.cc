#include "harness/runner/execute.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "harness/disktruth/disk_finding.h"
#include "harness/oracle/expectation.h"
#include "harness/runner/oracles.h"
#include "harness/runner/perform.h"
#include "harness/runner/trace.h"

namespace atrest::runner {
namespace {

using verdict::Kind;
using Speak = ExecuteOptions::Oracles;
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

// What only a running server can do.
bool NeedsServer(const scenario::Action& action) {
  return std::holds_alternative<scenario::Publish>(action) ||
         std::holds_alternative<scenario::Read>(action) ||
         std::holds_alternative<scenario::Stop>(action) ||
         std::holds_alternative<scenario::Kill>(action) ||
         std::holds_alternative<scenario::ClientStep>(action);
}

class Execution {
 public:
  Execution(const scenario::Scenario& scenario, driver::Driver& driver, const Suite& suite,
            env::FileSystem& fixtures, const ExecuteOptions& options)
      : scenario_(scenario),
        driver_(driver),
        options_(options),
        performer_(scenario, driver, suite, fixtures),
        oracles_(scenario, driver, suite, fixtures, options) {
    verdict_.scenario = scenario.id;
    verdict_.title = scenario.title;
    verdict_.suite = scenario.suite;
    verdict_.level = scenario.level;
    verdict_.requirements = scenario.requirements;
    verdict_.self = driver.Info().is_reference;
  }

  Executed Run() {
    if (!IsInTrouble() && !LacksSomething() && HasNodes()) {
      for (size_t i = 0; i < scenario_.steps.size() && !DoneWith(i); ++i) {
      }
      Conclude();
    }
    return {std::move(verdict_), std::move(found_)};
  }

 private:
  bool IsInTrouble() {
    auto trouble = driver_.Trouble();
    if (!trouble) return false;
    NameTheStore(driver_, *trouble);
    NoteLog(*trouble);
    const auto ending = EndingOf(trouble->outcome);
    return ending ? End(ending->kind, ending->message)
                  : End(Kind::kHarnessError, "the driver is in a trouble that it does not name");
  }

  bool LacksSomething() {
    const driver::TargetInfo info = driver_.Info();
    for (const std::string& need : scenario_.needs) {
      if (std::ranges::find(info.capabilities, need) != info.capabilities.end()) continue;
      const auto why = info.lacks.find(need);
      return End(Kind::kSkipped, "the target lacks the capability \"" + need + "\"" +
                                     (why == info.lacks.end() ? "" : ": " + why->second));
    }
    if (JudgesItself() && scenario_.suite == verdict::Suite::kCompatibility &&
        options_.reference == nullptr)
      return End(Kind::kUndecided, "there is no reference to compare with");
    return false;
  }

  bool HasNodes() {
    if (!scenario_.cluster) return true;
    const Status made = driver_.MakeNodes(*scenario_.cluster);
    return made.ok() || !End(Kind::kHarnessError, made.message());
  }

  // No expectation says what is right: oracles alone do.
  bool JudgesItself() const { return scenario_.expectations.empty(); }

  // Does step number INDEX and has it judged; whether the scenario is over.
  bool DoneWith(size_t index) {
    const scenario::Step& step = scenario_.steps[index];
    missed_kill_ = missed_kill_ || NeverCameToItsKill(step.action);
    if (was_refused_ && NeedsServer(step.action)) {
      if (options_.trace)
        verdict_.trace.push_back(scenario::Describe(step.action) + ": (the server does not run)");
      return false;
    }
    const auto done = step.node.empty() ? Do(index, step) : DoToNodes(step);
    if (done.ok()) return done.value();
    if (options_.trace && verdict_.trace.size() <= index)
      verdict_.trace.push_back(scenario::Describe(step.action));
    return End(Kind::kHarnessError, done.status().message());
  }

  // A kill that no operation of the target has brought on proves nothing of how it survives one.
  bool NeverCameToItsKill(const scenario::Action& action) {
    if (const auto* interrupt = std::get_if<scenario::Interrupt>(&action))
      awaits_kill_ = interrupt->how == scenario::Interrupt::How::kKill;
    if (!awaits_kill_ || !std::holds_alternative<scenario::Kill>(action)) return false;
    awaits_kill_ = false;
    return options_.oracles == Speak::kOfSuite && !driver_.InterruptCame();
  }

  Result<bool> Do(size_t index, const scenario::Step& step) {
    if (options_.observer != nullptr) ATREST_TRY(options_.observer->Before(index, driver_));
    const bool inspects = std::holds_alternative<scenario::Inspect>(step.action);
    auto performed = performer_.Perform(
        step.action, inspects ? oracles_.model().Canaries() : std::vector<std::string>());
    if (!performed.ok()) return performed.status();
    const Observation& seen = performed.value();
    if (!Fits(step.action, seen.outcome))
      return Status(Code::kInvalid, "the driver gave an outcome of another kind of step");
    if (options_.observer != nullptr)
      ATREST_TRY(options_.observer->After(index, step, seen, driver_));
    NoteReports(step.action, seen);
    if (options_.trace) Note(step, seen);
    const auto ending = EndingOf(seen.outcome);
    if (options_.oracles != Speak::kNone && !scenario_.cluster) {
      auto found = oracles_.Observe(index, step, seen, ending.has_value());
      if (!found.ok()) return found.status();
      if (Judge(std::move(found).value(), ending)) return true;
    }
    if (ending) return End(ending->kind, ending->message);
    return options_.oracles == Speak::kOfSuite ? JudgedToAnEnd(step, seen) : PassesOver(seen);
  }

  // What is expected of the step must hold of each node that it is done to. Oracles know nothing of
  // clusters.
  Result<bool> DoToNodes(const scenario::Step& step) {
    auto performed = performer_.PerformOnNodes(step);
    if (!performed.ok()) return performed.status();
    for (const auto& [node, seen] : performed.value()) {
      if (!Fits(step.action, seen.outcome))
        return Status(Code::kInvalid, "the driver gave an outcome of another kind of step");
      if (options_.trace) {
        verdict_.trace.push_back(node + ": " + scenario::Describe(step.action) + ": " +
                                 Summarise(seen));
        NoteLog(seen);
      }
    }
    for (const auto& [node, seen] : performed.value()) {
      if (const auto ending = EndingOf(seen.outcome))
        return End(ending->kind, "node " + node + ": " + ending->message);
      if (options_.oracles == Speak::kOfSuite && FailsOnNode(step, node, seen)) return true;
    }
    return false;
  }

  bool FailsOnNode(const scenario::Step& step, const std::string& node, const Observation& seen) {
    bool is_start_expected = false;
    const size_t index = static_cast<size_t>(&step - scenario_.steps.data());
    for (const scenario::Expectation& expectation : scenario_.expectations) {
      if (step.label.empty() || expectation.step != step.label) continue;
      is_start_expected =
          is_start_expected || expectation.started || expectation.refusal || expectation.exit_code;
      auto findings = oracle::Judge(expectation, step.action, seen, {oracles_.model().history()});
      if (findings.empty()) continue;
      findings.front().message = "node " + node + ": " + findings.front().message;
      return Fail({index, scenario_.suite, std::move(findings.front())});
    }
    const auto* started = std::get_if<verdict::Started>(&seen.outcome);
    if (started == nullptr || started->ok || is_start_expected) return false;
    return Fail({index,
                 scenario_.suite,
                 {"expectation", "", verdict::Level::kMust,
                  "node " + node + ": a start is expected, but it refused: " + started->refusal}});
  }

  // Whether what the oracles found ends the scenario.
  bool Judge(std::vector<Found> all, const std::optional<Ending>& ending) {
    must_start_ = false;
    for (Found& found : all) {
      must_start_ = must_start_ || (found.by_model && found.about_start);
      if (!IsAskedFor(found.finding)) continue;
      if (options_.oracles == Speak::kAll) {
        Gather(std::move(found));
      } else if (found.finding.oracle == "disk" && !found.by_model) {
        if (!on_disk_ && CountsOnDisk(found.finding)) on_disk_ = std::move(found);
      } else if (!ending && Counts(found)) {
        if (!found.disputed) return Fail(std::move(found));
        // It blames nobody, and so hides nothing that comes later.
        if (!disputed_) disputed_ = std::move(found);
      }
    }
    return false;
  }

  bool IsAskedFor(const oracle::Finding& finding) const {
    const std::set<std::string>& asked = options_.requirements;
    return asked.empty() || finding.requirement.empty() || asked.contains(finding.requirement);
  }

  // The first of each kind.
  void Gather(Found found) {
    const verdict::Level level = found.finding.level;
    if (level != verdict::Level::kMust && level != verdict::Level::kShould) return;
    const bool is_known = std::ranges::any_of(found_, [&](const Found& other) {
      return other.finding.oracle == found.finding.oracle &&
             other.finding.requirement == found.finding.requirement &&
             other.disputed == found.disputed;
    });
    if (!is_known) found_.push_back(std::move(found));
  }

  // The scenario's own question is answered first: what else is wrong on disk fails only what would
  // pass otherwise.
  void Conclude() {
    if (verdict_.kind != Kind::kPass && verdict_.kind != Kind::kRejectedAsExpected) return;
    if (on_disk_) {
      Fail(std::move(*on_disk_));
    } else if (disputed_) {
      Fail(std::move(*disputed_));
    } else if (missed_kill_) {
      End(Kind::kSkipped,
          "the target does not do as many writes or syncs as the interrupt waits for");
    } else if (was_refused_) {
      End(Kind::kRejectedAsExpected, refusal_);
    }
    if (options_.oracles != Speak::kAll || verdict_.kind == Kind::kFail) return;
    const auto blames = std::ranges::find_if(found_, [](const Found& found) {
      return found.suite == verdict::Suite::kConformance && !found.disputed;
    });
    if (blames != found_.end()) Blame(blames->finding);
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

  // Whether the scenario is over after this step, by its expectations, with the verdict set.
  bool JudgedToAnEnd(const scenario::Step& step, const Observation& seen) {
    bool start_is_expected = false;  // or its refusal: somebody speaks of it
    for (const scenario::Expectation& expectation : scenario_.expectations) {
      if (step.label.empty() || expectation.step != step.label) continue;
      start_is_expected =
          start_is_expected || expectation.started || expectation.refusal || expectation.exit_code;
      auto findings =
          oracle::Judge(expectation, step.action, seen, {oracles_.model().history(), reported_});
      if (!findings.empty()) {
        const size_t index = static_cast<size_t>(&step - scenario_.steps.data());
        return Fail({index, scenario_.suite, std::move(findings.front())});
      }
    }
    return JudgesItself() ? PassesOver(seen) : EndsWithARefusal(step, seen, start_is_expected);
  }

  // Where oracles alone judge, what a refused server cannot do is passed over, to the next start.
  bool PassesOver(const Observation& seen) {
    if (const auto* started = std::get_if<verdict::Started>(&seen.outcome)) {
      was_refused_ = !started->ok;
      refusal_ = started->refusal;
    }
    return false;
  }

  // The model speaks for the documentation, so only in that suite; a SHOULD or MAY counts where the
  // scenario is about it. In hardening a scenario asks only for what it is about.
  bool Counts(const Found& found) const {
    if (found.suite != scenario_.suite) return false;
    const bool is_about_it = IsAbout(found.finding);
    switch (scenario_.suite) {
      case verdict::Suite::kConformance:
        return found.finding.level == verdict::Level::kMust || is_about_it;
      case verdict::Suite::kCompatibility:
        return JudgesItself();
      case verdict::Suite::kHardening:
        return JudgesItself() && is_about_it;
    }
    return false;
  }
  bool IsAbout(const oracle::Finding& finding) const {
    return std::ranges::find(scenario_.requirements, finding.requirement) !=
           scenario_.requirements.end();
  }

  // The disk oracle knows the format of the real server too, which the documentation does not
  // promise: conformance asks only for what is documented, and for messages that are not lost.
  bool CountsOnDisk(const oracle::Finding& finding) const {
    const bool is_about_it = IsAbout(finding);
    if (finding.level == verdict::Level::kInfo) return false;
    if (is_about_it || finding.level != verdict::Level::kMust) return is_about_it;
    if (scenario_.suite != verdict::Suite::kConformance) return true;
    return finding.requirement.empty() || finding.requirement.starts_with("D-") ||
           disktruth::IsOfAnyStore(finding.requirement);
  }

  // A refused start leaves nothing to act on. Where an expectation spoke of it, it held; otherwise
  // it is right in conformance (the model allowed it) and in hardening (to refuse is the best way
  // to notice), and a difference in compatibility.
  bool EndsWithARefusal(const scenario::Step& step, const Observation& seen, bool is_expected) {
    const auto* started = std::get_if<verdict::Started>(&seen.outcome);
    if (started == nullptr || started->ok) return false;
    if (is_expected && &step != &scenario_.steps.back()) return false;
    if (!is_expected && scenario_.suite == verdict::Suite::kCompatibility) {
      const size_t index = static_cast<size_t>(&step - scenario_.steps.data());
      return Fail({index,
                   scenario_.suite,
                   {"expectation", "", verdict::Level::kMust,
                    "a start is expected, but it refused: " + started->refusal}});
    }
    // Who starts never can be made to deliver nothing false: that shows nothing.
    if (must_start_ && !is_expected) {
      return End(Kind::kUndecided,
                 "the target refused a start that nothing speaks against: " + started->refusal);
    }
    return End(Kind::kRejectedAsExpected, started->refusal);
  }

  bool Fail(Found found) {
    Blame(found.finding);
    if (found.disputed) verdict_.kind = Kind::kDisputed;
    found_ = {std::move(found)};
    return true;
  }

  void Blame(const oracle::Finding& finding) {
    verdict_.oracle = finding.oracle;
    verdict_.requirement =
        finding.requirement.empty() ? scenario_.requirements.front() : finding.requirement;
    End(Kind::kFail, finding.message);
  }

  bool End(Kind kind, const std::string& message) {
    verdict_.kind = kind;
    verdict_.message = message;
    return true;
  }

  const scenario::Scenario& scenario_;
  driver::Driver& driver_;
  const ExecuteOptions& options_;
  Performer performer_;
  Oracles oracles_;
  std::vector<Found> found_;
  std::optional<Found> on_disk_;   // the first of the disk oracle that counts
  std::optional<Found> disputed_;  // the first that counts and that the reference shows, too
  bool must_start_ = false;        // by the model, in the step that is judged
  bool awaits_kill_ = false;       // by an interrupt of this run
  bool missed_kill_ = false;       // in some run
  bool reported_ = false;
  bool was_refused_ = false;  // the last start, where oracles alone judge
  std::string refusal_;
  verdict::Verdict verdict_;
};

}  // namespace

Executed ExecuteWith(const scenario::Scenario& scenario, driver::Driver& driver, const Suite& suite,
                     env::FileSystem& fixtures, const ExecuteOptions& options) {
  return Execution(scenario, driver, suite, fixtures, options).Run();
}

verdict::Verdict Execute(const scenario::Scenario& scenario, driver::Driver& driver,
                         const Suite& suite, env::FileSystem& fixtures) {
  return ExecuteWith(scenario, driver, suite, fixtures, {}).verdict;
}

}  // namespace atrest::runner
