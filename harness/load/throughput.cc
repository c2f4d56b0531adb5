#include "harness/load/throughput.h"

#include <functional>
#include <utility>

#include "harness/load/event_loop.h"
#include "harness/load/payload.h"

namespace atrest::load {
namespace {

constexpr int kRoundMs = 1;
constexpr int64_t kSecondNs = 1'000'000'000;

// One phase: a publisher, a subscriber, or both, on one channel.
class Phase : private StanClientHandler {
 public:
  Phase(const ThroughputOptions& options, const std::string& name, std::string channel)
      : options_(options),
        channel_(std::move(channel)),
        maker_(options.size),
        publisher_(loop_, *this, options.target, options.run + "-" + name + "-p", 0),
        subscriber_(loop_, *this, options.target, options.run + "-" + name + "-s", 1) {}

  // Messages a second.
  Result<double> Run(bool publishing, bool subscribing) {
    ATREST_TRY(publisher_.Open());
    ATREST_TRY(subscriber_.Open());
    ATREST_TRY(Until([this] { return ready_ == 2; }));
    const int64_t begin = MonotonicNs();
    if (subscribing) subscriber_.Subscribe(channel_, static_cast<int32_t>(options_.window));
    ATREST_TRY(Until([&] {
      if (publishing && (!subscribing || subscribed_)) PublishSome();
      return (!publishing || acked_ == options_.messages) &&
             (!subscribing || delivered_ == options_.messages);
    }));
    const auto elapsed = static_cast<double>(MonotonicNs() - begin);
    publisher_.Leave();
    subscriber_.Leave();
    ATREST_TRY(Until([this] { return left_ == 2; }));
    return static_cast<double>(options_.messages) / elapsed * static_cast<double>(kSecondNs);
  }

 private:
  void OnReady(StanClient&) override { ++news_, ++ready_; }
  void OnSubscribed(StanClient&) override { ++news_, subscribed_ = true; }
  void OnLeft(StanClient&) override { ++news_, ++left_; }

  void OnAck(StanClient& client, std::string_view, std::string_view error) override {
    ++news_, ++acked_;
    if (!error.empty()) OnTrouble(client, "refused: " + std::string(error));
  }

  void OnMessage(StanClient& client, const wire::Message& message) override {
    ++news_;
    if (message.redelivered && message.sequence <= delivered_) return;
    const auto stamp = maker_.Read(message.payload());
    if (!stamp.ok()) return OnTrouble(client, stamp.status().message());
    if (message.sequence != ++delivered_ || stamp.value().number != delivered_) {
      OnTrouble(client, "message " + std::to_string(message.sequence) + " came as number " +
                            std::to_string(delivered_));
    }
  }

  void OnTrouble(StanClient&, const std::string& why) override {
    if (trouble_.empty()) trouble_ = why;
  }

  void PublishSome() {
    while (published_ < options_.messages && published_ - acked_ < options_.window) {
      ++published_;
      publisher_.Publish(channel_, std::to_string(published_), maker_.Make({0, published_, 0}));
    }
  }

  Status Until(const std::function<bool()>& done) {
    uint64_t news = news_;
    int64_t since = MonotonicNs();
    while (trouble_.empty() && !done()) {
      ATREST_TRY(loop_.Round(kRoundMs));
      const int64_t now = MonotonicNs();
      if (std::exchange(news, news_) != news_) since = now;
      if (now - since > options_.patience_s * kSecondNs) trouble_ = "waited in vain";
    }
    return trouble_.empty() ? Status() : Status(Code::kIo, trouble_);
  }

  const ThroughputOptions& options_;
  std::string channel_;
  PayloadMaker maker_;
  EventLoop loop_;
  StanClient publisher_;
  StanClient subscriber_;
  int ready_ = 0;
  int left_ = 0;
  bool subscribed_ = false;
  uint64_t news_ = 0;
  uint64_t published_ = 0;
  uint64_t acked_ = 0;
  uint64_t delivered_ = 0;
  std::string trouble_;
};

}  // namespace

Result<Throughput> MeasureThroughput(const ThroughputOptions& options) {
  const std::string written = options.run + ".written";
  const auto pub = Phase(options, "pub", written).Run(true, false);
  if (!pub.ok()) return pub.status().WithPrefix("pub: ");
  const auto sub = Phase(options, "sub", written).Run(false, true);
  if (!sub.ok()) return sub.status().WithPrefix("sub: ");
  const auto both = Phase(options, "pubsub", options.run + ".both").Run(true, true);
  if (!both.ok()) return both.status().WithPrefix("pubsub: ");
  return Throughput{pub.value(), sub.value(), both.value()};
}

}  // namespace atrest::load
