// What the real server was measured to do (fixtures/), asked of any target:
//   stores/NAME/N        each opening of each golden store gives at every sequence what the real
//                        server gave, and logs the same errors
//   damage/NAME          each case of damage ends in the same refusal or recovery, with the same
//                        texts, exit code, reads and file sizes
//   transcripts/NAME     each plan of random phases is answered as the real server answered it
// For ids NAME is written with underscores for everything but letters and digits. A case that a
// target cannot play, for want of a command line for one, is skipped.
// Errors: a malformed fixture is kInvalid; the target's deviations are in verdicts, in the suite
// compatibility.
// Threads: none shared.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/runner/run.h"

namespace atrest::runner {

struct MeasuredCase {
  std::string id;
  std::string title;
  std::vector<std::string> needs;
  // Plays it on a fresh target: what differs, "" for nothing.
  std::function<Result<std::string>(driver::Driver& driver)> play;
};

// All of ROOT/fixtures, by id. FILES must outlive the cases.
Result<std::vector<MeasuredCase>> LoadMeasured(env::FileSystem& files, const std::string& root);

// Plays CASES, a fresh target for each. As runner::Run.
Result<verdict::RunSummary> RunMeasured(const std::vector<MeasuredCase>& cases,
                                        const RunOptions& options, const RunEvents& events,
                                        env::Clock& clock);

}  // namespace atrest::runner
