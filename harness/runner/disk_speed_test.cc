// What the disk oracle costs an in-process run: printed, and never judged, as it is a figure of
// the machine. The run itself is judged: nothing may be found in it.
#include <gtest/gtest.h>

#include <cstdio>

#include "harness/driver/registry.h"
#include "harness/runner/disk_follower.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

constexpr int kSequences = 200;

std::string PayloadOf(uint64_t seed) { return disktruth::MakeCanary(seed, 24 + seed % 5 * 12); }

scenario::Step StartWith(const char* cipher) {
  scenario::Start start;
  start.settings.encrypt = true;
  start.settings.key_variable = "right";
  start.settings.cipher = cipher;
  return {"", start};
}

scenario::Step PublishTo(const std::string& channel, uint64_t seed) {
  scenario::Publish publish;
  publish.channel = channel;
  publish.payloads = {PayloadOf(seed), PayloadOf(seed + 1)};
  return {"", publish};
}

scenario::Step ReadFrom(const std::string& channel) {
  scenario::Read read;
  read.channel = channel;
  return {"", read};
}

// Twenty steps over three channels, with a stop, a kill and a change of the cipher.
scenario::Scenario TwentySteps(uint64_t seed) {
  scenario::Scenario scenario;
  scenario.keys = {{"right", "a right key of the run"}, {"wrong", "a wrong key of the run"}};
  scenario.steps = {StartWith("AES"),
                    PublishTo("foo", seed),
                    PublishTo("bar", seed + 10),
                    ReadFrom("foo"),
                    PublishTo("foo", seed + 20),
                    PublishTo("baz", seed + 30),
                    ReadFrom("bar"),
                    {"", scenario::Stop{}},
                    StartWith("CHACHA"),
                    ReadFrom("foo"),
                    PublishTo("foo", seed + 40),
                    PublishTo("bar", seed + 50),
                    ReadFrom("baz"),
                    {"", scenario::Kill{}},
                    StartWith("AES"),
                    ReadFrom("foo"),
                    PublishTo("baz", seed + 60),
                    ReadFrom("bar"),
                    PublishTo("foo", seed + 70),
                    {"", scenario::Stop{}}};
  return scenario;
}

Result<verdict::Observation> Perform(driver::Driver& driver, const scenario::Scenario& scenario,
                                     const scenario::Step& step) {
  if (const auto* start = std::get_if<scenario::Start>(&step.action)) {
    return driver.Start(start->settings, scenario.keys);
  }
  if (const auto* publish = std::get_if<scenario::Publish>(&step.action)) {
    return driver.Publish(*publish);
  }
  if (const auto* read = std::get_if<scenario::Read>(&step.action)) return driver.Read(*read);
  if (std::holds_alternative<scenario::Kill>(step.action)) return driver.Kill();
  return driver.Stop();
}

TEST(DiskSpeed, OfTwentySteps) {
  env::SystemClock clock;
  int64_t target_ns = 0;
  int64_t oracle_ns = 0;
  for (uint64_t seed = 0; seed < kSequences; ++seed) {
    const scenario::Scenario scenario = TwentySteps(seed * 1000);
    auto driver = driver::MakeDriver("inproc", {});
    ASSERT_TRUE(driver.ok());
    int64_t before = clock.NowNs();
    DiskFollower follower(scenario, *driver.value());
    oracle_ns += clock.NowNs() - before;
    for (const scenario::Step& step : scenario.steps) {
      before = clock.NowNs();
      const auto seen = Perform(*driver.value(), scenario, step);
      target_ns += clock.NowNs() - before;
      ASSERT_TRUE(seen.ok()) << seen.status().message();
      before = clock.NowNs();
      const auto found = follower.Observe(step, seen.value());
      oracle_ns += clock.NowNs() - before;
      ASSERT_TRUE(found.ok()) << found.status().message();
      for (const oracle::Finding& finding : found.value()) {
        ASSERT_EQ(finding.level, verdict::Level::kInfo) << finding.message;
      }
    }
  }
  const auto per_sequence = [](int64_t ns) { return static_cast<double>(ns) / 1000 / kSequences; };
  std::printf("target %.0f us, disk oracle %.0f us of 20 looks, a sequence\n",
              per_sequence(target_ns), per_sequence(oracle_ns));
}

}  // namespace
}  // namespace atrest::runner
