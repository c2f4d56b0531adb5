#include "harness/runner/disputes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/suite.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using verdict::Kind;

constexpr char kRegister[] = R"([
  {"id": "X-1", "claim": "D-01", "document": "d", "server": "s", "source": "e", "scenarios": ["a"],
   "message": "foo:? must be sealed*"},
  {"id": "X-2", "claim": "D-07", "document": "d", "server": "s", "source": "e", "scenarios": []}])";

verdict::Verdict Settled(Kind kind, verdict::Suite suite, const std::string& requirement,
                         const std::string& message, const std::string& scenario = "a") {
  verdict::Verdict verdict;
  verdict.scenario = scenario;
  verdict.kind = kind;
  verdict.suite = suite;
  verdict.requirement = requirement;
  verdict.message = message;
  Disputes::Parse("register", kRegister).value().Settle(verdict);
  return verdict;
}

TEST(DisputesTest, AFailureThatAnEntryExplainsIsADispute) {
  const auto verdict = Settled(Kind::kFail, verdict::Suite::kConformance, "D-01",
                               "foo:1 must be sealed, but is not");
  EXPECT_EQ(verdict.kind, Kind::kDisputed);
  EXPECT_EQ(verdict.dispute, "X-1");
}

TEST(DisputesTest, NothingElseIs) {
  const auto kind_of = [](Kind kind, verdict::Suite suite, const char* requirement,
                          const char* message) {
    return Settled(kind, suite, requirement, message).kind;
  };
  constexpr char kSealed[] = "foo:1 must be sealed";
  EXPECT_EQ(kind_of(Kind::kFail, verdict::Suite::kConformance, "D-01", "foo:1 is lost"),
            Kind::kFail);
  EXPECT_EQ(Settled(Kind::kFail, verdict::Suite::kConformance, "D-01", kSealed, "b").kind,
            Kind::kFail);
  EXPECT_EQ(kind_of(Kind::kFail, verdict::Suite::kConformance, "D-02", kSealed), Kind::kFail);
  EXPECT_EQ(kind_of(Kind::kFail, verdict::Suite::kConformance, "D-07", ""), Kind::kFail);
  EXPECT_EQ(kind_of(Kind::kFail, verdict::Suite::kHardening, "D-01", kSealed), Kind::kFail);
  EXPECT_EQ(kind_of(Kind::kCrashed, verdict::Suite::kConformance, "D-01", kSealed), Kind::kCrashed);
}

TEST(DisputesTest, OneThatTheReferenceShowsIsNamedAsFarAsItCanBe) {
  EXPECT_EQ(Settled(Kind::kDisputed, verdict::Suite::kConformance, "D-01", "foo:2 must be sealed")
                .dispute,
            "X-1");
  EXPECT_EQ(Settled(Kind::kDisputed, verdict::Suite::kConformance, "D-09", "x").dispute,
            "unregistered");
}

TEST(DisputesTest, AMalformedRegisterIsRefused) {
  const auto error = [](const std::string& json) {
    return Disputes::Parse("register", json).status().message();
  };
  EXPECT_EQ(error("[{}]"), "register: /0: member \"id\" is missing");
  EXPECT_EQ(error(R"([{"id": "X", "claim": "D-01", "document": "d", "server": "s", "source": "e",
                       "scenarios": ["a"]}])"),
            "register: /0: scenarios and a message are given together or not at all");
}

TEST(DisputesTest, OursCitesClaimsAndScenariosThatExist) {
  env::PosixFileSystem files;
  const auto suite = runner::Suite::Open(files, ".").value();
  const auto disputes = suite.LoadDisputes().value();
  const auto scenarios = suite.Load({}).value();
  EXPECT_FALSE(disputes.all().empty());
  for (const Dispute& dispute : disputes.all()) {
    EXPECT_NE(suite.requirements().Find(dispute.claim), nullptr) << dispute.id;
    for (const std::string& id : dispute.scenarios) {
      const auto found = std::ranges::find(scenarios, id, &scenario::Scenario::id);
      ASSERT_NE(found, scenarios.end()) << id;
      EXPECT_NE(std::ranges::find(found->requirements, dispute.claim), found->requirements.end())
          << id;
    }
  }
}

}  // namespace
}  // namespace atrest::runner
