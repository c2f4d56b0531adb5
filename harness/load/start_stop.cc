#include "harness/load/start_stop.h"

#include "harness/load/child.h"
#include "harness/load/event_loop.h"

namespace atrest::load {
namespace {

constexpr int64_t kRetryNs = 200'000;
constexpr int64_t kAnswerMs = 20;
constexpr int64_t kMillisecondNs = 1'000'000;
// The real server installs its signal handlers some moments after it serves.
constexpr int64_t kSettleNs = 100 * kMillisecondNs;

// One client that tries to connect; whatever goes wrong is tried again by another one.
class Attempt : private StanClientHandler {
 public:
  Attempt(const Target& target, int number)
      : client_(loop_, *this, target, "starting-" + std::to_string(number), 0) {}

  bool Answered() {
    if (!client_.Open().ok()) return false;
    const int64_t begin = MonotonicNs();
    while (client_.open() && !ready_ && MonotonicNs() - begin < kAnswerMs * kMillisecondNs) {
      if (!loop_.Round(1).ok()) return false;
    }
    return ready_;
  }

 private:
  void OnReady(StanClient&) override { ready_ = true; }
  void OnSubscribed(StanClient&) override {}
  void OnAck(StanClient&, std::string_view, std::string_view) override {}
  void OnMessage(StanClient&, const wire::Message&) override {}
  void OnLeft(StanClient&) override {}
  void OnTrouble(StanClient&, const std::string&) override {}

  EventLoop loop_;
  StanClient client_;
  bool ready_ = false;
};

}  // namespace

Result<StartStop> MeasureStartStop(const std::vector<std::string>& command, const Target& target) {
  StartStop seen;
  ChildProcess child;
  const int64_t begin = MonotonicNs();
  ATREST_TRY(child.Start(command));
  for (int number = 0; !Attempt(target, number).Answered(); ++number) {
    if (MonotonicNs() - begin > kPatienceMs * kMillisecondNs) {
      return Status(Code::kIo, command[0] + " did not answer");
    }
    SleepNs(kRetryNs);
  }
  seen.ready_ns = MonotonicNs() - begin;
  SleepNs(kSettleNs);
  const int64_t asked = MonotonicNs();
  child.Terminate();
  const Result<int> code = child.Wait(kPatienceMs);
  if (!code.ok()) return code.status();
  seen.gone_ns = MonotonicNs() - asked;
  seen.exit_code = code.value();
  return seen;
}

}  // namespace atrest::load
