#include "harness/cli/scenario_file.h"

#include <algorithm>
#include <utility>

#include "harness/scenario/loader.h"

namespace atrest::cli {
namespace {

using verdict::ExitCode;

constexpr uint64_t kFileMax = 64u << 20;
constexpr char kJson[] = ".json";

std::string StemOf(const std::string& file) {
  std::string name = file.substr(file.rfind('/') + 1);
  if (name.ends_with(kJson)) name.resize(name.size() - std::string(kJson).size());
  return name;
}

scenario::Scenario Load(env::FileSystem& files, const std::string& file,
                        const scenario::Requirements& requirements) {
  const auto text = ValueOrThrow(env::ReadWhole(files, file, kFileMax), ExitCode::kUsage);
  return ValueOrThrow(scenario::LoadScenario(file, StemOf(file), AsText(text), requirements),
                      ExitCode::kUsage);
}

// What the store in this process cannot do.
bool NeedsAProgram(const scenario::Scenario& scenario) {
  return std::ranges::any_of(scenario.needs, [](const std::string& need) {
    return need == "client" || need == "raw" || need == "program" || need == "clock";
  });
}

}  // namespace

void AddFileOptions(CLI::App& verb, FileArguments& arguments) {
  verb.add_option("file", arguments.file, "A scenario, wherever it lies")->required();
  AddTargetOptions(verb, arguments.target);
  verb.add_option("--seed", arguments.seed, "Seed of the target's entropy, where it takes one")
      ->capture_default_str();
  verb.add_option("--root", arguments.root, "Directory with scenarios/ and fixtures/");
}

ScenarioFile::ScenarioFile(const FileArguments& arguments)
    : arguments_(arguments),
      root_(FindRoot(arguments.root)),
      suite_(ValueOrThrow(runner::Suite::Open(files_, root_), ExitCode::kHarnessFailed)),
      scenario_(Load(files_, arguments.file, suite_.requirements())) {}

shrink::Bench ScenarioFile::bench() {
  TargetArguments reference;
  reference.name = NeedsAProgram(scenario_) ? "reference" : "inproc";
  return {suite_, files_, FactoryFor(arguments_.target, root_), FactoryFor(reference, root_),
          arguments_.seed};
}

std::string Beside(const std::string& file, const std::string& ending) {
  const size_t folder = file.rfind('/') + 1;
  return file.substr(0, folder) + StemOf(file) + ending;
}

}  // namespace atrest::cli
