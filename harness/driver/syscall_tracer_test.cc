// Watched programs are shells: what they write, and where they are ended, shows in their files.
#include "harness/driver/syscall_tracer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "harness/driver/child_process.h"
#include "reference/env/temporary_directory.h"

namespace atrest::driver {
namespace {

using scenario::Interrupt;
using Duration = ChildProcess::Duration;
constexpr Duration kLong(30'000);
constexpr Interrupt Kill(uint64_t count) {
  return {Interrupt::At::kWrite, count, Interrupt::How::kKill};
}
constexpr Interrupt Full(uint64_t count) {
  return {Interrupt::At::kWrite, count, Interrupt::How::kFull};
}
constexpr Interrupt FullFor(uint64_t count, uint64_t writes) {
  return {Interrupt::At::kWrite, count, Interrupt::How::kFull, writes};
}
constexpr Interrupt KillAtSync(uint64_t count) {
  return {Interrupt::At::kSync, count, Interrupt::How::kKill};
}

class SyscallTracerTest : public testing::Test {
 protected:
  void SetUp() override {
    const Status available = SyscallTracer::Availability();
    // Some containers forbid ptrace; scenarios are skipped there for the same reason.
    if (!available.ok()) GTEST_SKIP() << available.message();
  }

  // Runs SCRIPT with $D as the watched directory; with an input.
  std::unique_ptr<ChildProcess> Run(const std::string& script,
                                    const std::optional<Interrupt>& interrupt = {}) {
    auto environment = EnvironmentWithout({"D"});
    environment.push_back("D=" + directory_.path());
    ChildProcess::Command command{"sh", {"-c", script}, environment};
    command.has_input = true;
    command.files = {directory_.path(), "except"};
    command.interrupt = interrupt;
    auto child = ChildProcess::Start(command);
    EXPECT_TRUE(child.ok()) << child.status().message();
    return std::move(child).value();
  }
  static std::string End(ChildProcess& child) {
    const auto end = child.WaitFor(kLong);
    return end ? Describe(*end) : "runs";
  }
  std::string Contents(const std::string& name) const {
    std::ifstream file(directory_.path() + "/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static void WaitForLine(ChildProcess& child) {
    std::string out;
    while (out.find('\n') == std::string::npos && !child.WaitFor(Duration(0))) {
      child.WaitForOutput(kLong);
      out += child.TakeOutput().out;
    }
  }

  const env::TemporaryDirectory directory_;
};

TEST_F(SyscallTracerTest, TheChosenWriteIsNotDone) {
  const auto child =
      Run("echo 1 >$D/a; echo out; echo 2 >>$D/a; echo 3 >>$D/a; echo 4 >>$D/a", Kill(3));
  EXPECT_EQ(End(*child), "signal 9");
  EXPECT_TRUE(child->WasInterrupted());
  EXPECT_EQ(Contents("a"), "1\n2\n");
  EXPECT_EQ(child->TakeOutput().out, "out\n");
}

TEST_F(SyscallTracerTest, WhatIsNotReachedChangesNothing) {
  const auto child = Run("echo 1 >$D/a; mkdir $D/except; echo 2 >$D/except/b; exit 3", Kill(2));
  EXPECT_EQ(End(*child), "exit 3");
  EXPECT_FALSE(child->WasInterrupted());
  EXPECT_EQ(Contents("a"), "1\n");
  EXPECT_EQ(Contents("except/b"), "2\n");
}

TEST_F(SyscallTracerTest, SyncsAreCountedApart) {
  const auto child = Run("for i in 1 2 3; do echo $i >$D/$i; sync $D/$i; done", KillAtSync(2));
  EXPECT_EQ(End(*child), "signal 9");
  EXPECT_EQ(Contents("2"), "2\n");
  EXPECT_EQ(Contents("3"), "");
}

TEST_F(SyscallTracerTest, AFullDiskRefusesWritesUntilItIsOver) {
  const auto child =
      Run("echo 1 >$D/a; echo 2 >>$D/a || echo full; echo 3 >>$D/a || echo full; read go; "
          "echo 4 >>$D/a",
          Full(2));
  std::string out;
  while (out.size() < 10 && !child->WaitFor(Duration(0))) {
    child->WaitForOutput(kLong);
    out += child->TakeOutput().out;
  }
  EXPECT_EQ(out, "full\nfull\n");
  EXPECT_EQ(Contents("a"), "1\n");
  child->EndInterrupt();
  ASSERT_TRUE(child->Write("go\n", kLong).ok());
  EXPECT_EQ(End(*child), "exit 0");
  EXPECT_FALSE(child->WasInterrupted());
  EXPECT_EQ(Contents("a"), "1\n4\n");
}

TEST_F(SyscallTracerTest, AFullDiskMayHaveRoomAgain) {
  const auto child = Run(
      "echo 1 >$D/a; echo 2 >>$D/a || echo full; echo 3 >>$D/a || echo full; echo 4 >>$D/a",
      FullFor(2, 2));
  EXPECT_EQ(End(*child), "exit 0");
  EXPECT_EQ(child->TakeOutput().out, "full\nfull\n");
  EXPECT_EQ(Contents("a"), "1\n4\n");
}

TEST_F(SyscallTracerTest, AFullDiskIsNamedAsTheSystemDoes) {
  const auto child = Run("dd if=/dev/zero of=$D/a bs=1 count=1", Full(1));
  EXPECT_EQ(End(*child), "exit 1");
  EXPECT_NE(child->TakeOutput().err.find("No space left on device"), std::string::npos);
}

TEST_F(SyscallTracerTest, ARunningProcessIsWatchedFromThenOn) {
  const auto child = Run("echo 1 >$D/a; echo ready; read go; echo 2 >>$D/a; echo 3 >>$D/a");
  WaitForLine(*child);
  ASSERT_TRUE(child->Interrupt(Kill(2)).ok());
  ASSERT_TRUE(child->Write("go\n", kLong).ok());
  EXPECT_EQ(End(*child), "signal 9");
  EXPECT_TRUE(child->WasInterrupted());
  EXPECT_EQ(Contents("a"), "1\n2\n");
}

TEST_F(SyscallTracerTest, ALaterOrderTakesTheEarliersPlace) {
  const auto child = Run("echo ready; read go; echo 1 >$D/a; echo 2 >>$D/a; echo 3 >>$D/a");
  WaitForLine(*child);
  ASSERT_TRUE(child->Interrupt(Kill(1)).ok());
  ASSERT_TRUE(child->Interrupt(Kill(3)).ok());
  ASSERT_TRUE(child->Write("go\n", kLong).ok());
  EXPECT_EQ(End(*child), "signal 9");
  EXPECT_EQ(Contents("a"), "1\n2\n");
}

TEST_F(SyscallTracerTest, WhatItStartsIsWatchedToo) {
  const auto child = Run("sh -c 'echo 1 >$D/a; echo 2 >>$D/a' & wait; echo more >$D/b", Kill(2));
  EXPECT_EQ(End(*child), "signal 9");
  EXPECT_EQ(Contents("a"), "1\n");
  EXPECT_EQ(Contents("b"), "");
}

TEST_F(SyscallTracerTest, WhatItHadStartedBeforeIsWatchedToo) {
  const auto child = Run(
      "sh -c 'while [ ! -e $D/go ]; do :; done; echo 1 >$D/a; echo 2 >>$D/a' & echo ready; wait");
  WaitForLine(*child);
  ASSERT_TRUE(child->Interrupt(Kill(2)).ok());
  std::ofstream(directory_.path() + "/go").put('\n');
  EXPECT_EQ(End(*child), "signal 9");
  EXPECT_EQ(Contents("a"), "1\n");
}

TEST_F(SyscallTracerTest, SignalsReachAWatchedProcess) {
  const auto child =
      Run("trap 'echo 1 >$D/a; exit 7' TERM; echo ready; while :; do read x; done", Kill(2));
  WaitForLine(*child);
  child->Signal(SIGTERM);
  EXPECT_EQ(End(*child), "exit 7");
  EXPECT_EQ(Contents("a"), "1\n");
}

TEST_F(SyscallTracerTest, OneThatIgnoresTheSignalIsKilled) {
  const auto child = Run("trap '' TERM; echo ready; while :; do read x; done", Kill(1));
  WaitForLine(*child);
  child->Signal(SIGTERM);
  EXPECT_FALSE(child->WaitFor(Duration(50)));
  EXPECT_EQ(Describe(child->Kill()), "signal 9");
  EXPECT_FALSE(child->WasInterrupted());
}

TEST_F(SyscallTracerTest, OneThatIsStoppedStaysSoAndCanBeKilled) {
  const auto child = Run("echo ready; kill -STOP $$; echo 1 >$D/a; exit 4", Kill(2));
  WaitForLine(*child);
  EXPECT_FALSE(child->WaitFor(Duration(50)));
  EXPECT_EQ(Contents("a"), "");
  child->Signal(SIGCONT);
  EXPECT_EQ(End(*child), "exit 4");
  EXPECT_EQ(Contents("a"), "1\n");
}

TEST_F(SyscallTracerTest, OneThatLeavesTheGroupDoesNotOutliveIt) {
  const auto child =
      Run("setsid sh -c 'echo $$ >$D/pid; exec sleep 1000' & echo ready; read go", Kill(100));
  WaitForLine(*child);
  std::string pid;
  while (pid.find('\n') == std::string::npos) pid = Contents("pid");
  child->Kill();
  // The kernel's kill takes effect a moment later.
  const auto is_alive = [&] { return ::kill(std::stoi(pid), 0) == 0; };
  std::string state;
  for (int i = 0; i < 5000 && is_alive() && state != "Z"; ++i) {
    std::ifstream stat("/proc/" + std::to_string(std::stoi(pid)) + "/stat");
    std::string number;
    std::string name;
    stat >> number >> name >> state;
    ::usleep(1000);
  }
  EXPECT_TRUE(!is_alive() || state == "Z");
}

TEST_F(SyscallTracerTest, OneThatHasEndedCannotBeInterruptedAndThatIsNoError) {
  const auto child = Run("exit 5");
  EXPECT_EQ(End(*child), "exit 5");
  EXPECT_TRUE(child->Interrupt(Kill(1)).ok());
  EXPECT_FALSE(child->WasInterrupted());
}

TEST_F(SyscallTracerTest, AProgramThatIsNotThereIsStillAnError) {
  ChildProcess::Command command{"/nonexistent/program", {}, {}};
  command.interrupt = Kill(1);
  EXPECT_EQ(ChildProcess::Start(command).status().message(),
            "/nonexistent/program: No such file or directory");
}

TEST_F(SyscallTracerTest, ManyAtOnceDoNotDisturbEachOther) {
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (uint64_t i = 1; i <= 8; ++i) {
    const std::string name = std::to_string(i);
    children.push_back(
        Run("for i in 1 2 3 4 5 6 7 8 9; do echo $i >>$D/f" + name + "; done", Kill(i)));
  }
  for (uint64_t i = 1; i <= 8; ++i) {
    EXPECT_EQ(End(*children[i - 1]), "signal 9");
    EXPECT_EQ(Contents("f" + std::to_string(i)).size(), 2 * (i - 1));
  }
}

}  // namespace
}  // namespace atrest::driver
