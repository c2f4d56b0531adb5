#include "harness/runner/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <stdexcept>

namespace atrest::runner {
namespace {

// What was told of each piece: its answer, or "!" and how its worker ended.
std::map<size_t, std::string> Told(uint64_t jobs, size_t pieces,
                                   const std::function<std::string(size_t)>& work) {
  std::map<size_t, std::string> told;
  const auto done = [&](size_t piece, const std::optional<std::string>& answer,
                        const std::string& how) {
    EXPECT_FALSE(told.contains(piece)) << piece << " is told twice";
    told[piece] = answer ? *answer : "!" + how;
  };
  EXPECT_TRUE(DoInJobs({jobs, pieces, work, done}).ok());
  return told;
}

TEST(JobsTest, EveryPieceIsDoneOnceInAnotherProcess) {
  const pid_t here = ::getpid();
  const auto told = Told(3, 50, [&](size_t piece) {
    return ::getpid() == here ? "here" : std::to_string(piece * piece);
  });
  ASSERT_EQ(told.size(), 50u);
  for (const auto& [piece, answer] : told) EXPECT_EQ(answer, std::to_string(piece * piece));
}

TEST(JobsTest, AnswersLargerThanAPipeComeWhole) {
  const auto told = Told(
      2, 4, [](size_t piece) { return std::string(3'000'000, static_cast<char>('a' + piece)); });
  EXPECT_EQ(told.at(3), std::string(3'000'000, 'd'));
}

TEST(JobsTest, AWorkerThatEndsTakesOnlyItsPieceWithIt) {
  const auto told = Told(2, 10, [](size_t piece) -> std::string {
    if (piece == 2) ::kill(::getpid(), SIGKILL);
    if (piece == 5) ::_exit(3);
    return "done";
  });
  ASSERT_EQ(told.size(), 10u);
  for (const auto& [piece, answer] : told)
    EXPECT_EQ(answer, piece == 2 ? "!signal 9" : piece == 5 ? "!exit 3" : "done");
}

TEST(JobsTest, OneWorkerThatKeepsEndingGetsThroughAllTheSame) {
  const auto told = Told(1, 6, [](size_t) -> std::string { ::_exit(1); });
  ASSERT_EQ(told.size(), 6u);
  EXPECT_EQ(told.at(5), "!exit 1");
}

TEST(JobsTest, AWorkerWhoseChildHoldsItsPipeIsNotWaitedFor) {
  int hold[2];
  ASSERT_EQ(::pipe(hold), 0);
  const auto told = Told(1, 1, [&](size_t) -> std::string {
    if (::fork() == 0) {
      ::close(hold[1]);
      char byte;
      (void)!::read(hold[0], &byte, 1);  // until the test has ended
      ::_exit(0);
    }
    ::_exit(7);
  });
  EXPECT_EQ(told.at(0), "!exit 7");
  ::close(hold[0]);
  ::close(hold[1]);
}

TEST(JobsTest, AnExceptionEndsNoMoreThanItsPiece) {
  const pid_t here = ::getpid();
  std::map<size_t, std::string> told;
  try {
    told = Told(1, 3, [](size_t piece) -> std::string {
      if (piece == 1) throw std::runtime_error("none of the parent's business");
      return "done";
    });
  } catch (const std::runtime_error&) {
    if (::getpid() != here) ::_exit(0);
    throw;
  }
  EXPECT_EQ(told, (std::map<size_t, std::string>{{0, "done"}, {1, "!exit 70"}, {2, "done"}}));
}

bool g_forks_die = false;

TEST(JobsTest, WorkersThatDieBeforeTheyDoAnythingAreNotReplacedForEver) {
  ASSERT_EQ(::pthread_atfork(nullptr, nullptr,
                             [] {
                               if (g_forks_die) ::_exit(9);
                             }),
            0);
  g_forks_die = true;
  const auto told = Told(2, 5, [](size_t) { return std::string("done"); });
  g_forks_die = false;
  ASSERT_EQ(told.size(), 5u);
  for (const auto& [piece, answer] : told) EXPECT_EQ(answer, "!no worker that lives");
}

TEST(JobsTest, AnAnswerInAPipeThatSomebodyHoldsIsTaken) {
  int hold[2];
  int go[2];
  ASSERT_EQ(::pipe(hold), 0);
  ASSERT_EQ(::pipe(go), 0);
  const auto work = [&](size_t piece) -> std::string {
    if (piece == 1) {
      char byte;
      (void)!::read(go[0], &byte, 1);
      return "done";
    }
    if (::fork() == 0) {
      ::close(hold[1]);
      char byte;
      (void)!::read(hold[0], &byte, 1);  // until the test has ended
      ::_exit(0);
    }
    ::_exit(7);
  };
  std::map<size_t, std::string> told;
  const auto done = [&](size_t piece, const std::optional<std::string>& answer,
                        const std::string& how) {
    told[piece] = answer ? *answer : how;
    if (piece != 0) return;
    // The other answers and ends while nobody listens.
    (void)!::write(go[1], "", 1);
    siginfo_t ended{};
    ::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
  };
  EXPECT_TRUE(DoInJobs({2, 2, work, done}).ok());
  EXPECT_EQ(told, (std::map<size_t, std::string>{{0, "exit 7"}, {1, "done"}}));
  for (const int end : {hold[0], hold[1], go[0], go[1]}) ::close(end);
}

TEST(JobsTest, NothingToDoIsDone) { EXPECT_TRUE(Told(4, 0, nullptr).empty()); }

}  // namespace
}  // namespace atrest::runner
