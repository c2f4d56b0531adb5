// A reporter hears of a run's events and writes them somewhere. To add one: NAME_reporter.{h,cc}, a
// row in formats.cc, an approved file in fixtures/reports/.
// Times come with the events as data: a reporter reads no clock.
// Threads: one.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "harness/verdict/verdict.h"

namespace atrest::report {

class Reporter {
 public:
  virtual ~Reporter() = default;
  // Once, before the first scenario; SUMMARY has no verdicts yet.
  virtual void RunStarting(const verdict::RunSummary& summary) { (void)summary; }
  // Once for each scenario, in order.
  virtual void ScenarioEnded(const verdict::Verdict& verdict) { (void)verdict; }
  // Once, after the last.
  virtual void RunEnded(const verdict::RunSummary& summary) = 0;
};

// Formats: "console", "junit", "json". null if there is no such format. OUT is borrowed and must
// outlive the reporter.
std::unique_ptr<Reporter> MakeReporter(const std::string& format, std::ostream& out);

}  // namespace atrest::report
