// Whatever generated scenario shows a planted defect, what is left of it is the same.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "harness/compare/generator.h"
#include "harness/driver/registry.h"
#include "harness/scenario/needs.h"
#include "harness/scenario/print.h"
#include "harness/shrink/reproduce.h"
#include "reference/env/posix_env.h"

namespace atrest::shrink {
namespace {

constexpr size_t kSeeds = 20;
constexpr uint64_t kSeedMax = 3000;
constexpr size_t kExecutionsMax = 150;

struct Planted {
  const char* target;
  const char* oracle;
  const char* requirement;
  const char* about;
  size_t generated;  // steps that a scenario begins with
  const char* left;  // the steps of its minimum, as they are printed
};

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.target; }

class PlantedTest : public testing::TestWithParam<Planted> {
 protected:
  PlantedTest() : suite_(runner::Suite::Open(files_, ".").value()) {}

  static driver::DriverFactory Make(const char* target) {
    return [target](const driver::DriverOptions& options) {
      return driver::MakeDriver(target, options);
    };
  }
  Bench bench() const { return {suite_, files_, Make(GetParam().target), Make("inproc")}; }

  static scenario::Scenario Generated(uint64_t seed) {
    const compare::Case one = compare::Generate(
        seed, {GetParam().generated, {"file", "memory", "kill", "format:stan-file-1"}});
    scenario::Scenario scenario;
    scenario.id = "planted";
    scenario.title = "Generated";
    scenario.requirements = {"D-01"};
    scenario.keys = one.keys;
    for (const compare::Step& step : one.steps) scenario.steps.push_back({"", step.action});
    const auto needs = scenario::NeedsOf(scenario.steps);
    scenario.needs.assign(needs.begin(), needs.end());
    return scenario;
  }

  Fingerprint failure() const {
    const Planted& planted = GetParam();
    return {verdict::Suite::kConformance, "fail", planted.oracle, planted.requirement,
            planted.about};
  }

  mutable env::PosixFileSystem files_;
  runner::Suite suite_;
};

// The steps of a printed scenario, on one line.
std::string StepsIn(const std::string& printed) {
  const auto steps = nlohmann::ordered_json::parse(printed)["steps"];
  std::string text;
  for (const auto& step : steps) text += step.dump() + "\n";
  return text;
}

TEST_P(PlantedTest, IsTheSameFromEverySeed) {
  std::map<std::string, std::string> minima;  // printed -> the seeds that it came from
  size_t minimised = 0;
  for (uint64_t seed = 1; seed <= kSeedMax && minimised < kSeeds; ++seed) {
    const scenario::Scenario generated = Generated(seed);
    const shrink::Run run = RunFor(bench(), failure(), generated);
    if (!run(generated)) continue;
    ++minimised;
    const Minimum minimum = Minimise(generated, failure(), run, {}, nullptr);
    EXPECT_TRUE(minimum.complete) << "seed " << seed;
    EXPECT_LE(minimum.executions, kExecutionsMax) << "seed " << seed;
    EXPECT_EQ(minimum.step + 1, minimum.scenario.steps.size());
    minima[scenario::PrintScenario(minimum.scenario)] += " " + std::to_string(seed);
  }
  EXPECT_EQ(minimised, kSeeds);
  for (const auto& [printed, seeds] : minima)
    EXPECT_EQ(StepsIn(printed), GetParam().left) << "of seeds" << seeds;
  EXPECT_EQ(minima.size(), 1u);
}

constexpr char kLazyKey[] = R"({"start":{}}
{"publish":{"channel":"foo","payloads":["message no. 1"]}}
{"stop":{}}
{"start":{"encrypt":true,"key":"K"}}
{"publish":{"channel":"foo","payloads":["message no. 2"]}}
)";
constexpr char kCipherSwitch[] = R"({"start":{"encrypt":true,"key":"K"}}
{"publish":{"channel":"foo","payloads":["message no. 1"]}}
{"stop":{}}
{"start":{"encrypt":true,"cipher":"CHACHA","key":"K"}}
{"publish":{"channel":"foo","payloads":["message no. 2"]}}
)";
constexpr char kKillClear[] = R"({"start":{}}
{"publish":{"channel":"foo","payloads":["message no. 1","message no. 2"]}}
{"kill":{}}
{"start":{"encrypt":true,"key":"K"}}
{"publish":{"channel":"foo","payloads":["message no. 3"]}}
)";
constexpr char kReadLeak[] = R"({"start":{"encrypt":true,"key":"K"}}
{"publish":{"channel":"foo","payloads":["message no. 1"]}}
{"read":{"channel":"foo","from":"first"}}
{"stop":{}}
)";
constexpr char kWrongKeyLoss[] = R"({"start":{"encrypt":true,"key":"K"}}
{"publish":{"channel":"foo","payloads":["message no. 1"]}}
{"stop":{}}
{"start":{"encrypt":true,"key":"other"}}
{"stop":{}}
{"start":{"encrypt":true,"key":"K"}}
{"read":{"channel":"foo","from":"first"}}
)";

INSTANTIATE_TEST_SUITE_P(
    Canaries, PlantedTest,
    testing::Values(Planted{"canary:lazy-key", "disk", "D-01", "", 20, kLazyKey},
                    Planted{"canary:cipher-switch", "disk", "D-08", "", 20, kCipherSwitch},
                    Planted{"canary:kill-clear", "disk", "D-01", "", 20, kKillClear},
                    Planted{"canary:read-leak", "disk", "D-01", "", 20, kReadLeak},
                    Planted{"canary:wrong-key-loss", "model", "", "must be delivered", 40,
                            kWrongKeyLoss}));

}  // namespace
}  // namespace atrest::shrink
