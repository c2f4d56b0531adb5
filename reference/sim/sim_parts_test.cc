// The parts that a simulation is made of, each by itself: queue, trace, network, NATS, disk.
#include <gtest/gtest.h>

#include <sstream>

#include "reference/sim/event_queue.h"
#include "reference/sim/sim_disk.h"
#include "reference/sim/sim_nats.h"
#include "reference/sim/sim_network.h"
#include "reference/sim/sim_trace.h"

namespace atrest::sim {
namespace {

using Mode = env::FileSystem::Mode;

TEST(EventQueue, RunsInOrderOfTimeAndThenOfRequest) {
  EventQueue queue;
  std::string seen;
  queue.After(20, [&] { seen += "c"; });
  queue.After(10, [&] { seen += "a"; });
  queue.After(10, [&] {
    seen += "b";
    queue.At(0, [&] { seen += "now"; });
  });
  queue.RunUntil(kBeginNs + 15);
  EXPECT_EQ(seen, "abnow");
  EXPECT_EQ(queue.now_ns(), kBeginNs + 15);
  EXPECT_EQ(queue.NextNs(), kBeginNs + 20);
  queue.RunNext();
  EXPECT_EQ(seen, "abnowc");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.count(), 4u);
}

TEST(SimTrace, LinesHaveOneWidthUpToTheText) {
  std::ostringstream out;
  SimTrace trace(&out);
  trace.Note(kBeginNs + 1'500'000'000, {"a", "start", 1, 22, 333, "AES"});
  trace.Note(kBeginNs, {"a-long-name", "a-very-long-name", 1, 2, 3});
  EXPECT_EQ(out.str(),
            "       1       1.500000 a      start                 1         22        333 AES\n"
            "       2       0.000000 a-long a-very-long-          1          2          3 \n");
}

TEST(SimTrace, HashDependsOnEventsAndTheirOrderButNotOnReaders) {
  std::ostringstream out;
  SimTrace read(&out);
  SimTrace unread;
  SimTrace swapped;
  for (SimTrace* trace : {&read, &unread}) {
    trace->Note(kBeginNs, {"a", "x", 1});
    trace->Note(kBeginNs, {"b", "y", 2});
  }
  swapped.Note(kBeginNs, {"b", "y", 2});
  swapped.Note(kBeginNs, {"a", "x", 1});
  EXPECT_EQ(read.hash(), unread.hash());
  EXPECT_NE(read.hash(), swapped.hash());
  EXPECT_EQ(read.HashText().size(), 16u);
  // Two compilers must agree on this.
  EXPECT_EQ(unread.HashText(), "fb0b5d709f7f2b57");
  EXPECT_NE(HashOf(ToBytes("")), HashOf(Bytes(1)));
}

TEST(SimNetwork, WithoutFaultsEachDatagramArrivesOnceWithinTheBounds) {
  SimNetwork network(1);
  for (int i = 0; i < 100; ++i) {
    const auto arrivals = network.SendDatagram(1000, 0, 1);
    ASSERT_EQ(arrivals.count, 1u);
    EXPECT_GE(arrivals.at_ns[0], 1000 + network.faults().delay_min_ns);
    EXPECT_LE(arrivals.at_ns[0], 1000 + network.faults().delay_max_ns);
  }
}

TEST(SimNetwork, LosesDoublesAndReordersDatagramsInTheirShare) {
  SimNetwork network(1);
  network.SetFaults({.loss_permille = 200,
                     .duplicate_permille = 300,
                     .reorder_permille = 500,
                     .reorder_ns = kNsPerSecond});
  int lost = 0;
  int doubled = 0;
  int late = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto arrivals = network.SendDatagram(0, 0, 1);
    lost += arrivals.count == 0 ? 1 : 0;
    doubled += arrivals.count == 2 ? 1 : 0;
    late += arrivals.count > 0 && arrivals.at_ns[0] > 1'000'000 ? 1 : 0;
  }
  EXPECT_NEAR(lost, 2000, 200);
  EXPECT_NEAR(doubled, 2400, 240);
  EXPECT_NEAR(late, 4000, 400);
}

TEST(SimNetwork, StreamsAreInOrderAndCutsHaveADirection) {
  SimNetwork network(1);
  network.SetFaults({.loss_permille = 1000, .delay_max_ns = kNsPerSecond});
  int64_t last = 0;
  for (int i = 0; i < 100; ++i) {
    const auto at_ns = network.SendOnStream(i, 0, 1);
    ASSERT_TRUE(at_ns.has_value());
    EXPECT_GE(*at_ns, last);
    last = *at_ns;
  }
  network.Cut(0, 1);
  EXPECT_FALSE(network.SendOnStream(0, 0, 1).has_value());
  EXPECT_TRUE(network.SendOnStream(0, 1, 0).has_value());
  network.HealCuts();
  EXPECT_TRUE(network.SendOnStream(0, 0, 1).has_value());
}

struct Listener : NatsReceiver {
  void OnNats(const stan::Incoming& incoming) override {
    seen.push_back(std::to_string(incoming.handle) + " " + std::string(incoming.subject) +
                   (incoming.no_responders ? " 503" : " " + std::string(AsText(incoming.payload))));
  }
  std::vector<std::string> seen;
};

class SimNatsTest : public testing::Test {
 protected:
  void Run() {
    while (!queue.empty()) queue.RunNext();
  }
  EventQueue queue;
  SimNetwork network{1};
  SimNats nats{queue, network};
  Listener one;
  Listener other;
};

TEST_F(SimNatsTest, RoutesBySubjectAndWildcard) {
  const NatsConnection a = nats.Connect(0, one);
  const NatsConnection b = nats.Connect(1, other);
  ASSERT_TRUE(nats.Subscribe(a, 7, "x.y").ok());
  ASSERT_TRUE(nats.Subscribe(a, 8, "x.>").ok());
  ASSERT_TRUE(nats.Subscribe(b, 9, "*.z").ok());
  EXPECT_EQ(nats.Subscribe(b, 10, "x..z").message(), "nats: invalid subject");
  ASSERT_TRUE(nats.Publish(b, "x.y", "", ToBytes("1")).ok());
  ASSERT_TRUE(nats.Publish(b, "x.z", "", ToBytes("2")).ok());
  EXPECT_TRUE(one.seen.empty()) << "nothing comes within the call";
  Run();
  EXPECT_EQ(one.seen, (std::vector<std::string>{"7 x.y 1", "8 x.y 1", "8 x.z 2"}));
  EXPECT_EQ(other.seen, (std::vector<std::string>{"9 x.z 2"}));
}

TEST_F(SimNatsTest, RequestsWithoutListenersAreAnsweredWith503) {
  const NatsConnection a = nats.Connect(0, one);
  ASSERT_TRUE(nats.Subscribe(a, 1, "_INBOX.a.*").ok());
  ASSERT_TRUE(nats.Publish(a, "nobody", "_INBOX.a.1", {}).ok());
  ASSERT_TRUE(nats.Publish(a, "nobody", "", {}).ok());
  Run();
  EXPECT_EQ(one.seen, (std::vector<std::string>{"1 _INBOX.a.1 503"}));
}

TEST_F(SimNatsTest, ClosedConnectionsAndCutWaysGetNothing) {
  const NatsConnection a = nats.Connect(0, one);
  const NatsConnection b = nats.Connect(1, other);
  ASSERT_TRUE(nats.Subscribe(a, 1, "s").ok());
  ASSERT_TRUE(nats.Subscribe(b, 1, "s").ok());
  network.Cut(1, 1);
  ASSERT_TRUE(nats.Publish(b, "s", "", ToBytes("x")).ok());
  nats.Close(a);
  Run();
  EXPECT_TRUE(one.seen.empty());
  EXPECT_TRUE(other.seen.empty());
  EXPECT_EQ(nats.Publish(a, "s", "", {}).message(), "nats: connection closed");
  nats.Unsubscribe(b, 1);
  network.HealCuts();
  ASSERT_TRUE(nats.Publish(b, "s", "", {}).ok());
  Run();
  EXPECT_TRUE(other.seen.empty());
}

class SimDiskTest : public testing::Test {
 protected:
  Status Write(const std::string& path, const std::string& text) {
    return env::WriteWhole(disk, path, AsBytes(text));
  }
  std::string Read(const std::string& path) {
    const auto bytes = env::ReadWhole(disk, path, 1 << 20);
    return bytes.ok() ? std::string(AsText(bytes.value())) : bytes.status().message();
  }
  SimDisk disk;
};

TEST_F(SimDiskTest, CrashesInsideAWriteAndLeavesAPartOfIt) {
  ASSERT_TRUE(disk.MakeDirectories("d").ok());
  ASSERT_TRUE(Write("d/before", "whole").ok());
  disk.CrashAfter(2, 500);  // behind the creation and the truncation of the file
  EXPECT_FALSE(Write("d/torn", "12345678").ok());
  EXPECT_TRUE(disk.stopped());
  EXPECT_FALSE(Write("d/after", "x").ok());
  disk.Restart();
  EXPECT_EQ(Read("d/before"), "whole");
  EXPECT_EQ(Read("d/torn"), "1234");
  EXPECT_FALSE(disk.Exists("d/after"));
}

TEST_F(SimDiskTest, TheVersionOfAFileIsTornInTheOneDirectoryAlone) {
  disk.CrashAfter(2, 500);
  EXPECT_TRUE(Write("version", "1234").ok());
  EXPECT_FALSE(Write("next", "").ok()) << "the next change is as good";
  disk.Restart();
  EXPECT_EQ(Read("version"), "1234");
  ASSERT_TRUE(disk.MakeDirectories("d").ok());
  disk.CrashWithin("d", 2, 500);
  EXPECT_FALSE(Write("d/version", "1234").ok());
  disk.Restart();
  EXPECT_EQ(Read("d/version"), "12");
}

TEST_F(SimDiskTest, CountsTheChangesOfOneDirectoryAlone) {
  ASSERT_TRUE(disk.MakeDirectories("d").ok());
  disk.CrashWithin("d", 2, 500);
  EXPECT_TRUE(Write("elsewhere", "12345678").ok());
  EXPECT_FALSE(Write("d/torn", "12345678").ok());
  disk.Restart();
  EXPECT_EQ(Read("elsewhere"), "12345678");
  EXPECT_EQ(Read("d/torn"), "1234");
}

TEST_F(SimDiskTest, LosesWhatWasNotSynced) {
  ASSERT_TRUE(disk.MakeDirectories("d").ok());
  ASSERT_TRUE(Write("d/f", "synced").ok());
  ASSERT_TRUE(disk.Open("d/f", Mode::kReadWrite).value()->Sync().ok());
  ASSERT_TRUE(disk.Open("d/f", Mode::kReadWrite).value()->Append(AsBytes(" not")).ok());
  ASSERT_TRUE(Write("d/g", "never").ok());
  disk.LosePower();
  EXPECT_EQ(Read("d/f"), "synced");
  EXPECT_FALSE(disk.Exists("d/g"));
}

TEST_F(SimDiskTest, FlipsBits) {
  ASSERT_TRUE(Write("f", "abc").ok());
  ASSERT_TRUE(disk.FlipBit("f", 1, 0).ok());
  EXPECT_EQ(Read("f"), "acc");
  EXPECT_EQ(disk.FlipBit("f", 3, 0).code(), Code::kInvalid);
  EXPECT_EQ(disk.FlipBit("g", 0, 0).code(), Code::kNotFound);
}

TEST_F(SimDiskTest, MisdirectsReadsOfOneBlock) {
  const std::string a(kBlockSize, 'a');
  const std::string b(kBlockSize, 'b');
  ASSERT_TRUE(Write("f", a + b + a).ok());
  disk.Misdirect("f", 1, 2);
  EXPECT_EQ(Read("f"), a + a + a);
  disk.Straighten();
  EXPECT_EQ(Read("f"), a + b + a);
}

TEST_F(SimDiskTest, CopiesAndReplacesTrees) {
  ASSERT_TRUE(disk.MakeDirectories("d/e").ok());
  ASSERT_TRUE(Write("d/e/f", "old").ok());
  const SimDisk::Tree tree = disk.Copy("d");
  ASSERT_TRUE(Write("d/e/f", "new").ok());
  ASSERT_TRUE(Write("d/g", "more").ok());
  ASSERT_TRUE(disk.Replace("d", tree).ok());
  EXPECT_EQ(Read("d/e/f"), "old");
  EXPECT_FALSE(disk.Exists("d/g"));
  disk.LosePower();
  EXPECT_EQ(Read("d/e/f"), "old") << "a replacement is durable";
}

}  // namespace
}  // namespace atrest::sim
