// For tests: what clients of a streaming server do, over a fake bus. Clients answer heartbeats
// unless they are told to be silent or gone. Answers are the error texts, "" for success.
// Expectations that verbs rely on are CHECKs.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/check.h"
#include "reference/stan/fake_bus.h"
#include "reference/wire/msg_proto.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::stan {

using Start = wire::StanStartPosition;

// A subscription as tests ask for it.
struct Sub {
  std::string inbox = "i";
  std::string channel = "foo";
  std::string client = "c";
  std::string group = {};
  std::string durable = {};
  int32_t max_in_flight = 1000;
  int32_t ack_wait_s = 30;
  Start start = Start::kFirst;
  uint64_t sequence = 0;
  int64_t delta_ns = 0;
};

class StanVerbs {
 public:
  virtual ~StanVerbs() = default;

 protected:
  static constexpr int64_t kMs = 1'000'000;
  static constexpr int64_t kSecond = 1'000'000'000;
  static constexpr int64_t kStart = 1'700'000'000 * kSecond;

  // Lets the server have what is on the bus, until nothing is left to do.
  virtual void Drain() = 0;

  // Sends a request and gives the payloads of the answers.
  std::vector<Bytes> Ask(const std::string& subject, ByteView payload) {
    Tell(subject, payload);
    return bus_.Take("reply");
  }
  // The same, without looking for answers.
  void Tell(const std::string& subject, ByteView payload) {
    bus_.Deliver(subject, "reply", payload);
    Drain();
  }
  template <typename M>
  Bytes Encoded(const M& message) {
    Bytes encoded;
    wire::EncodeStan(message, encoded);
    return encoded;
  }
  template <typename R, typename M>
  R AskFor(const std::string& subject, const M& message) {
    const std::vector<Bytes> answers = Ask(subject, Encoded(message));
    ATREST_CHECK(answers.size() == 1);
    return wire::DecodeStan<R>(answers.front()).value();
  }

  wire::StanConnectRequest ConnectRequest(const std::string& id) {
    wire::StanConnectRequest request;
    request.client_id = id;
    request.heartbeat_inbox = "hb." + id;
    request.protocol = 1;
    request.conn_id = ToBytes("conn-" + id);
    return request;
  }
  std::string Connect(const std::string& id) {
    bus_.alive.insert("hb." + id);
    return AskFor<wire::StanConnectResponse>("_STAN.discover.test-cluster", ConnectRequest(id))
        .error;
  }
  std::string Close(const std::string& id) {
    return AskFor<wire::StanCloseResponse>("_STAN.close.test-cluster",
                                           wire::StanCloseRequest{.client_id = id})
        .error;
  }

  wire::StanPubMsg PubMsg(const std::string& channel, const std::string& data,
                          const std::string& client = "c") {
    wire::StanPubMsg message;
    message.client_id = client;
    message.guid = "g" + std::to_string(++guid_);
    message.subject = channel;
    if (!data.empty()) message.data = ToBytes(data);
    message.conn_id = ToBytes("conn-" + client);
    return message;
  }
  std::string Publish(const std::string& channel, const std::string& data,
                      const std::string& client = "c") {
    return AskFor<wire::StanPubAck>("_STAN.pub.test-cluster." + channel,
                                    PubMsg(channel, data, client))
        .error;
  }
  // COUNT messages "1", "2", ... to foo.
  void PublishMany(int count, const std::string& channel = "foo") {
    for (int i = 1; i <= count; ++i) ATREST_CHECK(Publish(channel, std::to_string(i)).empty());
  }

  wire::StanSubscriptionRequest SubRequest(const Sub& sub) {
    wire::StanSubscriptionRequest request;
    request.client_id = sub.client;
    request.subject = sub.channel;
    request.queue_group = sub.group;
    request.inbox = sub.inbox;
    request.max_in_flight = sub.max_in_flight;
    request.ack_wait_s = sub.ack_wait_s;
    request.durable_name = sub.durable;
    request.start_position = sub.start;
    request.start_sequence = sub.sequence;
    request.start_time_delta_ns = sub.delta_ns;
    return request;
  }
  std::string Subscribe(const Sub& sub) {
    const auto response =
        AskFor<wire::StanSubscriptionResponse>("_STAN.sub.test-cluster", SubRequest(sub));
    if (response.error.empty()) ack_inboxes_[sub.inbox] = {response.ack_inbox, sub.channel};
    return response.error;
  }
  std::string Leave(const std::string& subject, const std::string& inbox, const std::string& client,
                    const std::string& channel) {
    wire::StanUnsubscribeRequest request;
    request.client_id = client;
    request.subject = channel;
    const auto known = ack_inboxes_.find(inbox);
    request.inbox = known == ack_inboxes_.end() ? inbox : known->second.first;
    return AskFor<wire::StanSubscriptionResponse>(subject, request).error;
  }
  std::string Unsubscribe(const std::string& inbox, const std::string& client = "c",
                          const std::string& channel = "foo") {
    return Leave("_STAN.unsub.test-cluster", inbox, client, channel);
  }
  std::string CloseSub(const std::string& inbox, const std::string& client = "c",
                       const std::string& channel = "foo") {
    return Leave("_STAN.subclose.test-cluster", inbox, client, channel);
  }
  void Ack(const std::string& inbox, uint64_t sequence) {
    const auto& [ack_inbox, channel] = ack_inboxes_.at(inbox);
    bus_.Deliver(ack_inbox, "", Encoded(wire::StanAck{.subject = channel, .sequence = sequence}));
    Drain();
  }

  // What came to INBOX since the last time: "1:a 2:b", with "*2" behind a message's second
  // redelivery.
  std::string Got(const std::string& inbox) {
    std::string text;
    for (const Bytes& payload : bus_.Take(inbox)) {
      const wire::Message message = wire::DecodeMessage(payload).value();
      if (!text.empty()) text += ' ';
      text += std::to_string(message.sequence) + ":" + std::string(AsText(message.payload()));
      if (message.redelivered) text += "*" + std::to_string(message.redelivery_count);
    }
    return text;
  }

  FakeBus bus_;

 private:
  int guid_ = 0;
  std::map<std::string, std::pair<std::string, std::string>> ack_inboxes_;
};

}  // namespace atrest::stan
