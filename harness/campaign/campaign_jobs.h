// A campaign's cases (cases.h) divided among processes, each with a tally in shared memory. A
// process that dies, or that is ended because a case takes too long, takes with it no more than
// that case: the case is noted as a failure and another process goes on behind it.
// Bounds: the number of cases, the time of all and of each, the memory of a process, and the number
// of processes that may be lost (kLostMax).
// Errors: in the outcome, beside what was found before: processes or targets that cannot be made,
// and more lost processes than kLostMax. A Status where there is nothing to find anything with.
// Threads: one; an interrupt ends the campaign early, with what was found.
#pragma once

#include <cstdint>

#include "harness/campaign/cases.h"
#include "harness/campaign/interrupt_watch.h"
#include "harness/campaign/tally.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::campaign {

inline constexpr uint64_t kJobsMax = 64;
inline constexpr uint64_t kLostMax = 200;

struct JobOptions {
  uint64_t seed = 1;
  uint64_t cases = 1000;  // of all shards together
  uint64_t jobs = 1;
  uint64_t shard = 0;  // of SHARDS, from 0
  uint64_t shards = 1;
  int64_t time_ms = 0;  // of all cases; 0 for no limit
  int64_t case_ms = 60'000;
  uint64_t memory_max = uint64_t{8} << 30;  // of a process, bytes
};

struct JobsOutcome {
  Tally tally;
  bool interrupted = false;  // by SIGINT
  double seconds = 0;
  Status failed;  // why it ended early, if it did
};

// The seeds of one job: what of the shard's cases is its own.
class Seeds {
 public:
  Seeds(const JobOptions& options, uint64_t job)
      : end_(options.seed + options.cases),
        step_(options.shards * options.jobs),
        next_(options.seed + options.shard + options.shards * job) {}
  bool done() const { return next_ >= end_; }
  uint64_t Take() {
    const uint64_t seed = next_;
    next_ += step_;
    return seed;
  }

 private:
  uint64_t end_;
  uint64_t step_;
  uint64_t next_;
};

Result<JobsOutcome> RunJobs(const Cases& cases, const JobOptions& options, env::Clock& clock,
                            InterruptWatch& watch);

}  // namespace atrest::campaign
