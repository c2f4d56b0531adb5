#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/load/latency.h"
#include "harness/load/ledger.h"
#include "harness/load/payload.h"

namespace atrest::load {
namespace {

TEST(PayloadMaker, ReadsWhatItMade) {
  for (const size_t size : {PayloadMaker::kSizeMin, size_t{128}, size_t{5000}}) {
    PayloadMaker maker(size);
    const Stamp stamp{7, 1u << 20, 123456789};
    const ByteView made = maker.Make(stamp);
    ASSERT_EQ(made.size(), size);
    const auto read = maker.Read(Bytes(made.begin(), made.end()));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read.value(), stamp);
  }
}

TEST(PayloadMaker, SeesEveryChangedByte) {
  PayloadMaker maker(64);
  const ByteView made = maker.Make({1, 2, 3});
  for (size_t i = 0; i < made.size(); ++i) {
    Bytes changed(made.begin(), made.end());
    changed[i] ^= 1;
    EXPECT_FALSE(maker.Read(changed).ok()) << "byte " << i;
  }
  EXPECT_FALSE(maker.Read(made.first(63)).ok());
}

TEST(Latency, PercentilesAreNearTheTruth) {
  Latency latency;
  EXPECT_EQ(latency.Percentile(0.5), 0);
  for (int64_t i = 1; i <= 100000; ++i) latency.Add(i * 1000);
  EXPECT_EQ(latency.count(), 100000u);
  EXPECT_EQ(latency.max_ns(), 100000000);
  EXPECT_NEAR(static_cast<double>(latency.Percentile(0.5)), 5e7, 2e6);
  EXPECT_NEAR(static_cast<double>(latency.Percentile(0.99)), 9.9e7, 4e6);
  EXPECT_EQ(latency.Percentile(1), 100000000);
}

TEST(Latency, TakesAnyDuration) {
  Latency latency;
  for (const int64_t duration : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{31}, INT64_MAX}) {
    latency.Add(duration);
  }
  EXPECT_EQ(latency.Percentile(0.1), 0);
  EXPECT_EQ(latency.Percentile(0.7), 31);
  EXPECT_EQ(latency.Percentile(1), INT64_MAX);
}

// Two publishers of channel 0 (clients 0 and 2), one of channel 1 (client 1); a subscriber each.
class LedgerTest : public testing::Test {
 protected:
  void PublishAndAck(uint32_t publisher) {
    ledger.Ack(publisher, ledger.Publish(publisher, 10), false, 15);
  }
  void Deliver(uint32_t subscriber, uint64_t sequence, uint32_t publisher, uint64_t number,
               bool redelivered = false) {
    ledger.Deliver(subscriber, sequence, redelivered, Stamp{publisher, number, 10}, 30);
  }
  const Ledger::Counts& counts() const { return ledger.counts(); }

  Ledger ledger{3, 2, 2};
};

TEST_F(LedgerTest, BalancesWhenAllCame) {
  EXPECT_TRUE(ledger.balanced());
  PublishAndAck(0);
  PublishAndAck(2);
  PublishAndAck(1);
  EXPECT_EQ(ledger.undelivered(), 3u);
  EXPECT_FALSE(ledger.balanced());
  Deliver(0, 1, 2, 1);
  Deliver(0, 2, 0, 1);
  Deliver(1, 1, 1, 1);
  EXPECT_TRUE(ledger.balanced());
  EXPECT_EQ(ledger.ack_latency().max_ns(), 5);
  EXPECT_EQ(ledger.delivery_latency().max_ns(), 20);
}

TEST_F(LedgerTest, MissesAnAck) {
  ledger.Publish(1, 10);
  EXPECT_EQ(ledger.in_flight(1), 1u);
  Deliver(1, 1, 1, 1);
  EXPECT_EQ(ledger.unacked(), 1u);
  EXPECT_FALSE(ledger.balanced());
}

TEST_F(LedgerTest, SeesAcksThatNobodyWaitsForAndRefusals) {
  PublishAndAck(0);
  ledger.Ack(0, 1, false, 20);
  ledger.Ack(1, 5, false, 20);
  EXPECT_EQ(counts().acked_strangely, 2u);
  ledger.Ack(1, ledger.Publish(1, 10), true, 15);
  EXPECT_EQ(counts().refused, 1u);
  EXPECT_EQ(ledger.remarks().size(), 3u);
}

TEST_F(LedgerTest, SeesAGapARepetitionAndAnotherOrder) {
  for (int i = 0; i < 4; ++i) PublishAndAck(1);
  Deliver(1, 1, 1, 1);
  Deliver(1, 3, 1, 3);
  EXPECT_EQ(counts().sequence_errors, 1u);
  EXPECT_EQ(counts().number_errors, 1u);
  Deliver(1, 3, 1, 3);
  EXPECT_EQ(counts().sequence_errors, 2u);
  EXPECT_FALSE(ledger.balanced());
}

TEST_F(LedgerTest, AllowsARepetitionThatIsFlagged) {
  PublishAndAck(1);
  Deliver(1, 1, 1, 1);
  Deliver(1, 1, 1, 1, true);
  EXPECT_EQ(counts().redelivered, 1u);
  EXPECT_TRUE(ledger.balanced());
}

TEST_F(LedgerTest, SeesChangedPayloadsAndThoseOfOtherChannels) {
  PublishAndAck(1);
  PublishAndAck(0);
  Deliver(1, 1, 0, 1);
  ledger.Deliver(0, 1, false, Status(Code::kCorrupt, "other bytes"), 30);
  EXPECT_EQ(counts().payload_errors, 2u);
  EXPECT_EQ(ledger.remarks(),
            std::vector<std::string>({"message 1 to subscriber 1 is of another channel",
                                      "message 1 to subscriber 0 has other bytes"}));
}

}  // namespace
}  // namespace atrest::load
