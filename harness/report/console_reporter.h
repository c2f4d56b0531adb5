// What a person reads while a run goes on: one line a scenario, failures with everything needed to
// act on them, a total.
#pragma once

#include "harness/report/reporter.h"

namespace atrest::report {

class ConsoleReporter : public Reporter {
 public:
  explicit ConsoleReporter(std::ostream& out) : out_(out) {}
  void RunStarting(const verdict::RunSummary& summary) override;
  void ScenarioEnded(const verdict::Verdict& verdict) override;
  void RunEnded(const verdict::RunSummary& summary) override;

 private:
  std::ostream& out_;
};

}  // namespace atrest::report
