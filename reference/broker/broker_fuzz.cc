// Several connections and the local side of a broker, driven by any bytes: nothing breaks, what is
// counted is right, the same input makes the same output, and when all are gone nothing is left.
// Input: instructions of a byte each (what in the upper half, which connection in the lower), some
// with a length and bytes behind them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reference/base/check.h"
#include "reference/broker/broker.h"

namespace {

using atrest::AsText;
using atrest::Bytes;
using atrest::ByteView;
using atrest::LogBuffer;
using atrest::broker::Broker;
using atrest::broker::BrokerOptions;
using atrest::broker::ConnectionId;
using atrest::broker::LinkHandler;
using atrest::broker::LinkMessage;

constexpr size_t kPendingMax = 4'096;

// Every third message of the local side is answered.
class Answering : public LinkHandler {
 public:
  explicit Answering(Broker& broker) : broker_(broker) {}
  void OnMessage(const LinkMessage& message) override {
    if (++count_ % 3 != 0 || message.reply.empty()) return;
    (void)broker_.local().Publish(message.reply, "", message.payload);
  }

 private:
  Broker& broker_;
  size_t count_ = 0;
};

class Driver {
 public:
  explicit Driver(uint8_t flags) : broker_(Options(flags), log_, 7), handler_(broker_) {
    for (uint64_t handle = 1; handle <= 3; ++handle) {
      const std::string subjects[] = {"a", "b.>", "*"};
      ATREST_CHECK(broker_.local().Subscribe(handle, subjects[handle - 1]).ok());
    }
  }

  Bytes Run(ByteView input) {
    while (!input.empty()) Step(input);
    Finish();
    return transcript_;
  }

 private:
  static BrokerOptions Options(uint8_t flags) {
    BrokerOptions options;
    if ((flags & 1) != 0) options.token = "t";
    if ((flags & 2) != 0) options.max_subscriptions = 3;
    if ((flags & 4) != 0) options.debug = options.trace = true;
    if ((flags & 8) != 0) options.max_connections = 6;
    options.max_pending_bytes = kPendingMax;
    options.max_payload_bytes = 256;
    options.max_control_line_bytes = 64;
    options.local_queue_bytes = 65'536;
    return options;
  }

  static ByteView Take(size_t size, ByteView& input) {
    const ByteView front = input.first(std::min(size, input.size()));
    input = input.subspan(front.size());
    return front;
  }

  void Step(ByteView& input) {
    const uint8_t byte = Take(1, input)[0];
    const ConnectionId id = byte & 7;
    switch (byte >> 4) {
      case 0:
        return broker_.Accepted(now_, id, "1.2.3.4", 5);
      case 1:
        return broker_.Closed(now_, id);
      case 2:
        return Collect(id % 2 == 0);
      case 3:
        now_ += int64_t{1'000'000'000} << id;
        return broker_.Tick(now_);
      case 4:
        broker_.DeliverLocal(handler_, 10);
        return;
      case 5: {
        const ByteView subject = Take(id, input);
        (void)broker_.local().Publish(AsText(subject), "b.reply", input.first(input.size() / 2));
        return;
      }
      default: {
        const ByteView length = Take(1, input);
        return broker_.Received(now_, id, Take(length.empty() ? 0 : length[0], input));
      }
    }
  }

  void Collect(bool reads) {
    for (const ConnectionId id : broker_.TakeDirty()) {
      const bool closing = broker_.closing(id);
      const Bytes output = broker_.TakeOutput(id);
      atrest::Append(transcript_, output);
      ATREST_CHECK(output.size() <= kPendingMax + 1'024);
      if (reads) broker_.Written(now_, id, output.size());
      if (closing) ATREST_CHECK(broker_.TakeOutput(id).empty());
    }
  }

  void Finish() {
    while (broker_.DeliverLocal(handler_, 1'000)) {
    }
    broker_.Shutdown(now_);
    Collect(true);
    ATREST_CHECK(broker_.connections() == 0);
    ATREST_CHECK(broker_.subscriptions() == 3);
    ATREST_CHECK(!broker_.NextDeadlineNs());
    ATREST_CHECK(broker_.TakeDirty().empty());
    for (const LogBuffer::Line& line : log_.lines()) {
      atrest::Append(transcript_, atrest::AsBytes(line.text));
    }
  }

  LogBuffer log_;
  Broker broker_;
  Answering handler_;
  int64_t now_ = 1;
  Bytes transcript_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  const Bytes first = Driver(data[0]).Run(input);
  ATREST_CHECK(Driver(data[0]).Run(input) == first);
  return 0;
}
