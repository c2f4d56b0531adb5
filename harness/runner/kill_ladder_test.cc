// Workloads killed in front of every single write, and of every single sync, that the second of
// their runs makes: from the first of its start on, through recovery, slices that roll, limits that
// remove, subscriptions and the order of an end. What is left then starts, holds what was acked, in
// order, goes on, has nothing in clear, every record under its key, and no nonce twice: that is the
// model's and the disk oracle's judgement of each image.
// But 0.25.6, and so the reference, makes a file and then writes its version: killed in between, it
// refuses its own store from then on. Such images are counted apart, and must say just that.
#include <gtest/gtest.h>

#include <iostream>

#include "harness/driver/registry.h"
#include "harness/runner/execute.h"
#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using scenario::Interrupt;
using Steps = std::vector<scenario::Action>;

scenario::Settings Encrypted(const char* cipher) {
  scenario::Settings settings;
  settings.encrypt = true;
  settings.cipher = cipher;
  settings.key_variable = "K";
  return settings;
}

scenario::Publish Messages(const std::string& channel, const std::string& name, int count) {
  scenario::Publish publish{channel, {}};
  for (int i = 1; i <= count; ++i)
    publish.payloads.push_back("the secret " + name + " number " + std::to_string(i));
  return publish;
}

// What is done before the run that is killed, in it, and behind it.
struct Workload {
  Steps before;
  scenario::Settings settings;
  Steps run;
};

// Whether a step met the interrupt.
class HitObserver : public StepObserver {
 public:
  Status After(size_t, const scenario::Step&, const verdict::Observation& seen,
               driver::Driver&) override {
    const auto* published = std::get_if<verdict::Published>(&seen.outcome);
    const auto* read = std::get_if<verdict::Read>(&seen.outcome);
    was_hit_ = was_hit_ || (published != nullptr && published->error == driver::kInterrupted) ||
               (read != nullptr && read->error == driver::kInterrupted);
    return Status();
  }
  bool was_hit() const { return was_hit_; }

 private:
  bool was_hit_ = false;
};

constexpr char kEmptyFile[] = "unable to verify file version: EOF";

class KillLadder : public testing::TestWithParam<Interrupt::At> {
 protected:
  // Whether the run was still hit at COUNT; what is wrong with the image is a failure.
  bool Explore(const Workload& workload, uint64_t count) {
    scenario::Scenario scenario;
    scenario.id = "ladder";
    scenario.requirements = {"D-01"};
    scenario.keys = {{"K", "the right key"}, {"W", "another key"}};
    Steps steps = workload.before;
    steps.push_back(Interrupt{GetParam(), count, Interrupt::How::kKill});
    steps.push_back(scenario::Start{workload.settings});
    steps.insert(steps.end(), workload.run.begin(), workload.run.end());
    // Nothing is left to write by now: a read that finds nothing shows whether it was hit before.
    steps.push_back(scenario::Read{"none", scenario::Read::From::kNew});
    steps.push_back(scenario::Kill{});
    steps.push_back(scenario::Start{workload.settings});
    for (const char* channel : {"foo", "bar"}) {
      steps.push_back(scenario::Read{channel});
      steps.push_back(Messages(channel, "of the last run", 2));
      steps.push_back(scenario::Read{channel});
    }
    steps.push_back(scenario::Inspect{{"K", "W"}, {}});
    steps.push_back(scenario::Stop{});
    steps.push_back(scenario::Start{workload.settings});
    steps.push_back(scenario::Read{"foo"});
    steps.push_back(scenario::Stop{});
    for (const scenario::Action& step : steps) scenario.steps.push_back({"", step});
    HitObserver observer;
    ExecuteOptions options;
    options.oracles = ExecuteOptions::Oracles::kAll;
    options.observer = &observer;
    const auto driver = driver::MakeDriver("inproc", {}).value();
    const Executed done = ExecuteWith(scenario, *driver, suite_, files_, options);
    for (const Found& found : done.findings) {
      if (found.finding.oracle != "model" && found.finding.oracle != "disk") continue;
      if (found.finding.message.ends_with(kEmptyFile)) {
        ++refusals_;
        continue;
      }
      ADD_FAILURE() << "killed at number " << count << ", step " << found.step << ": "
                    << found.finding.requirement << " " << found.finding.message;
    }
    return observer.was_hit();
  }

  void Climb(const char* name, const Workload& workload) {
    uint64_t images = 0;
    while (!HasFailure() && Explore(workload, images + 1)) ++images;
    const bool is_sync = GetParam() == Interrupt::At::kSync;
    std::cout << name << ": " << images << " images explored, a kill at every "
              << (is_sync ? "sync" : "write") << "; " << refusals_
              << " have a file without a version and are refused\n";
    RecordProperty("images", static_cast<int>(images));
    EXPECT_GE(images, is_sync ? 3u : 10u);
    EXPECT_LT(refusals_, images / 2);
    if (is_sync) {
      EXPECT_EQ(refusals_, 0u) << "a file has its version by its first sync";
    }
  }

  uint64_t refusals_ = 0;
  env::PosixFileSystem files_;
  const Suite suite_ = Suite::Open(files_, ".").value();
};

TEST_P(KillLadder, ANewStore) {
  Climb("a new store",
        {{},
         Encrypted("AES"),
         {Messages("foo", "first", 4), scenario::Read{"foo"}, Messages("bar", "second", 2),
          scenario::Read{"bar"}, scenario::Wait{2000}, Messages("foo", "third", 3)}});
}

TEST_P(KillLadder, AnotherCipherInSlicesThatRoll) {
  scenario::Settings settings = Encrypted("CHACHA");
  settings.slice_max_messages = 2;
  Climb("slices that roll", {{scenario::Start{Encrypted("AES")}, Messages("foo", "early", 5),
                              Messages("bar", "early too", 1), scenario::Stop{}},
                             settings,
                             {Messages("foo", "first", 5), scenario::Read{"foo"},
                              Messages("bar", "second", 5), scenario::Wait{61'000}}});
}

TEST_P(KillLadder, LimitsThatRemoveSlices) {
  scenario::Settings settings = Encrypted("AES");
  settings.max_messages = 4;
  settings.slice_max_messages = 2;
  Climb("limits",
        {{scenario::Start{Encrypted("AES")}, Messages("foo", "early", 6), scenario::Kill{}},
         settings,
         {Messages("foo", "first", 9), Messages("bar", "second", 9)}});
}

TEST_P(KillLadder, EncryptionThatIsSwitchedOn) {
  Climb("from plaintext",
        {{scenario::Start{}, Messages("foo", "in clear", 3), scenario::Stop{}},
         Encrypted("CHACHA"),
         {Messages("foo", "first", 3), Messages("bar", "second", 3), scenario::Read{"foo"}}});
}

TEST_P(KillLadder, LittleThingsInManyBuffers) {
  scenario::Settings settings = Encrypted("AES");
  settings.buffer_size = 16;
  settings.read_buffer_size = 16;
  Climb("small buffers",
        {{scenario::Start{settings}, Messages("foo", "early", 2), scenario::Kill{}},
         settings,
         {Messages("foo", "first", 3), scenario::Publish{"foo", {"", "x"}},
          Messages("bar", "second", 3), scenario::Read{"foo"}}});
}

INSTANTIATE_TEST_SUITE_P(Ends, KillLadder,
                         testing::Values(Interrupt::At::kWrite, Interrupt::At::kSync),
                         [](const auto& at) {
                           return at.param == Interrupt::At::kWrite ? "Write" : "Sync";
                         });

}  // namespace
}  // namespace atrest::runner
