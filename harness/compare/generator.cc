#include "harness/compare/generator.h"

#include <algorithm>
#include <map>

#include "harness/compare/generate_request.h"
#include "harness/compare/generate_start.h"
#include "harness/compare/generate_tamper.h"
#include "harness/compare/order.h"
#include "harness/generate/nasty.h"

namespace atrest::compare {
namespace {

using generate::Chance;
using generate::NastyChannels;
using generate::NastyPayload;
using generate::Pick;

// Far longer than any case takes.
constexpr int64_t kNeverS = 600;
// Redelivery is waited for in full seconds on both sides of it.
constexpr int64_t kSoonS = 2;
constexpr int64_t kSoonPassedMs = 3000;
// Limits of time likewise.
constexpr int64_t kShortMs = 2000;
constexpr int64_t kShortPassedMs = 5000;
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
    // A compaction while the subscriptions of a client end, in an order that is random once they
    // have been recovered, writes some before and some after their last change.
    has_clients_ = options.capabilities.contains("client") && !Compacts(theme_);
    has_raw_ = options.capabilities.contains("raw");
    tampers_ = Chance(random_, 60) && theme_.store == "file" && !theme_.max_channels;
    redelivers_ = has_clients_ && Chance(random_, 8);
    ages_ = options.capabilities.contains("program") && Chance(random_, 6);
  }

  Case Make() {
    Start({scenario::Start{theme_}});
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
    if (tampers_ && Chance(random_, 70)) Do({NastyTamper(random_, channels_)});
    Step start{scenario::Start{Vary(theme_, random_, options_.capabilities)}};
    start.exchange = theme_.store == "file" && Chance(random_, 35);
    if (ages_ && Chance(random_, 40)) return Age(std::move(start));
    Start(std::move(start));
  }

  // A whole run under a limit of time: what is stored is there, and then, when the limit has passed
  // with time to spare, is not.
  void Age(Step start) {
    scenario::Settings& settings = std::get<scenario::Start>(start.action).settings;
    settings.max_age_ms = kShortMs;
    if (Chance(random_, 30)) settings.max_inactivity_ms = kShortMs;
    Start(std::move(start));
    Publish();
    Read();
    Do({scenario::Wait{kShortPassedMs}});
    if (Chance(random_, 70)) Read();
    if (Chance(random_, 70)) Publish();
    if (Chance(random_, 50)) Read();
    Do({scenario::Stop{}});
  }

  void Start(Step start) {
    Do(std::move(start));
    // A driver that settles by a channel of its own gets it while there is room for one.
    if (theme_.max_channels) Do({scenario::Read{channels_[0]}});
  }

  void ActRunning() {
    const uint64_t kind = random_.Below(100);
    if (kind < 26) return Publish();
    if (kind < 37) return Read();
    if (kind < 47) return Do({scenario::Stop{}});
    if (kind < 52) return Kill();
    if (has_raw_ && Chance(random_, 8)) return Request();
    if (!has_clients_) return Publish();
    if (order_.clients().empty() || kind < 57) return Connect();
    if (kind < 61) return Leave();
    if (order_.subscriptions().empty() || kind < 74) return Subscribe();
    if (kind < 78) return Act(scenario::Receive{AnySubscription()});
    if (kind < 92) return Ack();
    if (kind < 94) return Act(scenario::Unsubscribe{AnySubscription()});
    return Act(scenario::CloseSubscription{AnySubscription()});
  }

  // Mostly the same, so that things meet.
  const std::string& AnyChannel() {
    return Chance(random_, 60) ? channels_[0] : Pick(random_, channels_);
  }

  void Publish() {
    scenario::Publish publish{AnyChannel(), {}, ""};
    // What a subscription that acks by itself gets of several depends on when its acks arrive.
    const bool one = Chance(random_, 70) || HasReaderWithAcksOfItsOwn(publish.channel);
    const uint64_t count = one ? 1 : 2 + random_.Below(5);
    for (uint64_t i = 0; i < count; ++i) publish.payloads.push_back(NastyPayload(random_));
    if (!order_.clients().empty() && Chance(random_, 40)) publish.client = AnyClient();
    published_[publish.channel] += count;
    Do({std::move(publish)});
  }

  bool HasReaderWithAcksOfItsOwn(const std::string& channel) const {
    return std::ranges::any_of(order_.subscriptions(), [&](const auto& open) {
      return open.second.channel == channel && !open.second.manual_acks;
    });
  }

  void Read() {
    using From = scenario::Read::From;
    scenario::Read read;
    read.channel = AnyChannel();
    read.from = Pick<From>(random_, {From::kFirst, From::kFirst, From::kLast, From::kSequence,
                                     From::kSequence, From::kNew});
    if (read.from == From::kSequence) read.sequence = AnySequence(read.channel);
    if (Chance(random_, 15)) read.max = 1 + random_.Below(3);
    Do({read});
  }

  void Kill() {
    if (options_.capabilities.contains("kill")) Do({scenario::Kill{}});
  }

  void Request() {
    std::vector<std::string> ids = {"a", "b", "raw1"};
    Act(NastyRequest(random_, channels_, ids));
  }

  void Connect() {
    static const std::vector<std::string> kIds = {"a", "a", "b", "b", "C-1_x"};
    Act(scenario::Connect{Chance(random_, 4) ? "not.valid" : Pick(random_, kIds)});
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
    subscribe.channel = AnyChannel();
    subscribe.from = Pick<From>(random_, {From::kNew, From::kLast, From::kTimeDelta,
                                          From::kSequence, From::kFirst, From::kFirst});
    if (subscribe.from == From::kSequence) subscribe.sequence = AnySequence(subscribe.channel);
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
    expected_[name] = FirstExpected(subscribe);
    Act(std::move(subscribe));
    if (soon) Redeliver(name);
  }

  // The subscription shows one redelivery and ends before the next.
  void Redeliver(const std::string& subscription) {
    Do({scenario::Wait{kSoonPassedMs}});
    Act(scenario::Receive{subscription});
    Act(scenario::CloseSubscription{subscription});
  }

  // A guess at the first sequence that a new subscription gets.
  uint64_t FirstExpected(const scenario::Subscribe& subscribe) {
    using From = scenario::Subscribe::From;
    const uint64_t last = published_[subscribe.channel];
    if (subscribe.from == From::kNew) return last + 1;
    if (subscribe.from == From::kLast) return std::max<uint64_t>(last, 1);
    return subscribe.from == From::kSequence ? std::max<uint64_t>(subscribe.sequence, 1) : 1;
  }

  // Mostly of what has come, as far as one can guess. One at a time: an ack may bring the message
  // that the next would be for.
  void Ack() {
    const std::string subscription = AnySubscription();
    const uint64_t count = 1 + random_.Below(Chance(random_, 30) ? 3 : 1);
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t& expected = expected_[subscription];
      const uint64_t sequence = expected + (Chance(random_, 15) ? 1 : 0);
      expected = sequence + 1;
      Act(scenario::Ack{subscription, {sequence}});
    }
  }

  // Of a stored message, or a little too high. Not 0, which client libraries refuse: raw requests
  // do.
  uint64_t AnySequence(const std::string& channel) {
    return 1 + random_.Below(published_[channel] + 3);
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
  bool has_raw_ = false;
  bool tampers_ = false;
  bool redelivers_ = false;
  bool ages_ = false;
  std::map<std::string, uint64_t> published_;  // by channel
  std::map<std::string, uint64_t> expected_;   // by subscription: a guess at what is not yet acked
  uint64_t subscriptions_made_ = 0;
};

}  // namespace

Case Generate(uint64_t seed, const GeneratorOptions& options) {
  return Generator(seed, options).Make();
}

}  // namespace atrest::compare
