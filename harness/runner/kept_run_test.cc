#include "harness/runner/kept_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/driver/registry.h"
#include "harness/runner/kept_judge.h"
#include "harness/runner/observation_json.h"
#include "harness/runner/run.h"
#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

constexpr char kDirectory[] = "/kept-run";

// Keeps the execution of scenarios on a target in memory.
class KeptRunTest : public testing::Test {
 protected:
  verdict::Verdict Keep(const scenario::Scenario& scenario, const std::string& target) {
    const auto driver = driver::MakeDriver(target, {}).value();
    return KeepOn(*driver, scenario, target);
  }
  verdict::Verdict KeepOn(driver::Driver& target_driver, const scenario::Scenario& scenario,
                          const std::string& target) {
    KeepingDriver driver(target_driver);
    KeepObserver keeper(kept_, kDirectory + ("/" + scenario.id), driver);
    ExecuteOptions options;
    options.observer = &keeper;
    auto verdict = ExecuteWith(scenario, driver, suite_, files_, options).verdict;
    const Status ended = keeper.End(suite_.TextOf(scenario.id).value(), verdict, driver);
    EXPECT_TRUE(ended.ok()) << ended.message();
    head_ = {target, "", 1, driver.Info(), {scenario.id}};
    return verdict;
  }
  Result<verdict::Verdict> Judge(const std::string& id) {
    const auto kept = KeptScenario::Read(kept_, kDirectory, id, suite_);
    if (!kept.ok()) return kept.status();
    return kept.value().Judge(head_, suite_, files_, {});
  }
  void ExpectTheSameOfAll(const std::string& target) {
    for (const scenario::Scenario& scenario : suite_.Load({}).value()) {
      const auto given = Keep(scenario, target);
      const auto judged = Judge(scenario.id);
      ASSERT_TRUE(judged.ok()) << scenario.id << ": " << judged.status().message();
      EXPECT_EQ(verdict::NameOf(judged.value().kind), std::string(verdict::NameOf(given.kind)))
          << scenario.id << ": " << given.message << " / " << judged.value().message;
      EXPECT_EQ(judged.value().message, given.message) << scenario.id;
      EXPECT_EQ(judged.value().oracle, given.oracle) << scenario.id;
      EXPECT_EQ(judged.value().trace, given.trace) << scenario.id;
    }
  }
  scenario::Scenario Named(const std::string& id) { return suite_.Load({id}).value().front(); }
  void Replace(const std::string& path, const std::string& text) {
    ASSERT_TRUE(env::WriteWhole(kept_, kDirectory + ("/" + path), AsBytes(text)).ok());
  }

  env::PosixFileSystem files_;
  const Suite suite_ = Suite::Open(files_, ".").value();
  env::MemFileSystem kept_;
  KeptHead head_;
};

TEST_F(KeptRunTest, JudgedAgainEveryVerdictIsTheSame) { ExpectTheSameOfAll("inproc"); }

TEST_F(KeptRunTest, SoItIsForATargetThatFails) { ExpectTheSameOfAll("canary:plain"); }

// A target that tells the next to come along its keys.
class Chatty : public KeepingDriver {
 public:
  using KeepingDriver::KeepingDriver;
  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override {
    for (const auto& [name, key] : keys) said_ += "the key is " + key + "\n";
    return KeepingDriver::Start(settings, keys);
  }
  std::string TakeOutput() override { return std::exchange(said_, {}); }

 private:
  std::string said_;
};

TEST_F(KeptRunTest, SecretsInTheOutputAreSeenAgain) {
  const auto scenario = Named("crypto/secrets/wrong_key");
  const auto inproc = driver::MakeDriver("inproc", {}).value();
  Chatty chatty(*inproc);
  const auto given = KeepOn(chatty, scenario, "inproc");
  EXPECT_EQ(given.oracle, "disk");
  EXPECT_EQ(given.kind, verdict::Kind::kFail);
  const auto judged = Judge(scenario.id).value();
  EXPECT_EQ(judged.message, given.message);
  EXPECT_EQ(judged.kind, given.kind);
}

TEST_F(KeptRunTest, ADirectoryWithOtherThingsIsRefused) {
  EXPECT_TRUE(MayKeepIn(kept_, "/none").ok());
  ASSERT_TRUE(kept_.MakeDirectories(kDirectory).ok());
  EXPECT_TRUE(MayKeepIn(kept_, kDirectory).ok());
  Replace("notes.txt", "mine");
  EXPECT_EQ(MayKeepIn(kept_, kDirectory).message(),
            "/kept-run: is not empty, and holds no kept run (no run.json)");
  ASSERT_TRUE(WriteHead(kept_, kDirectory, {"inproc", "", 1, {}, {}}).ok());
  EXPECT_TRUE(MayKeepIn(kept_, kDirectory).ok());
}

TEST_F(KeptRunTest, OnlyWhatAStepChangedIsKept) {
  Keep(Named("crypto/round_trip/aes_restart"), "inproc");
  const std::string folder = std::string(kDirectory) + "/crypto/round_trip/aes_restart/files/";
  EXPECT_TRUE(kept_.Exists(folder + "0/server.dat"));
  EXPECT_FALSE(kept_.Exists(folder + "1/server.dat"));
}

TEST_F(KeptRunTest, WhatIsMissingOrChangedIsTold) {
  const std::string id = "crypto/round_trip/aes_restart";
  Keep(Named(id), "inproc");
  Replace(id + "/files/0/server.dat", "something else");
  EXPECT_EQ(Judge(id).status().message(),
            "/kept-run/" + id + "/files/0/server.dat: is not as it was kept");
  ASSERT_TRUE(kept_.Remove(std::string(kDirectory) + "/" + id + "/files/0/server.dat").ok());
  EXPECT_THAT(Judge(id).status().message(), testing::StartsWith("the kept run is not whole: open"));
  Replace(id + "/kept.json", "{");
  EXPECT_EQ(Judge(id).status().message(), "/kept-run/" + id + "/kept.json: is not JSON");
  Replace(id + "/kept.json", "{}");
  EXPECT_THAT(Judge(id).status().message(), testing::HasSubstr("not a verdict"));
  EXPECT_THAT(Judge("crypto/none").status().message(),
              testing::StartsWith("the kept run is not whole: open"));
}

TEST_F(KeptRunTest, AHeadComesBack) {
  const KeptHead head{
      "inproc",     "/bin/x",        7, {"inproc", "0.25.6", {"file"}, true, {{"kill", "why"}}},
      {"a/b", "c"}, {"D-01", "D-02"}};
  ASSERT_TRUE(WriteHead(kept_, kDirectory, head).ok());
  const KeptHead read = ReadHead(kept_, kDirectory).value();
  EXPECT_EQ(read.target, head.target);
  EXPECT_EQ(read.server, head.server);
  EXPECT_EQ(read.seed, head.seed);
  EXPECT_EQ(read.info.capabilities, head.info.capabilities);
  EXPECT_TRUE(read.info.is_reference);
  EXPECT_EQ(read.info.lacks, head.info.lacks);
  EXPECT_EQ(read.requirements, head.requirements);
  EXPECT_EQ(read.scenarios, head.scenarios);
  EXPECT_FALSE(ReadHead(kept_, "/none").ok());
}

TEST(ObservationJsonTest, EveryKindOfOutcomeComesBack) {
  const std::vector<verdict::Outcome> outcomes = {
      verdict::Done{},
      verdict::Started{false, "no \xff", 1},
      verdict::Published{3, "late"},
      verdict::Read{{{7, std::string("\0\x01\xfe", 3), "foo", true}}, ""},
      verdict::Crashed{"signal 6"},
      verdict::Answered{"refused"},
      verdict::Reply{"+OK\r\n", false, true},
      verdict::Undecided{"u"},
      verdict::TimedOut{"t"},
      verdict::Violated{"v"},
      verdict::Unimplemented{"i"}};
  for (const verdict::Outcome& outcome : outcomes) {
    const auto document = ToJson(verdict::Observation{outcome, {{"ERR", "line"}}});
    const auto seen = ObservationFrom(nlohmann::json::parse(document.dump()));
    ASSERT_TRUE(seen.ok()) << document;
    EXPECT_EQ(seen.value().outcome.index(), outcome.index());
    EXPECT_EQ(ToJson(seen.value()), document);
  }
  EXPECT_FALSE(ObservationFrom({{"outcome", 3}}).ok());
}

}  // namespace
}  // namespace atrest::runner
