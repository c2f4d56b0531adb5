// The scenarios of clusters on the simulator's nodes, each with its expectations turned against it
// too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/driver/registry.h"
#include "harness/runner/execute.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using testing::HasSubstr;
using verdict::Kind;

constexpr uint64_t kSeeds = 8;

class ClusterScenariosTest : public testing::Test {
 protected:
  std::vector<scenario::Scenario> All() {
    auto all = suite_.Load({"cluster/nodes"});
    EXPECT_TRUE(all.ok()) << all.status().message();
    return all.ok() ? std::move(all).value() : std::vector<scenario::Scenario>();
  }
  scenario::Scenario One(const std::string& id) {
    for (scenario::Scenario& scenario : All()) {
      if (scenario.id == id) return std::move(scenario);
    }
    ADD_FAILURE() << "no scenario " << id;
    return {};
  }
  verdict::Verdict On(const std::string& target, const scenario::Scenario& scenario,
                      uint64_t seed = 1) {
    driver::DriverOptions options;
    options.seed = seed;
    const auto driver = driver::MakeDriver(target, options).value();
    return Execute(scenario, *driver, suite_, files_);
  }

  env::PosixFileSystem files_;
  Suite suite_ = Suite::Open(files_, ".").value();
};

// One expectation after the other in the place of one that holds: each has another member, or
// another item of a list, turned against what is so.
class Turned {
 public:
  explicit Turned(const scenario::Expectation& holds) : holds_(holds) {
    OfStarts();
    OfClients();
    OfDisks();
  }
  std::vector<scenario::Expectation> all;

 private:
  template <typename Change>
  void Add(Change change) {
    all.push_back(holds_);
    change(all.back());
  }
  void OfStarts() {
    if (holds_.refusal) Add([](auto& e) { *e.refusal += " and more"; });
    if (holds_.exit_code) Add([](auto& e) { e.exit_code = 3 - *e.exit_code; });
    if (holds_.started) Add([](auto& e) { e.started = !*e.started; });
    if (holds_.errors) Add([](auto& e) { e.errors->push_back("never logged"); });
    if (holds_.warnings) Add([](auto& e) { e.warnings->push_back("never logged"); });
  }
  void OfClients() {
    if (holds_.published) Add([](auto& e) { e.published = !*e.published; });
    if (holds_.receives)
      Add([](auto& e) { e.receives->push_back({99, std::string("never published"), {}}); });
    if (holds_.receives && !holds_.receives->empty()) Add([](auto& e) { e.receives->pop_back(); });
  }
  void OfDisks() {
    for (size_t i = 0; i < holds_.entries.size(); ++i)
      Add([i](auto& e) { e.entries[i].is_there = !e.entries[i].is_there; });
    for (size_t i = 0; i < holds_.entries.size(); ++i) {
      if (holds_.entries[i].opened_by)
        Add([i](auto& e) { e.entries[i].opened_by->push_back("no key"); });
    }
    for (size_t i = 0; i < holds_.messages.size(); ++i)
      Add([i](auto& e) { e.messages[i].cipher = "no cipher"; });
    for (const auto& [text, found] : holds_.texts)
      Add([&text = text](auto& e) { e.texts[text] = !e.texts[text]; });
    for (const auto& [path, size] : holds_.sizes)
      Add([&path = path](auto& e) { e.sizes[path] = 12345; });
    if (holds_.snapshots) Add([](auto& e) { ++*e.snapshots; });
    if (holds_.configurations) Add([](auto& e) { ++*e.configurations; });
  }

  const scenario::Expectation& holds_;
};

TEST_F(ClusterScenariosTest, EachPassesOnTheSimulator) {
  const auto all = All();
  EXPECT_GE(all.size(), 90u);
  // What is expected does not depend on who is elected first, nor on when snapshots are taken.
  for (const scenario::Scenario& scenario : all) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const verdict::Verdict verdict = On("sim", scenario, seed);
      EXPECT_EQ(verdict.kind, Kind::kPass) << scenario.id << " " << seed << ": " << verdict.message;
    }
  }
}

TEST_F(ClusterScenariosTest, NoExpectationHoldsWhenItIsTurned) {
  for (const scenario::Scenario& scenario : All()) {
    for (size_t i = 0; i < scenario.expectations.size(); ++i) {
      const Turned turned(scenario.expectations[i]);
      EXPECT_FALSE(turned.all.empty()) << scenario.id << " " << i;
      for (const scenario::Expectation& wrong : turned.all) {
        scenario::Scenario other = scenario;
        other.expectations[i] = wrong;
        const verdict::Verdict verdict = On("sim", other);
        EXPECT_EQ(verdict.kind, Kind::kFail) << scenario.id << " " << i;
        EXPECT_THAT(verdict.message, HasSubstr("\"" + wrong.step + "\"")) << scenario.id;
      }
    }
  }
}

TEST_F(ClusterScenariosTest, TheNodeThatFailsIsNamed) {
  scenario::Scenario scenario = One("cluster/nodes/keys/own");
  for (scenario::Expectation& expected : scenario.expectations) {
    if (expected.step == "disk-b") expected.entries.front().opened_by = {"key-a"};
  }
  EXPECT_EQ(On("sim", scenario).message,
            "node b: step \"disk-b\": the Raft log and foo:1: opened by key-a is expected, but it "
            "is key-b");
}

TEST_F(ClusterScenariosTest, ARefusalThatNothingSpeaksOfFails) {
  scenario::Scenario scenario = One("cluster/nodes/wrong_key/chacha");
  scenario.steps.push_back({"then", scenario::Start{}, "b"});
  scenario.expectations.front().step = "then";
  scenario.expectations.front().refusal.reset();
  scenario.expectations.front().exit_code.reset();
  scenario.expectations.front().started = true;
  const verdict::Verdict verdict = On("sim", scenario);
  EXPECT_EQ(verdict.kind, Kind::kFail);
  EXPECT_THAT(verdict.message, HasSubstr("node c: a start is expected, but it refused"));
}

TEST_F(ClusterScenariosTest, TwoRunsAreTheSame) {
  const scenario::Scenario scenario = One("cluster/nodes/keys/own");
  const verdict::Verdict first = On("sim", scenario);
  const verdict::Verdict second = On("sim", scenario);
  EXPECT_EQ(first.trace, second.trace);
  EXPECT_EQ(first.log, second.log);
}

TEST_F(ClusterScenariosTest, OthersSkipThemWithTheReason) {
  const verdict::Verdict verdict = On("inproc", One("cluster/nodes/keys/own"));
  EXPECT_EQ(verdict.kind, Kind::kSkipped);
  EXPECT_EQ(verdict.message, "the target lacks the capability \"nodes\"");
}

TEST_F(ClusterScenariosTest, WhatANodeIsInNoStateForIsNoVerdictOnIt) {
  scenario::Scenario scenario = One("cluster/nodes/keys/same");
  scenario.steps.push_back({"", scenario::Start{}, "a"});
  const verdict::Verdict verdict = On("sim", scenario);
  EXPECT_EQ(verdict.kind, Kind::kHarnessError);
  EXPECT_EQ(verdict.message, "node a runs already");
}

}  // namespace
}  // namespace atrest::runner
