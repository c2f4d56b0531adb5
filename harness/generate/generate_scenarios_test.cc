#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <sstream>

#include "harness/generate/properties.h"
#include "harness/scenario/loader.h"
#include "harness/scenario/print.h"

namespace atrest::generate {
namespace {

const std::set<std::string> kAll = {"file",      "memory",        "kill",    "format:stan-file-1",
                                    "client",    "raw",           "program", "clock",
                                    "interrupt", "explicit_empty"};

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

scenario::Requirements Register() {
  const std::string path = "scenarios/requirements.json";
  auto parsed = scenario::Requirements::Parse(path, Contents(path));
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() ? std::move(parsed).value() : scenario::Requirements();
}

TEST(PropertiesTest, EachHasAnIdASentenceAndRequirementsOfItsSuite) {
  const scenario::Requirements known = Register();
  std::set<std::string> ids;
  for (const Property& property : Properties()) {
    EXPECT_TRUE(std::string(property.id).starts_with("property/")) << property.id;
    EXPECT_TRUE(ids.insert(property.id).second) << property.id;
    EXPECT_FALSE(std::string(property.sentence).empty());
    EXPECT_FALSE(property.requirements.empty()) << property.id;
    for (const std::string& id : property.requirements) {
      const scenario::Requirement* requirement = known.Find(id);
      ASSERT_NE(requirement, nullptr) << id;
      EXPECT_EQ(requirement->suite, property.suite) << id;
    }
  }
  EXPECT_GE(ids.size(), 40u);
}

TEST(PropertiesTest, TheTableIsTheDocument) {
  EXPECT_EQ(Contents("harness/generate/PROPERTIES.md"), PropertiesText())
      << "write it with: atrest fuzz --list > harness/generate/PROPERTIES.md";
}

// 2,000 seeds over all properties, each printed and loaded again.
TEST(GenerateScenariosTest, TheLoaderAcceptsWhatIsGenerated) {
  const scenario::Requirements known = Register();
  constexpr uint64_t kSeeds = 2000;
  const auto& properties = Properties();
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Property& property = properties[seed % properties.size()];
    const scenario::Scenario made = Generate(property, seed, {20, kAll});
    const std::string json = scenario::PrintScenario(made);
    const auto loaded = scenario::LoadScenario("generated", made.id, json, known);
    ASSERT_TRUE(loaded.ok()) << property.id << " seed " << seed << ": " << loaded.status().message()
                             << '\n'
                             << json;
    EXPECT_EQ(scenario::PrintScenario(loaded.value()), json);
  }
}

TEST(GenerateScenariosTest, ATargetIsAskedForNothingThatItLacks) {
  const std::set<std::string> few = {"file"};
  for (const Property& property : Properties()) {
    if (!IsFor(property, few)) continue;
    for (uint64_t seed = 0; seed < 50; ++seed) {
      const scenario::Scenario made = Generate(property, seed, {20, few});
      EXPECT_EQ(made.needs, std::vector<std::string>{"file"}) << property.id << " seed " << seed;
    }
  }
}

TEST(GenerateScenariosTest, StepsAreAboutAsManyAsAskedFor) {
  for (const Property& property : Properties()) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const size_t steps = Generate(property, seed, {20, kAll}).steps.size();
      EXPECT_GE(steps, 20u) << property.id;
      EXPECT_LE(steps, 40u) << property.id;
    }
  }
}

RC_GTEST_PROP(GenerateScenariosProperty, ASeedIsAScenario, (uint64_t seed)) {
  const auto& properties = Properties();
  const Property& property = properties[seed % properties.size()];
  const GenerateOptions options{10 + seed % 20, kAll};
  RC_ASSERT(scenario::PrintScenario(Generate(property, seed, options)) ==
            scenario::PrintScenario(Generate(property, seed, options)));
}

TEST(GenerateScenariosTest, RapidCheckDrawsScenarios) {
  const Property& everything = Properties().back();
  const auto scenarios = ScenariosOf(everything, {20, kAll});
  const auto first = scenarios(rc::Random(7)).value();
  EXPECT_EQ(scenario::PrintScenario(first),
            scenario::PrintScenario(scenarios(rc::Random(7)).value()));
  EXPECT_NE(scenario::PrintScenario(first),
            scenario::PrintScenario(scenarios(rc::Random(8)).value()));
}

// A pinned value: the same seed is the same scenario on every machine and compiler.
TEST(GenerateScenariosTest, ASeedIsTheSameScenarioEverywhere) {
  uint64_t hash = 14695981039346656037u;
  for (const Property& property : Properties()) {
    for (const char c : scenario::PrintScenario(Generate(property, 42, {20, kAll})))
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  EXPECT_EQ(hash, 14352965344362313672u);
}

}  // namespace
}  // namespace atrest::generate
