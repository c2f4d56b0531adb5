// Any schedule: messages lost, doubled, overtaken, nodes crashing in the middle of their writes,
// cut off, snapshots, clocks that run apart. At no time may the cluster disagree, and once all is
// well again it has to come together. One node, d, joins and is removed as it comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference/base/random.h"
#include "reference/raft/script_network.h"

namespace atrest::raft {
namespace {

constexpr int kStepsMax = 400;

// Steps drawn from a seed, so that a failing case is one number and shrinks to fewer steps.
class Schedule {
 public:
  Schedule(uint64_t seed, int nodes, uint64_t trailing_logs)
      : random_(seed), network_({.nodes = nodes, .seed = seed, .options = Small(trailing_logs)}) {
    if (nodes == 3) network_.AddNode("d");
  }

  ScriptNetwork& network() { return network_; }

  void Step() {
    const ServerId id = Any();
    const uint64_t kind = random_.Below(100);
    if (kind < 55) {
      DeliverOne();
    } else if (kind < 68) {
      if (network_.IsUp(id)) network_.TickAtDeadline(id);
    } else if (kind < 81) {
      Propose();
    } else if (kind < 85) {
      DisturbTheWire();
    } else if (kind < 88) {
      CrashOrRestart(id);
    } else if (kind < 92) {
      if (network_.IsUp(id)) network_.Snapshot(id);
    } else if (kind < 97) {
      ChangeMembership();
    } else {
      CutOrHeal(id);
    }
  }

  // All is well again: one leader, the same everywhere, and it goes on.
  void Settle() {
    network_.Heal();
    for (const ServerId& id : network_.ids()) {
      network_.node(id).writes_left.reset();
      if (network_.IsUp(id) && network_.raft(id).role() == Role::kShutdown) network_.Crash(id);
      if (!network_.IsUp(id)) network_.Restart(id);
      RC_ASSERT(network_.node(id).failure.message() == "");
    }
    network_.Run(60 * kSecondNs);
    RC_ASSERT(network_.Leader() != "");
    network_.Change(network_.Leader(), {.id = network_.ids().back()});
    network_.Run(20 * kSecondNs);
    RC_ASSERT(network_.Propose(network_.Leader(), "end") > 0u);
    network_.Run(20 * kSecondNs);
    network_.CheckLogs();
    RC_ASSERT(network_.violations() == std::vector<std::string>{});
    for (const ServerId& id : network_.ids()) {
      RC_ASSERT(network_.node(id).applied == network_.node("a").applied);
      RC_ASSERT(network_.node(id).applied.back() == "end");
    }
  }

 private:
  static Options Small(uint64_t trailing_logs) {
    Options options;
    options.trailing_logs = trailing_logs;
    options.append_entries_max = 3;
    return options;
  }

  ServerId Any() {
    const std::vector<ServerId> ids = network_.ids();
    return ids[random_.Below(ids.size())];
  }

  // Mostly in order, as a network does.
  void DeliverOne() {
    const size_t waiting = network_.wire().size();
    if (waiting == 0) return;
    network_.Deliver(random_.Below(4) == 0 ? random_.Below(waiting) : 0);
  }

  void Propose() {
    for (const ServerId& id : network_.ids()) {
      if (!network_.IsUp(id) || network_.raft(id).role() != Role::kLeader) continue;
      std::vector<std::string> commands(1 + random_.Below(4), "c" + std::to_string(++proposed_));
      network_.ProposeMany(id, commands);
    }
  }

  void ChangeMembership() {
    const ServerId leader = network_.Leader();
    if (leader.empty() || network_.ids().back() != "d") return;
    const bool add = random_.Below(2) == 0;
    network_.Change(leader, {.kind = add ? MembershipChange::Kind::kAddVoter
                                         : MembershipChange::Kind::kRemoveServer,
                             .id = "d"});
  }

  void DisturbTheWire() {
    const size_t waiting = network_.wire().size();
    if (waiting == 0) return;
    const size_t at = random_.Below(waiting);
    if (random_.Below(2) == 0) return network_.Duplicate(at);
    network_.wire().erase(network_.wire().begin() + static_cast<std::ptrdiff_t>(at));
  }

  void CrashOrRestart(const ServerId& id) {
    if (!network_.IsUp(id)) return network_.Restart(id);
    if (random_.Below(2) == 0) return network_.Crash(id);
    network_.CrashAfterWrites(id, static_cast<int>(random_.Below(4)));
  }

  void CutOrHeal(const ServerId& id) {
    switch (random_.Below(4)) {
      case 0:
        return network_.Isolate(id);
      case 1:
        return network_.Cut(id, Any());
      default:
        return network_.Heal();
    }
  }

  Random random_;
  ScriptNetwork network_;
  int proposed_ = 0;
};

RC_GTEST_PROP(RaftPropertyTest, AnyScheduleIsSafeAndEnds, (uint64_t seed)) {
  const int nodes = *rc::gen::element(1, 2, 3, 3, 3, 5);
  const auto trailing_logs = *rc::gen::element<uint64_t>(0, 0, 5, 10'000);
  const int steps = *rc::gen::inRange(0, kStepsMax);
  Schedule schedule(seed, nodes, trailing_logs);
  for (int i = 0; i < steps; ++i) {
    schedule.Step();
    RC_ASSERT(schedule.network().violations() == std::vector<std::string>{});
  }
  schedule.Settle();
}

// The property above is worth something only if its schedules get somewhere.
TEST(RaftPropertyTest, SchedulesReachWhatTheyAreFor) {
  int committed = 0;
  int leaders = 0;
  int restores = 0;
  int joined = 0;  // and took part before the end
  constexpr uint64_t kSeeds = 200;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Schedule schedule(seed, 3, 0);
    for (int i = 0; i < kStepsMax; ++i) schedule.Step();
    ScriptNetwork& network = schedule.network();
    joined += static_cast<int>(!network.node("d").applied.empty());
    schedule.Settle();
    committed += static_cast<int>(network.node("a").applied.size() > 10);
    leaders += static_cast<int>(network.raft(network.Leader()).term() > 5);
    for (const ServerId& id : network.ids())
      restores += static_cast<int>(network.node(id).restores);
  }
  EXPECT_GT(committed, 100);
  EXPECT_GT(leaders, 100);
  EXPECT_GT(restores, 60);
  EXPECT_GT(joined, 20);
}

}  // namespace
}  // namespace atrest::raft
