// The run as one JSON object, for programs: everything a verdict holds. Format: "atrest-report-1".
#pragma once

#include <nlohmann/json.hpp>

#include "harness/report/reporter.h"

namespace atrest::report {

class JsonReporter : public Reporter {
 public:
  explicit JsonReporter(std::ostream& out) : out_(out) {}
  void RunEnded(const verdict::RunSummary& summary) override;

 private:
  std::ostream& out_;
};

// What it writes of SUMMARY.
nlohmann::ordered_json ToDocument(const verdict::RunSummary& summary);

}  // namespace atrest::report
