// The judgement on one scenario and on a run: the data all reports are made from.
// A verdict names the oracle that spoke and the requirement it spoke for. Only kFail blames the
// target; in the suites compatibility and hardening it is shown as "differs" and "finding", since
// neither breaks a documented promise.
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace atrest::verdict {

enum class Suite { kConformance, kCompatibility, kHardening };
enum class Level { kMust, kShould, kMay, kInfo };

enum class Kind {
  kPass,
  kRejectedAsExpected,  // the target refused input it had to refuse: as good as kPass
  kFail,
  kSkipped,       // with the reason: the target lacks something the scenario needs
  kTimeout,       // nothing was decided in time
  kCrashed,       // the target ended by itself
  kDisputed,      // documentation and reference disagree on what is right
  kUndecided,     // seen too little to say
  kHarnessError,  // the harness failed; says nothing of the target
};

struct Verdict {
  std::string scenario;  // its id
  std::string title;
  Suite suite = Suite::kConformance;
  Level level = Level::kMust;
  std::vector<std::string> requirements;
  Kind kind = Kind::kPass;
  std::string
      oracle;  // who decided, for anything but kPass: "model", "disk", "expectation", "tampering"
  std::string requirement;         // the one that is broken, for kFail
  std::string message;             // expected and seen, in one line
  std::string dispute;             // the entry of the dispute register, for kDisputed
  std::string known;               // why this failure is on the list of known ones; "": it is not
  std::vector<std::string> trace;  // a line a step: what was done and seen
  std::vector<std::string> log;    // what the target logged, oldest first
  std::string replay;              // the command that runs it again
  bool self =
      false;  // the reference judged with its own expectations: shows consistency, not conformance
  double seconds = 0;
};

struct RunSummary {
  std::string target;
  std::string target_version;
  std::string harness_version;
  std::map<std::string, std::string> configuration;  // redacted: names of keys, never keys
  std::string started_at;                            // RFC 3339, UTC
  double seconds = 0;
  bool strict = false;
  std::string trouble;         // what kept the target from being ready at all; "" for nothing
  std::string calibration;     // how fast the target answered, and how long it is waited for
  std::string known_failures;  // the list that is in force; "" for none
  // Where the verdicts do not agree with that list, a line each: the run failed.
  std::vector<std::string> departures;
  std::vector<Verdict> verdicts;  // in the order run
};

// Whether a verdict is one that a list of known failures can hold.
bool IsFailure(const Verdict& verdict);

// Process exit codes of every verb of atrest. Documented in README.md; do not renumber.
enum class ExitCode {
  kAsExpected = 0,
  kConformanceFailed = 1,
  kUndecided = 2,
  kNothingRun = 3,
  kCompatibilityDiffers = 4,  // only with --strict
  kHardeningFindings = 5,     // only with --strict
  kSimulatorSafety = 10,
  kSimulatorLiveness = 11,
  kSimulatorDivergence = 12,
  kSimulatorCrash = 13,
  kUsage = 64,
  kHarnessFailed = 70,
};

// What a run's verdicts amount to. The gravest wins: harness error, conformance failure (a crash or
// a broken requirement in that suite) or a departure from the list of known failures, undecided,
// nothing run, then compatibility and hardening where summary.strict is set. A known failure counts
// in none of them, nor does a dispute.
ExitCode ExitCodeOf(const RunSummary& summary);

// Lower-case names as they stand in files and reports: "conformance", "MUST",
// "rejected-as-expected".
const char* NameOf(Suite suite);
const char* NameOf(Level level);
const char* NameOf(Kind kind);
// As NameOf, but a kFail by suite: "fail", "differs", "finding".
const char* ShownKind(const Verdict& verdict);

// The same texts, read; false if TEXT is none of them.
bool Parse(const std::string& text, Suite& suite);
bool Parse(const std::string& text, Level& level);

struct Counts {
  size_t passed = 0;  // with rejected-as-expected
  size_t failed = 0;  // conformance, crashes included
  size_t differs = 0;
  size_t findings = 0;
  size_t skipped = 0;
  size_t undecided = 0;  // with timeouts
  size_t disputed = 0;
  size_t known = 0;  // failures that are on the list of known ones, and in no other count
  size_t errors = 0;
};
Counts CountsOf(const RunSummary& summary);

}  // namespace atrest::verdict
