#include "harness/driver/child_process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

namespace atrest::driver {
namespace {

using Duration = ChildProcess::Duration;
constexpr Duration kLong(30'000);

std::unique_ptr<ChildProcess> Shell(const std::string& script) {
  auto child = ChildProcess::Start({"sh", {"-c", script}, EnvironmentWithout({})});
  EXPECT_TRUE(child.ok()) << child.status().message();
  return std::move(child).value();
}

// What CHILD wrote until TEXT stood in it.
std::string OutputUntil(ChildProcess& child, const std::string& text) {
  std::string out;
  while (out.find(text) == std::string::npos) {
    child.WaitForOutput(kLong);
    const auto more = child.TakeOutput().out;
    if (more.empty() && child.WaitFor(Duration(0))) break;
    out += more;
  }
  return out;
}

// A zombie is dead: who reaps it, and when, is not our business.
bool IsAlive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number;
  std::string name;
  char state = 'Z';
  stat >> number >> name >> state;
  return state != 'Z';
}

// A kill takes effect a moment after the call.
bool Dies(pid_t pid) {
  for (int i = 0; i < 5000 && IsAlive(pid); ++i) ::usleep(1000);
  return !IsAlive(pid);
}

TEST(ChildProcessTest, TellsHowAChildEnded) {
  EXPECT_EQ(Describe(Shell("exit 0")->WaitFor(kLong).value()), "exit 0");
  EXPECT_EQ(Describe(Shell("exit 3")->WaitFor(kLong).value()), "exit 3");
  EXPECT_EQ(Describe(Shell("kill -ABRT $$")->WaitFor(kLong).value()), "signal 6");
}

TEST(ChildProcessTest, AProgramThatIsNotThereIsAnError) {
  const auto child = ChildProcess::Start({"/nonexistent/program", {}, {}});
  EXPECT_EQ(child.status().message(), "/nonexistent/program: No such file or directory");
  EXPECT_EQ(ChildProcess::Start({"no-such-program-anywhere", {}, {}}).status().code(), Code::kIo);
}

TEST(ChildProcessTest, KeepsTheStreamsApartAndWhatWasWrittenBeforeTheEnd) {
  const auto child = Shell("echo out; echo err >&2; echo more");
  child->WaitFor(kLong);
  const auto output = child->TakeOutput();
  EXPECT_EQ(output.out, "out\nmore\n");
  EXPECT_EQ(output.err, "err\n");
  EXPECT_EQ(child->TakeOutput().out, "");
}

TEST(ChildProcessTest, HasTheEnvironmentItIsGivenAndNothingOnItsInput) {
  const auto child =
      ChildProcess::Start({"/bin/sh", {"-c", "cat; echo $A:$HOME"}, {"A=b"}}).value();
  child->WaitFor(kLong);
  EXPECT_EQ(child->TakeOutput().out, "b:\n");
}

TEST(ChildProcessTest, OneThatIgnoresTheSignalIsKilled) {
  const auto child = Shell("trap '' TERM; echo ready; while :; do sleep 1; done");
  EXPECT_EQ(OutputUntil(*child, "ready"), "ready\n");
  child->Signal(SIGTERM);
  EXPECT_EQ(child->WaitFor(Duration(50)), std::nullopt);
  EXPECT_EQ(Describe(child->Kill()), "signal 9");
  EXPECT_EQ(Describe(child->Kill()), "signal 9");  // once more changes nothing
}

TEST(ChildProcessTest, EndlessOutputNeitherBlocksNorGrows) {
  const auto child = Shell("yes atrest & yes atrest >&2");
  size_t taken = 0;
  while (taken < 2 * ChildProcess::kOutputMax) {
    child->WaitForOutput(kLong);
    const auto output = child->TakeOutput();
    EXPECT_LE(output.out.size(), ChildProcess::kOutputMax);
    EXPECT_LE(output.err.size(), ChildProcess::kOutputMax);
    taken += output.out.size() + output.err.size();
  }
  EXPECT_EQ(Describe(child->Kill()), "signal 9");
}

TEST(ChildProcessTest, GrandchildrenGoWithTheGroup) {
  auto child = Shell("sleep 1000 & echo $!; wait");
  const pid_t grandchild = std::stoi(OutputUntil(*child, "\n"));
  EXPECT_TRUE(IsAlive(grandchild));
  EXPECT_NE(::getpgid(child->pid()), ::getpgid(0));
  child.reset();
  EXPECT_TRUE(Dies(grandchild));
}

// In a process of its own that ends as SIGNAL makes it: starts a child that starts another, and
// prints the number of both.
[[noreturn]] void StartAndDie(int signal, int report) {
  const auto child = Shell("trap '' TERM INT; sleep 1000 & echo $$ $!; wait");
  const std::string pids = OutputUntil(*child, "\n");
  if (::write(report, pids.data(), pids.size()) < 0) ::_exit(1);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  ::_exit(1);
}

class OrphanTest : public testing::TestWithParam<int> {};

TEST_P(OrphanTest, NothingOutlivesUs) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t harness = ::fork();
  if (harness == 0) {
    ::close(ends[0]);
    StartAndDie(GetParam(), ends[1]);
  }
  ::close(ends[1]);
  char pids[64] = {};
  ASSERT_GT(::read(ends[0], pids, sizeof pids - 1), 0);
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(harness, &status, 0), harness);
  EXPECT_TRUE(WIFSIGNALED(status));
  int child = 0;
  int grandchild = 0;
  ASSERT_EQ(std::sscanf(pids, "%d %d", &child, &grandchild), 2);
  EXPECT_TRUE(Dies(child));
  EXPECT_TRUE(Dies(grandchild));
}

INSTANTIATE_TEST_SUITE_P(Signals, OrphanTest, testing::Values(SIGKILL, SIGINT, SIGABRT));

}  // namespace
}  // namespace atrest::driver
