// Adapters that break their protocol, one way each: exactly one verdict, and nothing is left.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "harness/driver/registry.h"
#include "harness/runner/execute.h"
#include "harness/runner/run.h"
#include "reference/env/fixed_env.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using verdict::Kind;

constexpr int64_t kAnswerMs = 1'500;

scenario::Scenario PublishAndRead() {
  scenario::Scenario scenario;
  scenario.id = "test/id";
  scenario.requirements = {"D-01"};
  scenario.needs = {"memory"};
  scenario::Start start;
  start.settings.store = "memory";
  scenario.steps = {{"", start},
                    {"", scenario::Publish{"foo", {"one", ""}}},
                    {"", scenario::Read{"foo"}},
                    {"", scenario::Stop{}}};
  return scenario;
}

// Whether a process has TEXT among its arguments; the dead have none.
bool RunsWith(const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string arguments((std::istreambuf_iterator<char>(file)), {});
    if (arguments.find(text) != std::string::npos) return true;
  }
  return false;
}

class MisbehavingTest : public testing::Test {
 protected:
  std::string Target(const std::string& how) const {
    return "stdio:python3 fixtures/adapters/misbehaving.py " + how + " " + mark_;
  }
  static driver::DriverOptions Options() {
    driver::DriverOptions options;
    options.answer_ms = kAnswerMs;
    return options;
  }

  verdict::Verdict VerdictOn(const std::string& how) {
    const auto suite = Suite::Open(files_, ".").value();
    auto driver = driver::MakeDriver(Target(how), Options());
    EXPECT_TRUE(driver.ok()) << driver.status().message();
    scenario::Scenario scenario = PublishAndRead();
    if (interrupt_) scenario.steps.insert(scenario.steps.begin() + 1, {"", *interrupt_});
    return Execute(scenario, *driver.value(), suite, files_);
  }
  void Expect(const std::string& how, Kind kind, const std::string& message) {
    const auto verdict = VerdictOn(how);
    EXPECT_EQ(verdict::NameOf(verdict.kind), std::string(verdict::NameOf(kind)));
    EXPECT_EQ(verdict.message.substr(0, message.size()), message);
    ExpectNothingLeft();
  }
  // A kill takes effect a moment after the call.
  void ExpectNothingLeft() {
    for (int i = 0; i < 5000 && RunsWith(mark_); ++i) ::usleep(1000);
    EXPECT_FALSE(RunsWith(mark_));
  }

  Result<verdict::RunSummary> RunAll(const std::string& how, int& starts) {
    RunOptions options;
    options.target = Target(how);
    options.make_driver = [&](driver::DriverOptions made) {
      ++starts;
      made.answer_ms = kAnswerMs;
      return driver::MakeDriver(options.target, made);
    };
    env::FixedClock clock(0);
    const auto suite = Suite::Open(files_, ".").value();
    return runner::Run(suite, {PublishAndRead(), PublishAndRead()}, options, {}, files_, clock);
  }

  env::PosixFileSystem files_;
  std::optional<scenario::Interrupt> interrupt_;  // armed behind the start
  const std::string mark_ = "mark-" + std::to_string(::getpid());
};

TEST_F(MisbehavingTest, OneThatBehavesPasses) { Expect("not-at-all", Kind::kPass, ""); }

TEST_F(MisbehavingTest, Exit0AtOnce) {
  Expect("exit-0", Kind::kCrashed,
         "the target ended by itself: exit 0 instead of answering \"hello\"");
}
TEST_F(MisbehavingTest, Exit3) {
  Expect("exit-3", Kind::kCrashed,
         "the target ended by itself: exit 3 instead of answering \"publish\"");
}
TEST_F(MisbehavingTest, Abort) {
  Expect("abort", Kind::kCrashed,
         "the target ended by itself: signal 6 instead of answering \"publish\"");
}
TEST_F(MisbehavingTest, HalfALineAndExit) {
  Expect("half-a-line-and-exit", Kind::kCrashed,
         "the target ended by itself: exit 0 instead of answering \"publish\", after half a line: "
         "{\"id\": 3, \"ack");
}
TEST_F(MisbehavingTest, AGrandchildHoldsThePipes) {
  Expect("grandchild", Kind::kCrashed,
         "the target ended by itself: exit 0 instead of answering \"publish\"");
}

TEST_F(MisbehavingTest, Hang) {
  Expect("hang", Kind::kTimeout, "the adapter did not answer \"publish\" within ");
}
TEST_F(MisbehavingTest, HangAtOnce) {
  Expect("hang-at-once", Kind::kTimeout, "the adapter did not answer \"hello\" within 3 s");
}
TEST_F(MisbehavingTest, HalfALine) {
  Expect("half-a-line", Kind::kTimeout, "the adapter did not answer \"publish\" within ");
  EXPECT_NE(VerdictOn("half-a-line").message.find("of a line without its end came: {\"id\": 3"),
            std::string::npos);
}
TEST_F(MisbehavingTest, ClosesItsInputAndHangs) {
  Expect("closes-stdin", Kind::kTimeout, "the adapter did not answer \"publish\" within ");
}

TEST_F(MisbehavingTest, EndlessLine) {
  Expect("endless-line", Kind::kHarnessError,
         "the protocol is broken: a line of more than 67108864 bytes in answer to \"publish\"");
}
TEST_F(MisbehavingTest, Garbage) {
  Expect("garbage", Kind::kHarnessError,
         "the protocol is broken: a JSON object in one line was expected, but it wrote: "
         "Segmentation fault in paradise (write nothing else to the standard output)");
}
// Watched for a write that does not come, each ends as it does unwatched.
TEST_F(MisbehavingTest, WhileAnInterruptIsArmed) {
  interrupt_ = scenario::Interrupt{};
  Expect("not-at-all", Kind::kPass, "");
  Expect("exit-3", Kind::kCrashed,
         "the target ended by itself: exit 3 instead of answering \"publish\"");
  Expect("abort", Kind::kCrashed,
         "the target ended by itself: signal 6 instead of answering \"publish\"");
  Expect("grandchild", Kind::kCrashed,
         "the target ended by itself: exit 0 instead of answering \"publish\"");
  Expect("hang", Kind::kTimeout, "the adapter did not answer \"publish\" within ");
  Expect("closes-stdout", Kind::kHarnessError,
         "the protocol is broken: it closed its standard output and runs on, instead of answering "
         "\"publish\"");
}
TEST_F(MisbehavingTest, GarbageThatIsNearlyRight) {
  for (const char* how : {"not-utf-8", "array", "deep"})
    Expect(how, Kind::kHarnessError,
           "the protocol is broken: a JSON object in one line was expected, but it wrote: ");
}
TEST_F(MisbehavingTest, WrongId) {
  for (const char* how : {"wrong-id", "no-id"})
    Expect(how, Kind::kHarnessError,
           "the protocol is broken: an answer with \"id\": 3 was expected, but it wrote: ");
}
TEST_F(MisbehavingTest, AnswersTwice) {
  const auto verdict = VerdictOn("answers-twice");
  EXPECT_EQ(verdict.kind, Kind::kHarnessError);
  // Seen before the next request or in its place, as the two lines happen to come.
  EXPECT_NE(verdict.message.find("but it wrote: {\"id\": 3, \"acked\": 2}"), std::string::npos)
      << verdict.message;
  ExpectNothingLeft();
}
TEST_F(MisbehavingTest, ClosesItsOutputOnly) {
  Expect("closes-stdout", Kind::kHarnessError,
         "the protocol is broken: it closed its standard output and runs on, instead of answering "
         "\"publish\"");
}
TEST_F(MisbehavingTest, LiesInHello) {
  Expect("other-protocol", Kind::kHarnessError,
         "the protocol is broken: in answer to \"hello\": \"protocol\": 1 was expected, but");
  Expect(
      "no-capabilities", Kind::kHarnessError,
      "the protocol is broken: in answer to \"hello\": a list of strings as \"capabilities\" was "
      "expected, but");
  Expect("unimplemented", Kind::kHarnessError,
         "the protocol is broken: in answer to \"publish\": the adapter must do this, by the "
         "capabilities that it declares, but it answered unimplemented: not in the mood");
}
TEST_F(MisbehavingTest, AnswersWithWrongMembers) {
  Expect(
      "no-acked", Kind::kHarnessError,
      "the protocol is broken: in answer to \"publish\": a number, not negative, as \"acked\" was "
      "expected, but the answer is {\"id\":3}");
  Expect("too-many-acked", Kind::kHarnessError,
         "the protocol is broken: in answer to \"publish\": \"acked\": 2 at most was expected");
}

TEST_F(MisbehavingTest, AFloodOnTheStandardErrorIsNoFault) {
  Expect("stderr-flood-and-store", Kind::kPass, "");
}
TEST_F(MisbehavingTest, IgnoresSigterm) { Expect("ignores-sigterm", Kind::kPass, ""); }

TEST_F(MisbehavingTest, ACommandThatCannotBeRun) {
  const auto suite = Suite::Open(files_, ".").value();
  const auto driver = driver::MakeDriver("stdio:no-such-adapter-anywhere", Options());
  ASSERT_TRUE(driver.ok());
  const auto verdict = Execute(PublishAndRead(), *driver.value(), suite, files_);
  EXPECT_EQ(verdict.kind, Kind::kHarnessError);
  EXPECT_NE(verdict.message.find("the command cannot be run: "), std::string::npos);
}

TEST_F(MisbehavingTest, TheLastWordsAreShownWithTheVerdict) {
  const auto driver = driver::MakeDriver("stdio:sh -c 'echo went wrong >&2; exit 5'", Options());
  const auto suite = Suite::Open(files_, ".").value();
  const auto verdict = Execute(PublishAndRead(), *driver.value(), suite, files_);
  EXPECT_EQ(verdict.message, "the target ended by itself: exit 5 instead of answering \"hello\"");
  EXPECT_EQ(verdict.log, std::vector<std::string>{"[stderr] went wrong"});
}

TEST_F(MisbehavingTest, ATimeoutIsConfirmedOnceByASlowRun) {
  int starts = 0;
  const auto summary = RunAll("hang", starts).value();
  EXPECT_EQ(summary.verdicts[0].kind, Kind::kTimeout);
  EXPECT_EQ(summary.verdicts[1].kind, Kind::kTimeout);
  EXPECT_EQ(starts, 4);  // the first look, twice, and once
}

TEST_F(MisbehavingTest, ATimeoutThatDoesNotComeAgainIsNoVerdict) {
  const std::string file = testing::TempDir() + mark_;
  int starts = 0;
  const auto summary = RunAll("hang-once " + file, starts).value();
  std::filesystem::remove(file);
  EXPECT_EQ(summary.verdicts[0].kind, Kind::kPass);
  EXPECT_TRUE(summary.verdicts[0].trace.front().starts_with(
      "a first attempt timed out: the adapter did not answer \"publish\""))
      << summary.verdicts[0].trace.front();
  EXPECT_FALSE(summary.verdicts[1].trace.front().starts_with("a first attempt"));
  EXPECT_EQ(starts, 4);  // the first look, twice, and once
}

TEST_F(MisbehavingTest, WhatFailsAtHelloIsNotTriedForEachScenario) {
  int starts = 0;
  const auto summary = RunAll("exit-0", starts).value();
  EXPECT_FALSE(summary.trouble.empty());
  EXPECT_EQ(summary.verdicts[0].kind, Kind::kCrashed);
  EXPECT_EQ(summary.verdicts[1].kind, Kind::kCrashed);
  EXPECT_EQ(starts, 1);
}

}  // namespace
}  // namespace atrest::runner
