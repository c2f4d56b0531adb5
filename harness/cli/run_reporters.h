// What the verbs that judge a target share: naming the target, and the reporters of a run.
// Errors: CommandError (command.h).
// Threads: one.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/cli/command.h"
#include "harness/driver/driver.h"
#include "harness/report/reporter.h"
#include "harness/runner/run.h"

namespace atrest::cli {

// Where reports go; "" for none.
struct ReportArguments {
  std::string junit;
  std::string json;
  bool quiet = false;
};

// The console and the files asked for, all fed the same events.
class RunReporters {
 public:
  explicit RunReporters(const ReportArguments& arguments);
  runner::RunEvents Events();
  void Finish(const verdict::RunSummary& summary);

 private:
  void AddFile(const char* format, const std::string& path);

  std::vector<std::pair<std::string, std::unique_ptr<std::ofstream>>> files_;
  std::vector<std::unique_ptr<report::Reporter>> reporters_;
};

// Whether any of PATTERNS, if there are any, matches one of IDS; says so if none does. Throws
// CommandError for one that does not where another does.
bool SayUnmatched(const std::vector<std::string>& patterns, const std::vector<std::string>& ids);

// What is judged.
struct TargetArguments {
  std::string name;
  std::string server;  // the program to be run instead of the target's own; "" for that
  std::string fault;   // that the target is to have; "" for none
  driver::DriverOptions::Hooks hooks;
  int64_t answer_ms = driver::DriverOptions().answer_ms;
};
void AddTargetOptions(CLI::App& verb, TargetArguments& target);
// The same for a verb that takes several; the names go to NAMES.
void AddTargetOptions(CLI::App& verb, TargetArguments& target, std::vector<std::string>& names);
// The options that name the details of TARGET again, as a shell takes them: " --server 'A B'".
std::string DetailsOf(const TargetArguments& target);
void AddReportOptions(CLI::App& verb, ReportArguments& reports);
// Fresh targets, with target files found below ROOT.
driver::DriverFactory FactoryFor(const TargetArguments& target, const std::string& root);
// Fresh references to compare with, in this process.
driver::DriverFactory ReferenceFactory(const std::string& root);

}  // namespace atrest::cli
