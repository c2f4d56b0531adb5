#include "harness/compare/generator.h"

#include <algorithm>

#include "harness/compare/generate_start.h"
#include "harness/compare/generate_tamper.h"
#include "harness/compare/nasty.h"
#include "harness/compare/order.h"

namespace atrest::compare {
namespace {

// Far longer than any case takes.
constexpr int64_t kNeverS = 600;
// Redelivery is waited for in full seconds on both sides of it.
constexpr int64_t kSoonS = 2;
constexpr int64_t kSoonPassedMs = 3000;
constexpr int64_t kHourMs = 3'600'000;

class Generator {
 public:
  Generator(uint64_t seed, const GeneratorOptions& options) : random_(seed), options_(options) {
    case_.seed = seed;
    case_.keys = {{kUsualKey, "a long and winding key"},
                  {kOtherKey, "quite another key"},
                  {kOddKey, std::string("\xC3\xA9 \xFF\x01", 5)}};
    theme_ = Theme(random_, options.capabilities);
    channels_ = NastyChannels(random_, 1 + random_.Below(3));
    has_clients_ = options.capabilities.contains("client");
    tampers_ = Chance(random_, 50) && theme_.store == "file";
    redelivers_ = has_clients_ && Chance(random_, 6);
  }

  Case Make() {
    Do({scenario::Start{theme_}});
    while (case_.steps.size() < options_.steps) {
      if (order_.running()) {
        ActRunning();
      } else {
        ActStopped();
      }
    }
    if (order_.running()) Do({scenario::Stop{}});
    case_.steps = Repair(case_.steps);
    return std::move(case_);
  }

 private:
  void Do(Step step) {
    if (!order_.Admits(step)) return;
    order_.Apply(step);
    case_.steps.push_back(step);
    for (Step& settling : order_.Settling(step)) {
      order_.Apply(settling);
      case_.steps.push_back(std::move(settling));
    }
  }
  void Act(scenario::ClientStep step) { Do({std::move(step)}); }

  void ActStopped() {
    if (tampers_ && Chance(random_, 60)) Do({NastyTamper(random_, channels_)});
    Step start{scenario::Start{Vary(theme_, random_, options_.capabilities)}};
    start.exchange = theme_.store == "file" && Chance(random_, 35);
    Do(std::move(start));
  }

  void ActRunning() {
    const uint64_t kind = random_.Below(100);
    if (kind < 28) return Publish();
    if (kind < 42) return Read();
    if (kind < 50) return Do({scenario::Stop{}});
    if (kind < 55) return Kill();
    if (!has_clients_) return Publish();
    if (order_.clients().empty() || kind < 61) return Connect();
    if (kind < 65) return Leave();
    if (order_.subscriptions().empty() || kind < 77) return Subscribe();
    if (kind < 84) return Act(scenario::Receive{AnySubscription()});
    if (kind < 93) return Ack();
    if (kind < 95) return Act(scenario::Unsubscribe{AnySubscription()});
    return Act(scenario::CloseSubscription{AnySubscription()});
  }

  void Publish() {
    scenario::Publish publish{Pick(random_, channels_), {}, ""};
    const uint64_t count = Chance(random_, 70) ? 1 : 2 + random_.Below(5);
    for (uint64_t i = 0; i < count; ++i) publish.payloads.push_back(NastyPayload(random_));
    if (!order_.clients().empty() && Chance(random_, 40)) publish.client = AnyClient();
    published_ += count;
    Do({std::move(publish)});
  }

  void Read() {
    using From = scenario::Read::From;
    scenario::Read read;
    read.channel = Pick(random_, channels_);
    read.from = Pick<From>(random_, {From::kFirst, From::kFirst, From::kLast, From::kSequence,
                                     From::kSequence, From::kNew});
    if (read.from == From::kSequence) read.sequence = random_.Below(published_ + 3);
    Do({read});
  }

  void Kill() {
    if (options_.capabilities.contains("kill")) Do({scenario::Kill{}});
  }

  void Connect() {
    static const std::vector<std::string> kIds = {"a", "a", "b", "b", "C-1_x", "not.valid"};
    Act(scenario::Connect{Pick(random_, kIds)});
  }

  void Leave() {
    if (Chance(random_, 65)) {
      Act(scenario::Disconnect{AnyClient()});
    } else {
      Act(scenario::Vanish{AnyClient()});
    }
  }

  void Subscribe() {
    using From = scenario::Subscribe::From;
    scenario::Subscribe subscribe;
    subscribe.client = AnyClient();
    subscribe.name = "s" + std::to_string(++subscriptions_made_);
    subscribe.channel = Pick(random_, channels_);
    subscribe.from = Pick<From>(random_, {From::kNew, From::kLast, From::kTimeDelta,
                                          From::kSequence, From::kFirst, From::kFirst});
    if (subscribe.from == From::kSequence) subscribe.sequence = random_.Below(published_ + 3);
    if (subscribe.from == From::kTimeDelta) subscribe.time_delta_ms = kHourMs;
    if (Chance(random_, 50)) subscribe.durable = Pick<std::string>(random_, {"D", "D", "E", "D:g"});
    if (Chance(random_, 35)) subscribe.queue = Pick<std::string>(random_, {"g", "g", "h"});
    subscribe.max_in_flight = Pick<uint32_t>(random_, {1, 1, 2, 3, 1024});
    // Who gets what in a group depends on acks that are on their way: there they are explicit.
    subscribe.manual_acks = !subscribe.queue.empty() || Chance(random_, 75);
    subscribe.ack_wait_s = kNeverS;
    const bool soon = redelivers_ && subscribe.manual_acks;
    if (soon) subscribe.ack_wait_s = kSoonS;
    const std::string name = subscribe.name;
    Act(std::move(subscribe));
    if (soon) Redeliver(name);
  }

  // The subscription shows one redelivery and ends before the next.
  void Redeliver(const std::string& subscription) {
    Do({scenario::Wait{kSoonPassedMs}});
    Act(scenario::Receive{subscription});
    Act(scenario::CloseSubscription{subscription});
  }

  void Ack() {
    scenario::Ack ack{AnySubscription(), {}};
    const uint64_t first = 1 + random_.Below(published_ + 1);
    const uint64_t count = 1 + random_.Below(Chance(random_, 30) ? 6 : 2);
    for (uint64_t i = 0; i < count; ++i) ack.sequences.push_back(first + i);
    Act(std::move(ack));
  }

  std::string AnyClient() {
    const auto& all = order_.clients();
    return *std::next(all.begin(), static_cast<ptrdiff_t>(random_.Below(all.size())));
  }
  std::string AnySubscription() {
    const auto& all = order_.subscriptions();
    return std::next(all.begin(), static_cast<ptrdiff_t>(random_.Below(all.size())))->first;
  }

  Random random_;
  const GeneratorOptions& options_;
  Case case_;
  Order order_;
  scenario::Settings theme_;
  std::vector<std::string> channels_;
  bool has_clients_ = false;
  bool tampers_ = false;
  bool redelivers_ = false;
  uint64_t published_ = 0;
  uint64_t subscriptions_made_ = 0;
};

}  // namespace

Case Generate(uint64_t seed, const GeneratorOptions& options) {
  return Generator(seed, options).Make();
}

}  // namespace atrest::compare
