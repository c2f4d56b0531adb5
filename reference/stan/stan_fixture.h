// For tests: a streaming server over a store in memory (files or not), with verbs for what clients
// do and for time that passes. Clients answer heartbeats unless they are told to be silent or gone.
// Answers are the error texts, "" for success. Expectations that verbs rely on are CHECKs.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"
#include "reference/stan/fake_bus.h"
#include "reference/stan/streaming_server.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"
#include "reference/store/memory_store.h"
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

class StanFixture {
 protected:
  static constexpr int64_t kMs = 1'000'000;
  static constexpr int64_t kSecond = 1'000'000'000;
  static constexpr int64_t kStart = 1'700'000'000 * kSecond;

  // A new process; whatever ran before is killed.
  Status TryOpen() {
    Kill();
    log_.Take();
    ATREST_TRY(OpenStore());
    options_.limits = limits_;
    server_ = std::make_unique<StreamingServer>(
        options_, *store_, bus_, log_, [this](std::span<uint8_t> into) { entropy_.Fill(into); });
    ATREST_TRY(server_->Start(clock_.NowNs()));
    // Up to the end of the question whether another server is there, and no further.
    for (int i = 0; i < 2 && server_->phase() == StreamingServer::Phase::kStarting; ++i) {
      clock_.Set(*server_->NextDeadlineNs());
      server_->Tick(clock_.NowNs());
      Drain();
    }
    return server_->phase() == StreamingServer::Phase::kFailed ? server_->failure() : Status();
  }
  // What the server does first when it is ready is done.
  void Open() {
    ATREST_CHECK(TryOpen().ok());
    (void)bus_.Take(server_->info().discovery);
    Pass(0);
  }
  void Kill() {
    server_.reset();
    store_.reset();
    bus_.patterns.clear();
    bus_.incoming.clear();
    bus_.sent.clear();
  }
  void Stop() { ATREST_CHECK(server_->Stop(clock_.NowNs()).ok()); }

  // Hands over what is on the bus, until nothing is left to do.
  void Drain() {
    for (int i = 0; i < 100'000; ++i) {
      while (!bus_.incoming.empty()) {
        const FakeBus::Queued message = std::move(bus_.incoming.front());
        bus_.incoming.pop_front();
        server_->OnMessage(clock_.NowNs(), {message.handle, message.subject, message.reply,
                                            message.payload, message.no_responders});
      }
      server_->Flush(clock_.NowNs());
      if (bus_.incoming.empty() && !server_->HasQueued()) return;
    }
    ATREST_CHECK(false);
  }
  // Time passes; what becomes due is done at its time.
  void Pass(int64_t ns) {
    const int64_t end = clock_.NowNs() + ns;
    for (auto next = server_->NextDeadlineNs(); next && *next <= end;
         next = server_->NextDeadlineNs()) {
      if (*next > clock_.NowNs()) clock_.Set(*next);
      server_->Tick(clock_.NowNs());
      Drain();
    }
    clock_.Set(end);
  }

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
  std::vector<std::string> Logged() {
    constexpr const char* kTags[] = {"TRC ", "DBG ", "INF ", "WRN ", "ERR ", "FTL "};
    std::vector<std::string> texts;
    for (const LogBuffer::Line& line : log_.Take()) {
      texts.push_back(kTags[static_cast<int>(line.level)] + line.text);
    }
    return texts;
  }

  // The types of the records in foo's subs.dat, "1 5 4", or of clients.dat.
  std::string Records(const std::string& file = "foo/subs.dat") {
    const Bytes bytes = env::ReadWhole(files_, "d/" + file, uint64_t{1} << 30).value();
    std::string types;
    for (size_t at = 4; at + 8 <= bytes.size();) {
      const uint32_t head = LoadLe32(&bytes[at]);
      types += (types.empty() ? "" : " ") + std::to_string(head >> 24);
      at += 8 + (head & 0xFFFFFF);
    }
    return types;
  }

  bool use_files_ = true;
  std::string key_;  // not "": the store is encrypted
  env::MemFileSystem files_;
  env::FixedClock clock_{kStart};
  env::SeededEntropy entropy_{1};
  env::Env env_{files_, clock_, entropy_};
  LogBuffer log_;
  FakeBus bus_;
  store::StoreLimits limits_;
  store::FileStoreOptions file_options_{.buffer_size = 0};
  StreamingOptions options_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<StreamingServer> server_;

 private:
  Status OpenStore() {
    if (use_files_) {
      auto opened = store::FileStore::Open(env_, log_, "d", limits_, file_options_);
      ATREST_TRY(opened.status());
      store_ = std::move(opened).value();
    } else {
      store_ = store::MakeMemoryStore(clock_, log_, limits_);
    }
    if (key_.empty()) return Status();
    store::EncryptionOptions encryption;
    encryption.key = crypto::Secret(AsBytes(key_));
    auto sealed = store::MakeCryptoStore(std::move(store_), entropy_, encryption);
    ATREST_TRY(sealed.status());
    store_ = std::move(sealed).value();
    return Status();
  }

  int guid_ = 0;
  std::map<std::string, std::pair<std::string, std::string>> ack_inboxes_;
};

}  // namespace atrest::stan
