#include "harness/compare/generator.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/compare/order.h"
#include "reference/env/posix_env.h"

namespace atrest::compare {
namespace {

constexpr uint64_t kSeeds = 1000;
const std::set<std::string> kOfAStore = {"file", "memory", "kill", "format:stan-file-1"};
const std::set<std::string> kOfAServer = {"file",   "memory", "kill",   "format:stan-file-1",
                                          "client", "raw",    "program"};

std::string Register() {
  env::PosixFileSystem files;
  const auto read = env::ReadWhole(files, "scenarios/requirements.json", 1u << 24);
  return read.ok() ? std::string(AsText(read.value())) : "";
}

std::string Print(const Case& one) { return PrintCase(one, "A case", "D-01"); }

Case Made(uint64_t seed, const std::set<std::string>& capabilities) {
  return Generate(seed, GeneratorOptions{30, capabilities});
}

TEST(Generator, SameSeedMakesTheSameCase) {
  for (uint64_t seed = 1; seed <= 50; ++seed)
    EXPECT_EQ(Print(Made(seed, kOfAServer)), Print(Made(seed, kOfAServer)));
  EXPECT_NE(Print(Made(1, kOfAServer)), Print(Made(2, kOfAServer)));
}

TEST(Generator, EveryCasePassesTheChecksOfScenariosAndIsReadBackUnchanged) {
  const std::string requirements = Register();
  for (const auto& capabilities : {kOfAStore, kOfAServer}) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Case one = Made(seed, capabilities);
      const std::string printed = Print(one);
      const auto loaded = LoadCase("case.json", printed, requirements);
      ASSERT_TRUE(loaded.ok()) << loaded.status().message() << "\n" << printed;
      ASSERT_EQ(Print(loaded.value()), printed);
    }
  }
}

TEST(Generator, EveryCaseIsOrderedSettledAndStopped) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Case one = Made(seed, kOfAServer);
    EXPECT_GE(one.steps.size(), 30u);
    EXPECT_EQ(Repair(one.steps).size(), one.steps.size());
    Order order;
    for (const Step& step : one.steps) {
      ASSERT_TRUE(order.Admits(step)) << Describe(step);
      order.Apply(step);
    }
    EXPECT_FALSE(order.running());
  }
}

TEST(Generator, AsksNothingThatTheTargetsCannotDo) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const Step& step : Made(seed, {"file"}).steps) {
      EXPECT_FALSE(std::holds_alternative<scenario::Kill>(step.action));
      EXPECT_FALSE(std::holds_alternative<scenario::ClientStep>(step.action));
      if (const auto* start = std::get_if<scenario::Start>(&step.action)) {
        EXPECT_EQ(start->settings.store, "file");
        EXPECT_TRUE(start->settings.arguments.empty());
      }
    }
  }
}

TEST(Generator, CoversEveryKindOfStep) {
  std::set<size_t> actions;
  std::set<size_t> client_steps;
  std::set<size_t> operations;
  bool exchanges = false;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const Step& step : Made(seed, kOfAServer).steps) {
      actions.insert(step.action.index());
      exchanges = exchanges || step.exchange;
      if (const auto* client = std::get_if<scenario::ClientStep>(&step.action))
        client_steps.insert(client->index());
      if (const auto* tamper = std::get_if<scenario::Tamper>(&step.action)) {
        for (const auto& operation : tamper->operations) operations.insert(operation.index());
      }
    }
  }
  // All but golden, inspect, interrupt and elect.
  EXPECT_EQ(actions.size(), std::variant_size_v<scenario::Action> - 4);
  EXPECT_GE(client_steps.size(), 8u);
  // All but those that forge, roll back, and take a Raft log's records and buckets away.
  EXPECT_EQ(operations.size(), std::variant_size_v<scenario::TamperOperation> - 6);
  EXPECT_TRUE(exchanges);
}

}  // namespace
}  // namespace atrest::compare
