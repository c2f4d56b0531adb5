#include "harness/runner/calibrate.h"

#include <gtest/gtest.h>

#include "harness/driver/nothing_driver.h"
#include "reference/env/mem_file_system.h"

namespace atrest::runner {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

class ManualClock : public env::Clock {
 public:
  int64_t NowNs() override { return now_ns; }
  int64_t now_ns = 0;
};

// Each start takes START_MS.
class SlowDriver : public driver::NothingDriver {
 public:
  SlowDriver(ManualClock& clock, int64_t start_ms, bool starts = true)
      : NothingDriver(std::make_unique<env::MemFileSystem>(), "/store"),
        clock_(clock),
        start_ms_(start_ms),
        starts_(starts) {}
  Result<verdict::Observation> Start(const scenario::Settings&,
                                     const std::map<std::string, std::string>&) override {
    clock_.now_ns += start_ms_ * kNsPerMs;
    return verdict::Observation{verdict::Started{starts_, starts_ ? "" : "no"}, {}};
  }

 private:
  ManualClock& clock_;
  int64_t start_ms_;
  bool starts_;
};

Calibration Of(int64_t start_ms, bool starts = true) {
  ManualClock clock;
  SlowDriver driver(clock, start_ms, starts);
  return Calibrate(driver, 10'000, clock);
}

TEST(CalibrateTest, AFastTargetGetsTheTimeThatWasAskedFor) {
  EXPECT_EQ(Of(40).patience, 1);
  EXPECT_EQ(Of(40).rounds, 3);
  EXPECT_EQ(Describe(Of(40), 10'000),
            "a start or stop takes up to 40 ms, 10000 ms are waited for an answer");
}

TEST(CalibrateTest, ASlowOneGetsMoreWithinALimit) {
  EXPECT_EQ(Of(1'000).patience, 5);
  EXPECT_EQ(Of(60'000).patience, 12);
}

TEST(CalibrateTest, OneThatDoesNotStartGetsNoMore) {
  EXPECT_EQ(Of(60'000, false).patience, 1);
  EXPECT_EQ(Of(60'000, false).rounds, 0);
}

}  // namespace
}  // namespace atrest::runner
