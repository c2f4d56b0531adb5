#include "harness/runner/suite.h"

#include <algorithm>

#include "harness/runner/workspace.h"
#include "harness/scenario/loader.h"

namespace atrest::runner {
namespace {

constexpr uint64_t kJsonMax = 16u << 20;
constexpr char kSuffix[] = ".json";
// In scenarios/, but not scenarios.
constexpr const char* kOtherFiles[] = {"requirements.json", "schema.json", "checks.json"};

// Greedy matching with one point of return: linear in the product of the lengths at worst.
bool Glob(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool MatchesPattern(const std::string& pattern, const std::string& id) {
  std::string folder = pattern;
  while (!folder.empty() && folder.back() == '/') folder.pop_back();
  return Glob(pattern, id) || id.starts_with(folder + "/");
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
    if (!path.ends_with(kSuffix) || std::ranges::find(kOtherFiles, path) != std::end(kOtherFiles))
      continue;
    const std::string id = path.substr(0, path.size() - sizeof(kSuffix) + 1);
    const auto json = env::ReadWhole(*files_, folder + "/" + path, kJsonMax);
    if (!json.ok()) return json.status();
    auto loaded =
        scenario::LoadScenario("scenarios/" + path, id, AsText(json.value()), requirements_);
    if (!loaded.ok()) return loaded.status();
    const bool wanted =
        patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
          return MatchesPattern(pattern, id);
        });
    if (wanted) scenarios.push_back(std::move(loaded).value());
  }
  return scenarios;
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
