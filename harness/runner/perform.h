// Does the steps of one scenario on one driver: what is for the target goes to the driver, what is
// for the files to harness/tamper, what is for the disk to the inspector. Judges nothing.
// What was seen does not depend on where the store is: its directory reads <store>.
// Ownership: everything given is borrowed.
// Errors: a Status where the harness could not act.
// Threads: none shared.
#pragma once

#include <string>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/runner/suite.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"

namespace atrest::runner {

class Performer {
 public:
  Performer(const scenario::Scenario& scenario, driver::Driver& driver, const Suite& suite,
            env::FileSystem& fixtures);

  // An inspection also searches for CANARIES.
  Result<verdict::Observation> Perform(const scenario::Action& action,
                                       const std::vector<std::string>& canaries);

  // The same of a step that is done to nodes of a cluster.
  struct OfNode {
    std::string node;
    verdict::Observation seen;
  };
  Result<std::vector<OfNode>> PerformOnNodes(const scenario::Step& step);

 private:
  Result<verdict::Observation> Do(const scenario::UseGolden& golden);
  Result<verdict::Observation> Do(const scenario::Tamper& tamper) {
    return TamperIn(driver_.directory(), tamper);
  }
  Result<verdict::Observation> Do(const scenario::Inspect& inspect);
  Result<verdict::Observation> TamperIn(const std::string& directory,
                                        const scenario::Tamper& tamper);
  Result<std::vector<verdict::Observation>> DoToNodes(const std::vector<std::string>& nodes,
                                                      const scenario::Action& action);
  Result<verdict::Observation> Do(const scenario::Start& step);
  Result<verdict::Observation> Do(const scenario::Publish& step) { return driver_.Publish(step); }
  Result<verdict::Observation> Do(const scenario::Read& step) { return driver_.Read(step); }
  Result<verdict::Observation> Do(const scenario::Stop&) { return driver_.Stop(); }
  Result<verdict::Observation> Do(const scenario::Kill&) { return driver_.Kill(); }
  Result<verdict::Observation> Do(const scenario::Wait& step) { return driver_.Wait(step); }
  Result<verdict::Observation> Do(const scenario::Interrupt& s) { return driver_.Interrupt(s); }
  Result<verdict::Observation> Do(const scenario::Elect&) {
    return Status(Code::kInvalid, "only a node of a cluster can lead");
  }
  Result<verdict::Observation> Do(const scenario::ClientStep& step) { return driver_.Act(step); }

  const scenario::Scenario& scenario_;
  driver::Driver& driver_;
  const Suite& suite_;
  env::FileSystem& fixtures_;
  const std::vector<std::string>* canaries_ = nullptr;  // of the step that is being done
};

// Replaces the driver's directory in all that SEEN shows by <store>.
void NameTheStore(const driver::Driver& driver, verdict::Observation& seen);

}  // namespace atrest::runner
