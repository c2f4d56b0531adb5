#include "harness/runner/suite.h"

#include <algorithm>
#include <sstream>

#include "harness/runner/glob.h"
#include "harness/runner/workspace.h"
#include "harness/scenario/loader.h"

namespace atrest::runner {
namespace {

constexpr uint64_t kJsonMax = 16u << 20;
constexpr char kSuffix[] = ".json";
// In scenarios/, but not scenarios.
constexpr const char* kOtherFiles[] = {"requirements.json", "schema.json", "disputes.json",
                                       "clauses.json", "checks.json"};
constexpr char kVersions[] = "suites/";

// Whether the file at PATH below scenarios/ is a scenario.
bool IsScenario(const std::string& path) {
  if (!path.ends_with(kSuffix) || path.starts_with(kVersions)) return false;
  return std::ranges::find(kOtherFiles, path) == std::end(kOtherFiles);
}

bool IsWanted(const std::string& id, const std::vector<std::string>& patterns) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return MatchesPattern(pattern, id);
         });
}

}  // namespace

bool MatchesPattern(const std::string& pattern, const std::string& id) {
  std::string folder = pattern;
  while (!folder.empty() && folder.back() == '/') folder.pop_back();
  return MatchesGlob(pattern, id) || id.starts_with(folder + "/");
}

Result<Suite> Suite::Open(env::FileSystem& files, const std::string& root) {
  Suite suite(files, root);
  const std::string path = root + "/scenarios/requirements.json";
  const auto json = env::ReadWhole(files, path, kJsonMax);
  if (!json.ok()) return json.status();
  auto requirements = scenario::Requirements::Parse(path, AsText(json.value()));
  if (!requirements.ok()) return requirements.status();
  suite.requirements_ = std::move(requirements).value();
  return suite;
}

Result<std::vector<scenario::Scenario>> Suite::Load(
    const std::vector<std::string>& patterns) const {
  const std::string folder = root_ + "/scenarios";
  const auto paths = ListFiles(*files_, folder);
  if (!paths.ok()) return paths.status();
  std::vector<scenario::Scenario> scenarios;
  for (const std::string& path : paths.value()) {
    if (!IsScenario(path)) continue;
    const std::string id = path.substr(0, path.size() - sizeof(kSuffix) + 1);
    const auto json = env::ReadWhole(*files_, folder + "/" + path, kJsonMax);
    if (!json.ok()) return json.status();
    auto loaded =
        scenario::LoadScenario("scenarios/" + path, id, AsText(json.value()), requirements_);
    if (!loaded.ok()) return loaded.status();
    if (IsWanted(id, patterns)) scenarios.push_back(std::move(loaded).value());
  }
  return scenarios;
}

Result<std::vector<scenario::Scenario>> Suite::LoadFrozen(
    const SuiteVersion& version, const std::vector<std::string>& patterns) const {
  auto loaded = Load({});
  if (!loaded.ok()) return loaded;
  std::vector<scenario::Scenario> scenarios;
  for (const auto& [id, hash] : version.scenarios) {
    const auto found = std::ranges::find(loaded.value(), id, &scenario::Scenario::id);
    if (found == loaded.value().end())
      return Status(Code::kInvalid,
                    version.version + " has the scenario " + id + ", which is gone");
    const auto json = TextOf(id);
    if (!json.ok()) return json.status();
    const auto now = ContentHash(json.value());
    if (!now.ok() || now.value() != hash) {
      return Status(Code::kInvalid,
                    "scenarios/" + id + kSuffix + " is not as it was frozen in " + version.version);
    }
    if (IsWanted(id, patterns)) scenarios.push_back(std::move(*found));
  }
  return scenarios;
}

Result<std::string> Suite::TextOf(const std::string& id) const {
  const auto json = env::ReadWhole(*files_, root_ + "/scenarios/" + id + kSuffix, kJsonMax);
  if (!json.ok()) return json.status();
  return std::string(AsText(json.value()));
}

Result<SuiteVersion> Suite::Version(const std::string& name) const {
  const std::string file = kVersions + name + kSuffix;
  const auto json = env::ReadWhole(*files_, root_ + "/scenarios/" + file, kJsonMax);
  if (!json.ok())
    return Status(Code::kNotFound, "no suite version " + name + ": " + json.status().message());
  return ParseSuiteVersion("scenarios/" + file, AsText(json.value()));
}

Result<Disputes> Suite::LoadDisputes() const {
  const std::string path = root_ + "/scenarios/disputes.json";
  if (!files_->Exists(path)) return Disputes();
  const auto json = env::ReadWhole(*files_, path, kJsonMax);
  if (!json.ok()) return json.status();
  return Disputes::Parse("scenarios/disputes.json", AsText(json.value()));
}

Result<std::set<std::string>> Suite::LoadQuick() const {
  const std::string path = root_ + "/scenarios/quick.txt";
  std::set<std::string> quick;
  if (!files_->Exists(path)) return quick;
  const auto text = env::ReadWhole(*files_, path, kJsonMax);
  if (!text.ok()) return text.status();
  std::istringstream lines{std::string(AsText(text.value()))};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != '#') quick.insert(line);
  }
  return quick;
}

Result<std::vector<scenario::KnownMessage>> Suite::KnownContents(const std::string& golden) const {
  const std::string stores = root_ + "/fixtures/stores/";
  const std::string plans_file = stores + "plans.json";
  const std::string expect_file = stores + golden + "/expect.json";
  const auto plans = env::ReadWhole(*files_, plans_file, kJsonMax);
  if (!plans.ok()) return plans.status();
  const auto expect = env::ReadWhole(*files_, expect_file, kJsonMax);
  if (!expect.ok()) return expect.status();
  return scenario::LoadKnownStore(plans_file, AsText(plans.value()), golden, expect_file,
                                  AsText(expect.value()));
}

}  // namespace atrest::runner
