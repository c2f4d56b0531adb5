#include "harness/report/console_reporter.h"
#include "harness/report/json_reporter.h"
#include "harness/report/junit_reporter.h"
#include "harness/report/reporter.h"

namespace atrest::report {
namespace {

struct Row {
  const char* format;
  std::unique_ptr<Reporter> (*make)(std::ostream&);
};

template <typename T>
std::unique_ptr<Reporter> Make(std::ostream& out) {
  return std::make_unique<T>(out);
}

constexpr Row kRows[] = {
    {"console", Make<ConsoleReporter>},
    {"junit", Make<JunitReporter>},
    {"json", Make<JsonReporter>},
};

}  // namespace

std::unique_ptr<Reporter> MakeReporter(const std::string& format, std::ostream& out) {
  for (const Row& row : kRows) {
    if (format == row.format) return row.make(out);
  }
  return nullptr;
}

}  // namespace atrest::report
