// The checkers of simulated clusters on trial: runs of the simulator with a fault in every node,
// each from a seed and with what befalls the cluster in that run. A checker that reports a
// violation has seen the fault, and counts as a check named "sim/CHECKER". The reference as it is
// must pass in the same run: where it does not, that is trouble.
// Ownership: borrows the suite, whose register says which suite a requirement is in.
// Errors: a Status where the reference as it is fails a run, and where a checker names a
// requirement that the register does not have.
// Threads: as stage.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/prove/stage.h"
#include "harness/runner/suite.h"
#include "reference/base/fault.h"

namespace atrest::prove {

struct SimTrialOptions {
  uint64_t seed = 1;  // of the first run
  uint64_t runs = 64;
};

// The run of SEED as arguments of `atrest simulate`.
std::string SimArguments(uint64_t seed);

class SimTrial : public FaultTrial {
 public:
  SimTrial(const runner::Suite& suite, const SimTrialOptions& options)
      : suite_(suite), options_(options) {}

  // Runs are cases: the other stages have nothing to do here.
  Result<bool> Run(const std::string& fault, const std::string& trace, const Stage& stage,
                   Evidence& evidence) const override;
  std::vector<std::string> Checks() const override;
  void BeginPiece(unsigned seconds) const override;

 private:
  // What one run has shown, as kills; the same by the same checker once.
  Result<std::vector<Kill>> RunSeed(uint64_t seed, Fault fault) const;

  const runner::Suite& suite_;
  const SimTrialOptions options_;
};

}  // namespace atrest::prove
