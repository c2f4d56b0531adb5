#include "harness/runner/disk_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "harness/driver/registry.h"
#include "reference/env/mem_file_system.h"

namespace atrest::runner {
namespace {

using testing::Contains;
using testing::IsEmpty;

constexpr char kSecret[] = "Q7f3xT9mKc2Wz5LbRj8Y";

// The in-process target, that also says and delivers what a test makes up.
class Talker : public driver::Driver {
 public:
  Talker() : store_(driver::MakeDriver("inproc", {}).value()) {}
  driver::TargetInfo Info() const override { return store_->Info(); }
  Result<verdict::Observation> Start(const scenario::Settings& settings,
                                     const std::map<std::string, std::string>& keys) override {
    return store_->Start(settings, keys);
  }
  Result<verdict::Observation> Publish(const scenario::Publish& publish) override {
    return store_->Publish(publish);
  }
  Result<verdict::Observation> Read(const scenario::Read& read) override {
    return store_->Read(read);
  }
  Result<verdict::Observation> Stop() override { return store_->Stop(); }
  Result<verdict::Observation> Kill() override { return store_->Kill(); }
  Result<verdict::Observation> Wait(const scenario::Wait& wait) override {
    return store_->Wait(wait);
  }
  env::FileSystem& files() override { return store_->files(); }
  std::string directory() const override { return store_->directory(); }
  std::string TakeOutput() override { return std::exchange(output, ""); }

  std::string output;

 private:
  std::unique_ptr<driver::Driver> store_;
};

class DiskFollowerTest : public testing::Test {
 protected:
  DiskFollowerTest() {
    scenario_.keys = {{"right", "a right key of the run"}};
    follower_ = std::make_unique<DiskFollower>(scenario_, target_);
    scenario::Start start;
    start.settings.encrypt = true;
    start.settings.key_variable = "right";
    Observe(start, target_.Start(start.settings, scenario_.keys).value());
  }

  std::vector<std::string> Observe(const scenario::Action& action,
                                   const verdict::Observation& seen) {
    const scenario::Step step{"", action};
    std::vector<std::string> requirements;
    for (const oracle::Finding& finding : follower_->Observe(step, seen).value()) {
      if (finding.level != verdict::Level::kInfo) requirements.push_back(finding.requirement);
    }
    return requirements;
  }

  std::vector<std::string> Publish(const std::string& payload) {
    scenario::Publish publish;
    publish.channel = "foo";
    publish.payloads = {payload};
    return Observe(publish, target_.Publish(publish).value());
  }

  std::vector<std::string> Stop() { return Observe(scenario::Stop{}, target_.Stop().value()); }

  scenario::Scenario scenario_;
  Talker target_;
  std::unique_ptr<DiskFollower> follower_;
};

TEST_F(DiskFollowerTest, OutputIsSearchedForPayloadsAndKeys) {
  target_.output = "ready\n";
  EXPECT_THAT(Publish(kSecret), IsEmpty());
  target_.output = std::string("got ") + kSecret + "\n";
  EXPECT_THAT(Publish("more"), Contains("H-secret-in-log"));
  target_.output = "started with a right key of the run\n";
  EXPECT_THAT(Stop(), Contains("H-secret-in-log"));
}

TEST_F(DiskFollowerTest, LogLinesToo) {
  EXPECT_THAT(Publish(kSecret), IsEmpty());
  auto seen = target_.Stop().value();
  seen.log.push_back({"DBG", std::string("last payload: ") + kSecret});
  EXPECT_THAT(Observe(scenario::Stop{}, seen), Contains("H-secret-in-log"));
}

TEST_F(DiskFollowerTest, ReceivedMessagesAreDeliveries) {
  EXPECT_THAT(Publish("one"), IsEmpty());
  scenario::Subscribe subscribe;
  subscribe.name = "s";
  subscribe.channel = "foo";
  EXPECT_THAT(Observe(scenario::ClientStep(subscribe), {verdict::Answered{}, {}}), IsEmpty());
  verdict::Read read;
  read.deliveries.push_back({1, "one", "foo", false});
  scenario::Receive receive;
  receive.subscription = "s";
  EXPECT_THAT(Observe(scenario::ClientStep(receive), {read, {}}), IsEmpty());
  read.deliveries = {{2, "never sent", "foo", false}};
  EXPECT_THAT(Observe(scenario::ClientStep(receive), {read, {}}), IsEmpty());  // still running
  EXPECT_THAT(Stop(), Contains("K-delivered-stored"));
}

TEST_F(DiskFollowerTest, TornRecordsAfterAnInterruptAreNoFault) {
  EXPECT_THAT(Publish("one"), IsEmpty());
  EXPECT_THAT(Observe(scenario::Interrupt{}, {verdict::Done{}, {}}), IsEmpty());
  EXPECT_THAT(Stop(), IsEmpty());
  const auto file =
      target_.files()
          .Open(target_.directory() + "/foo/msgs.1.dat", env::FileSystem::Mode::kReadWrite)
          .value();
  ASSERT_TRUE(file->Append(Bytes{40, 0, 0, 0, 1}).ok());
  EXPECT_THAT(Observe(scenario::Wait{}, {verdict::Done{}, {}}), IsEmpty());
}

}  // namespace
}  // namespace atrest::runner
