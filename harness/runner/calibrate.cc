#include "harness/runner/calibrate.h"

#include <algorithm>
#include <variant>

namespace atrest::runner {
namespace {

constexpr int kRounds = 3;
// A step may take this many times as long as the slowest that was measured: others do more work,
// and the machine may get busier.
constexpr int64_t kGenerous = 50;
constexpr int64_t kPatienceMax = 12;
constexpr int64_t kNsPerMs = 1'000'000;

bool HasStarted(const Result<verdict::Observation>& seen) {
  if (!seen.ok()) return false;
  const auto* started = std::get_if<verdict::Started>(&seen.value().outcome);
  return started != nullptr && started->ok;
}

bool HasStopped(const Result<verdict::Observation>& seen) {
  return seen.ok() && std::holds_alternative<verdict::Done>(seen.value().outcome);
}

// The store that needs least; nothing is published to it.
scenario::Settings SettingsFor(const driver::TargetInfo& info) {
  scenario::Settings settings;
  const auto& has = info.capabilities;
  settings.store = std::ranges::find(has, "memory") != has.end() ? "memory" : "file";
  return settings;
}

}  // namespace

Calibration Calibrate(driver::Driver& driver, int64_t answer_ms, env::Clock& clock) {
  Calibration calibration;
  const driver::TargetInfo info = driver.Info();
  const auto can = [&](const char* store) {
    return std::ranges::find(info.capabilities, store) != info.capabilities.end();
  };
  if (!can("memory") && !can("file")) return calibration;
  const auto measured = [&](auto step) {
    const int64_t began = clock.NowNs();
    auto seen = step();
    calibration.slowest_ns = std::max(calibration.slowest_ns, clock.NowNs() - began);
    return seen;
  };
  for (int round = 0; round < kRounds; ++round) {
    if (!HasStarted(measured([&] { return driver.Start(SettingsFor(info), {}); }))) break;
    if (!HasStopped(measured([&] { return driver.Stop(); }))) break;
    ++calibration.rounds;
  }
  const int64_t wanted_ms = calibration.slowest_ns * kGenerous / kNsPerMs;
  const int64_t patience = (wanted_ms + answer_ms - 1) / std::max<int64_t>(answer_ms, 1);
  // What did not start says nothing of how long one that does takes.
  if (calibration.rounds > 0)
    calibration.patience = static_cast<int>(std::clamp<int64_t>(patience, 1, kPatienceMax));
  return calibration;
}

std::string Describe(const Calibration& calibration, int64_t answer_ms) {
  if (calibration.rounds == 0) return "it could not be started and stopped";
  const int64_t slowest_ms = (calibration.slowest_ns + kNsPerMs - 1) / kNsPerMs;
  return "a start or stop takes up to " + std::to_string(slowest_ms) + " ms, " +
         std::to_string(answer_ms * calibration.patience) + " ms are waited for an answer";
}

}  // namespace atrest::runner
