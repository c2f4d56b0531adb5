// The run as JUnit XML, one testsuite for each of our suites: what CI systems read. A difference or
// a hardening finding is no failure of the build unless the run is strict, so it is shown as
// skipped there, with its text in system-out.
#pragma once

#include "harness/report/reporter.h"

namespace atrest::report {

class JunitReporter : public Reporter {
 public:
  explicit JunitReporter(std::ostream& out) : out_(out) {}
  void RunEnded(const verdict::RunSummary& summary) override;

 private:
  std::ostream& out_;
};

}  // namespace atrest::report
