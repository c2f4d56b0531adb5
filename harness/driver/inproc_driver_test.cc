#include "harness/driver/inproc_driver.h"

#include <gtest/gtest.h>

#include "harness/driver/registry.h"

namespace atrest::driver {
namespace {

using scenario::Read;
using scenario::Settings;

class InprocDriverTest : public testing::Test {
 protected:
  static Settings On(const std::string& key = "k") {
    Settings settings;
    settings.encrypt = true;
    settings.key_variable = key;
    return settings;
  }
  verdict::Started Start(const Settings& settings) {
    return std::get<verdict::Started>(Kept(driver_->Start(settings, keys_)));
  }
  verdict::Published Publish(const std::string& channel, std::vector<std::string> payloads) {
    return std::get<verdict::Published>(Kept(driver_->Publish({channel, std::move(payloads)})));
  }
  std::vector<std::string> Receive(const Read& read) {
    const auto seen = std::get<verdict::Read>(Kept(driver_->Read(read)));
    std::vector<std::string> payloads;
    for (const verdict::Delivery& delivery : seen.deliveries) payloads.push_back(delivery.payload);
    return payloads;
  }
  verdict::Outcome Kept(const Result<verdict::Observation>& seen) {
    log_ = seen.value().log;
    return seen.value().outcome;
  }

  std::map<std::string, std::string> keys_ = {{"k", "right"}, {"w", "wrong"}, {"empty", ""}};
  std::unique_ptr<Driver> driver_ = MakeDriver("inproc", {}).value();
  std::vector<verdict::LogLine> log_;  // of the last step
};

TEST_F(InprocDriverTest, EveryPositionReadsWhatASubscriptionWould) {
  ASSERT_TRUE(Start(On()).ok);
  EXPECT_EQ(Publish("foo", {"a", "", "c"}).acked, 3u);
  EXPECT_EQ(Receive({"foo"}), (std::vector<std::string>{"a", "", "c"}));
  EXPECT_EQ(Receive({"foo", Read::From::kLast}), std::vector<std::string>{"c"});
  EXPECT_EQ(Receive({"foo", Read::From::kSequence, 2}), (std::vector<std::string>{"", "c"}));
  EXPECT_EQ(Receive({"foo", Read::From::kSequence, 9}), std::vector<std::string>{});
  EXPECT_EQ(Receive({"foo", Read::From::kNew}), std::vector<std::string>{});
  EXPECT_EQ(Receive({"foo", Read::From::kFirst, 0, 1}), std::vector<std::string>{"a"});
  EXPECT_EQ(Receive({"unknown"}), std::vector<std::string>{});
}

TEST_F(InprocDriverTest, AReaderStopsAtAMessageItCannotOpenWithOneLine) {
  Start(On());
  Publish("foo", {"a"});
  driver_->Stop().value();
  Start(On("w"));
  Publish("foo", {"b"});
  EXPECT_EQ(Receive({"foo"}), std::vector<std::string>{});
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0].text, "Error looking up message foo:1 (cipher: message authentication failed)");
  EXPECT_EQ(Receive({"foo", Read::From::kSequence, 2}), std::vector<std::string>{"b"});
}

TEST_F(InprocDriverTest, AKilledStoreKeepsWhatWasAcked) {
  Start(On());
  Publish("foo", {"a", "b"});
  driver_->Kill().value();
  ASSERT_TRUE(Start(On()).ok);
  EXPECT_EQ(Receive({"foo"}), (std::vector<std::string>{"a", "b"}));
}

TEST_F(InprocDriverTest, OptionsAreResolvedAsMeasured) {
  const auto refusal = [&](auto change) {
    Settings settings;
    change(settings);
    const auto started = Start(settings);
    if (started.ok) driver_->Stop().value();
    return started.ok ? "started" : started.refusal;
  };
  EXPECT_EQ(refusal([](Settings& s) { s.encrypt = true; }), "encryption key required");
  EXPECT_EQ(log_.back().text, "Failed to start: encryption key required");
  EXPECT_EQ(refusal([](Settings& s) { s.encrypt = true, s.key_variable = "empty"; }),
            "encryption key required");
  EXPECT_EQ(refusal([](Settings& s) { s.encrypt = true, s.cipher = "DES"; }),
            "encryption cipher not supported");
  EXPECT_EQ(refusal([](Settings& s) { s.cipher = "DES"; }), "started");
  EXPECT_EQ(refusal([](Settings& s) { s.key_variable = "k"; }), "started");
  EXPECT_EQ(
      refusal([](Settings& s) { s.encrypt = true, s.key_variable = "empty", s.key_option = "k"; }),
      "started");
}

TEST_F(InprocDriverTest, AnotherClusterIsRefused) {
  Start(Settings{});
  driver_->Stop().value();
  Settings other;
  other.cluster_id = "other";
  EXPECT_EQ(Start(other).refusal,
            "cluster ID \"other\" does not match recovered value of \"test-cluster\"");
}

TEST_F(InprocDriverTest, TimePassesOnlyByWaiting) {
  Settings settings = On();
  settings.max_age_ms = 5000;
  Start(settings);
  Publish("foo", {"a"});
  EXPECT_EQ(Receive({"foo"}), std::vector<std::string>{"a"});
  driver_->Wait({6000}).value();
  EXPECT_EQ(Receive({"foo"}), std::vector<std::string>{});
}

TEST_F(InprocDriverTest, AnInterruptKillsInTheMiddleOfAStep) {
  Start(On());
  Publish("foo", {"a"});
  driver_->Interrupt({scenario::Interrupt::At::kWrite, 2, scenario::Interrupt::How::kKill}).value();
  const auto published = Publish("foo", {"b", "c", "d"});
  EXPECT_LT(published.acked, 3u);
  EXPECT_EQ(published.error, kInterrupted);
  EXPECT_EQ(Publish("bar", {"e"}).acked, 0u);
  EXPECT_EQ(Receive({"foo"}), std::vector<std::string>{});
  driver_->Kill().value();
  ASSERT_TRUE(Start(On()).ok);
  const auto left = Receive({"foo"});
  ASSERT_GT(left.size(), published.acked);
  EXPECT_EQ(left[0], "a");
  EXPECT_EQ(Receive({"bar"}), std::vector<std::string>{});
}

TEST_F(InprocDriverTest, AnInterruptOfAStoppedTargetIsForTheNextRun) {
  Start(On());
  Publish("foo", {"a"});
  driver_->Stop().value();
  driver_->Interrupt({scenario::Interrupt::At::kWrite, 1, scenario::Interrupt::How::kKill}).value();
  EXPECT_TRUE(Start(On()).ok) << "that it did not is no refusal";
  EXPECT_EQ(Publish("foo", {"b"}).error, kInterrupted);
  driver_->Wait({1000}).value();
  driver_->Kill().value();
  ASSERT_TRUE(Start(On()).ok);
  EXPECT_EQ(Receive({"foo"}), std::vector<std::string>{"a"});
}

TEST_F(InprocDriverTest, AFullDiskRefusesUntilTheRunEnds) {
  Start(On());
  Publish("foo", {"a"});
  driver_->Interrupt({scenario::Interrupt::At::kWrite, 1, scenario::Interrupt::How::kFull}).value();
  const auto published = Publish("foo", {"b"});
  EXPECT_EQ(published.acked, 0u);
  EXPECT_NE(published.error.find("no space left on device"), std::string::npos) << published.error;
  driver_->Kill().value();
  ASSERT_TRUE(Start(On()).ok);
  EXPECT_EQ(Publish("foo", {"c"}).acked, 1u);
  EXPECT_EQ(Receive({"foo"}), (std::vector<std::string>{"a", "c"}));
}

TEST_F(InprocDriverTest, AnExplicitlyEmptyPayloadCannotBeReadBackUntilItIsReadFromDisk) {
  Start(On());
  scenario::Publish publish{"foo", {""}};
  publish.explicit_empty = true;
  driver_->Publish(publish).value();
  EXPECT_EQ(Receive({"foo"}), std::vector<std::string>{});
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0].text,
            "Error looking up message foo:1 (trying to decrypt data that is not (len=0))");
  driver_->Stop().value();
  Start(On());
  EXPECT_EQ(Receive({"foo"}), std::vector<std::string>{""});
}

TEST(RegistryTest, KnowsItsTargets) {
  for (const TargetRow& row : Targets()) {
    // What has a placeholder is a form; its own test makes one.
    if (std::string_view(row.name).find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
        std::string::npos) {
      continue;
    }
    const auto driver = MakeDriver(row.name, {});
    ASSERT_TRUE(driver.ok()) << row.name;
    EXPECT_EQ(driver.value()->Info().name, row.name);
  }
  EXPECT_EQ(MakeDriver("nobody", {}).status().message(), "no target is named \"nobody\"");
}

}  // namespace
}  // namespace atrest::driver
