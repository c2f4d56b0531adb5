// What the verbs share that work on one scenario in a file, wherever it lies: reading it, and fresh
// targets to execute it on.
// Errors: CommandError (command.h).
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "harness/cli/command.h"
#include "harness/cli/run_reporters.h"
#include "harness/runner/suite.h"
#include "harness/shrink/reproduce.h"
#include "reference/env/posix_env.h"

namespace atrest::cli {

struct FileArguments {
  std::string file;
  TargetArguments target;
  uint64_t seed = 1;
  std::string root;
};
void AddFileOptions(CLI::App& verb, FileArguments& arguments);

// A scenario and all that it is executed with.
class ScenarioFile {
 public:
  explicit ScenarioFile(const FileArguments& arguments);
  ScenarioFile(const ScenarioFile&) = delete;
  ScenarioFile& operator=(const ScenarioFile&) = delete;

  const scenario::Scenario& scenario() const { return scenario_; }
  // Fresh targets as asked for, and fresh references: a server program where the scenario needs
  // what only one can do, else a store in this process.
  shrink::Bench bench();
  env::FileSystem& files() { return files_; }

 private:
  const FileArguments& arguments_;
  const std::string root_;
  env::PosixFileSystem files_;
  runner::Suite suite_;
  scenario::Scenario scenario_;
};

// FILE with ".json" replaced by ENDING.
std::string Beside(const std::string& file, const std::string& ending);

template <typename T>
T ValueOrThrow(Result<T> result, verdict::ExitCode code) {
  if (!result.ok()) throw CommandError{code, result.status().message()};
  return std::move(result).value();
}

}  // namespace atrest::cli
