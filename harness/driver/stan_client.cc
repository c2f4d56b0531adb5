#include "harness/driver/stan_client.h"

#include <arpa/inet.h>
#include <nats/nats.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "harness/driver/delivery_tap.h"

namespace atrest::driver {
namespace {

constexpr int64_t kAnswerMs = 10'000;
constexpr int64_t kNeverMs = 24 * 3600 * 1000;
constexpr int kNoticeMs = 2'000;
constexpr int64_t kLookMs = 20;  // how often a connection is looked at while an answer is awaited

// TEXT without the place in the library's source that it may begin with: "(stan/pub.c:501): ".
std::string WithoutPlace(const std::string& text) {
  const size_t end = text.find("): ");
  return text.starts_with('(') && end != std::string::npos ? text.substr(end + 3) : text;
}

// The library's account of a failed call, made on this thread.
Status Failure(natsStatus status) {
  if (status == NATS_OK) return Status();
  natsStatus last = NATS_OK;
  const char* text = nats_GetLastError(&last);
  const bool told = last == status && text != nullptr && *text != '\0';
  // What a server refuses comes as the general error with the server's text.
  return Status(status == NATS_ERR ? Code::kInvalid : Code::kIo,
                told ? WithoutPlace(text) : natsStatus_GetText(status));
}

template <typename T, void (*kDestroy)(T*)>
struct Destroyer {
  void operator()(T* object) const { kDestroy(object); }
};
template <typename T, void (*kDestroy)(T*)>
using Owned = std::unique_ptr<T, Destroyer<T, kDestroy>>;

using NatsOptions = Owned<natsOptions, natsOptions_Destroy>;
using StanOptions = Owned<stanConnOptions, stanConnOptions_Destroy>;
using SubscriptionOptions = Owned<stanSubOptions, stanSubOptions_Destroy>;
using Message = Owned<stanMsg, stanMsg_Destroy>;

// Messages on their way from the library's thread to ours.
class Mailbox {
 public:
  explicit Mailbox(bool keeps) : keeps_(keeps) {}

  void Put(Message message) {
    const std::lock_guard lock(mutex_);
    ++count_;
    new_.push_back({stanMsg_GetSequence(message.get()),
                    std::string(stanMsg_GetData(message.get()),
                                static_cast<size_t>(stanMsg_GetDataLength(message.get()))),
                    "", stanMsg_IsRedelivered(message.get())});
    if (keeps_) kept_[new_.back().sequence] = std::move(message);
  }
  std::vector<verdict::Delivery> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(new_, {});
  }
  uint64_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // The message to be acked by hand, null if there is none.
  Message TakeKept(uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(sequence);
    if (found == kept_.end()) return nullptr;
    Message message = std::move(found->second);
    kept_.erase(found);
    return message;
  }

 private:
  const bool keeps_;
  mutable std::mutex mutex_;
  std::vector<verdict::Delivery> new_;
  std::map<uint64_t, Message> kept_;
  uint64_t count_ = 0;
};

// The library calls back until it says that a subscription is complete; what it calls on must live
// until then, whatever has become of the client.
struct Closure {
  std::shared_ptr<Mailbox> mailbox;
};

extern "C" {
static void TakeMessage(stanConnection*, stanSubscription*, const char*, stanMsg* message,
                        void* closure) {
  static_cast<Closure*>(closure)->mailbox->Put(Message(message));
}
static void DeleteClosure(void* closure) { delete static_cast<Closure*>(closure); }
}

// Counts the echoes that came back.
class Echoes {
 public:
  void Came() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool WaitFor(uint64_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(kAnswerMs),
                             [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t count_ = 0;
};

extern "C" {
static void EchoCame(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  natsMsg_Destroy(message);
  (*static_cast<std::shared_ptr<Echoes>*>(closure))->Came();
}
static void DeleteEchoes(void* closure) { delete static_cast<std::shared_ptr<Echoes>*>(closure); }
}

extern "C" {
static void HearMessage(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  (*static_cast<std::shared_ptr<DeliveryTap>*>(closure))
      ->Hear(natsMsg_GetSubject(message),
             {natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))});
  natsMsg_Destroy(message);
}
static void DeleteTap(void* closure) { delete static_cast<std::shared_ptr<DeliveryTap>*>(closure); }
}

// The answers to publishes, by number: one that comes late, to a client that is gone, is dropped.
class Acks {
 public:
  uint64_t Expect() {
    const std::lock_guard lock(mutex_);
    awaited_[++last_] = std::nullopt;
    return last_;
  }
  void Came(uint64_t number, const char* error) {
    const std::lock_guard lock(mutex_);
    const auto found = awaited_.find(number);
    if (found != awaited_.end()) found->second = error == nullptr ? "" : error;
    came_.notify_all();
  }
  // The error, "" for none; nullopt if nothing came within LIMIT.
  std::optional<std::string> WaitFor(uint64_t number, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, limit, [&] { return awaited_[number].has_value(); });
    return awaited_[number];
  }
  void Forget(uint64_t number) {
    const std::lock_guard lock(mutex_);
    awaited_.erase(number);
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::map<uint64_t, std::optional<std::string>> awaited_;
  uint64_t last_ = 0;
};

// Lives as long as the library's threads do.
Acks& AllAcks() {
  static Acks& acks = *new Acks;
  return acks;
}

extern "C" {
static void AckCame(const char*, const char* error, void* closure) {
  AllAcks().Came(reinterpret_cast<uintptr_t>(closure), error);
}
}

// The library's STAN client reconnects for ever; none of ours shall. By this handler and not by an
// option: with a plain delay, version 3.4 sleeps through a close that comes just before.
extern "C" {
static int64_t NeverAgain(natsConnection*, int, void*) { return kNeverMs; }
}

// The port of one end of FD's connection, 0 if it has none.
int PortOf(int fd, int (*name)(int, sockaddr*, socklen_t*)) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  const bool named = name(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  return named && address.sin_family == AF_INET ? ntohs(address.sin_port) : 0;
}

// Cuts the connection between two ports. The library offers no way to its socket, nor to an end
// without a close request.
void Cut(int local_port, int server_port) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(entry.path().filename().c_str());
    if (PortOf(fd, ::getsockname) == local_port && PortOf(fd, ::getpeername) == server_port)
      ::shutdown(fd, SHUT_RDWR);
  }
}

class LibraryClient : public StanClient {
 public:
  ~LibraryClient() override { Vanish(); }

  Status Connect(const Address& address, const std::string& client_id) {
    server_port_ = address.port;
    natsInbox* inbox = nullptr;
    ATREST_TRY(Failure(natsInbox_Create(&inbox)));
    inboxes_ = inbox;
    natsInbox_Destroy(inbox);
    natsOptions* nats_options = nullptr;
    stanConnOptions* stan_options = nullptr;
    natsOptions_Create(&nats_options);
    const NatsOptions nats(nats_options);
    stanConnOptions_Create(&stan_options);
    const StanOptions stan(stan_options);
    const std::string url = "nats://" + address.host + ":" + std::to_string(address.port);
    natsOptions_UseGlobalMessageDelivery(nats.get(), true);
    natsOptions_SetCustomInboxPrefix(nats.get(), inboxes_.c_str());
    natsOptions_SetFailRequestsOnDisconnect(nats.get(), true);
    natsOptions_SetCustomReconnectDelay(nats.get(), NeverAgain, nullptr);
    stanConnOptions_SetNATSOptions(stan.get(), nats.get());
    stanConnOptions_SetURL(stan.get(), url.c_str());
    stanConnOptions_SetConnectionWait(stan.get(), kAnswerMs);
    stanConnOptions_SetPubAckWait(stan.get(), kAnswerMs);
    ATREST_TRY(Failure(stanConnection_Connect(&connection_, address.cluster_id.c_str(),
                                              client_id.c_str(), stan.get())));
    ATREST_TRY(Failure(stanConnection_GetNATSConnection(connection_, &nats_)));
    ATREST_TRY(Listen(echoes_, inboxes_ + "-echo", EchoCame, DeleteEchoes, &echo_subscription_));
    return Listen(tap_, inboxes_ + ".>", HearMessage, DeleteTap, &tap_subscription_);
  }

  // Not by the library's own blocking call, which waits for a server that is gone.
  Status Publish(const std::string& channel, const std::string& payload) override {
    const uint64_t number = AllAcks().Expect();
    Status status = Failure(stanConnection_PublishAsync(
        connection_, channel.c_str(), payload.data(), static_cast<int>(payload.size()), AckCame,
        reinterpret_cast<void*>(static_cast<uintptr_t>(number))));
    if (status.ok()) status = AckOf(number);
    AllAcks().Forget(number);
    return status;
  }

  Status Subscribe(const scenario::Subscribe& subscribe) override {
    auto mailbox = std::make_shared<Mailbox>(subscribe.manual_acks);
    const auto made_options = OptionsOf(subscribe);
    if (!made_options.ok()) return made_options.status();
    const SubscriptionOptions& options = made_options.value();
    auto* closure = new Closure{mailbox};
    stanSubscription* made = nullptr;
    const natsStatus status =
        subscribe.queue.empty()
            ? stanConnection_Subscribe(&made, connection_, subscribe.channel.c_str(), TakeMessage,
                                       closure, options.get())
            : stanConnection_QueueSubscribe(&made, connection_, subscribe.channel.c_str(),
                                            subscribe.queue.c_str(), TakeMessage, closure,
                                            options.get());
    if (status != NATS_OK) {
      // A refused subscription gets no messages, so nothing calls on the closure any more.
      delete closure;
      return Failure(status);
    }
    stanSubscription_SetOnCompleteCB(made, DeleteClosure, closure);
    subscriptions_[subscribe.name] = {made, subscribe.channel, std::move(mailbox)};
    return Status();
  }

  bool Has(const std::string& subscription) const override {
    return subscriptions_.contains(subscription);
  }
  std::vector<verdict::Delivery> Take(const std::string& subscription) override {
    Open& open = subscriptions_.at(subscription);
    auto deliveries = open.mailbox->Take();
    for (verdict::Delivery& delivery : deliveries) delivery.subject = open.channel;
    tap_->NameSubjects(open.inbox, deliveries);
    return deliveries;
  }
  uint64_t Count(const std::string& subscription) const override {
    return subscriptions_.at(subscription).mailbox->count();
  }
  Status Ack(const std::string& subscription, uint64_t sequence) override {
    const Open& open = subscriptions_.at(subscription);
    const Message message = open.mailbox->TakeKept(sequence);
    if (message == nullptr) return Status(Code::kNotFound, "no such message to be acked");
    return Failure(stanSubscription_AckMsg(open.handle, message.get()));
  }
  Status Close(const std::string& subscription) override {
    return End(subscription, stanSubscription_Close);
  }
  Status Unsubscribe(const std::string& subscription) override {
    return End(subscription, stanSubscription_Unsubscribe);
  }

  Status Flush() override { return Failure(natsConnection_FlushTimeout(nats_, kAnswerMs)); }
  Status Echo() override {
    ATREST_TRY(Failure(natsConnection_PublishString(nats_, (inboxes_ + "-echo").c_str(), "")));
    ATREST_TRY(Flush());
    if (echoes_->WaitFor(++echoes_sent_)) return Status();
    return Status(Code::kIo, "the server does not deliver in time");
  }

  Status Disconnect() override {
    const Status closed = Failure(stanConnection_Close(connection_));
    Release();
    return closed;
  }
  void Vanish() override {
    if (connection_ == nullptr) return;
    char* ip = nullptr;
    int port = 0;
    if (natsConnection_GetLocalIPAndPort(nats_, &ip, &port) == NATS_OK) {
      free(ip);
      Cut(port, server_port_);
      // Until it has noticed, it would send a close request and wait for the answer.
      for (int i = 0; i < kNoticeMs && natsConnection_Status(nats_) == NATS_CONN_STATUS_CONNECTED;
           ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    Release();
  }

 private:
  struct Open {
    stanSubscription* handle;
    std::string channel;
    std::shared_ptr<Mailbox> mailbox;
    std::string inbox = {};  // as the tap knows it
  };

  Status AckOf(uint64_t number) {
    for (int64_t waited = 0; waited < kAnswerMs; waited += kLookMs) {
      const bool is_lost = natsConnection_Status(nats_) != NATS_CONN_STATUS_CONNECTED;
      const auto error = AllAcks().WaitFor(number, std::chrono::milliseconds(kLookMs));
      if (error && *error == natsStatus_GetText(NATS_TIMEOUT)) break;
      if (error) return error->empty() ? Status() : Status(Code::kInvalid, WithoutPlace(*error));
      if (is_lost) return Status(Code::kIo, natsStatus_GetText(NATS_CONNECTION_CLOSED));
    }
    return Status(Code::kIo, natsStatus_GetText(NATS_TIMEOUT));
  }

  static Status SetStart(const scenario::Subscribe& subscribe, stanSubOptions* options) {
    using From = scenario::Subscribe::From;
    switch (subscribe.from) {
      case From::kNew:
        return Status();
      case From::kFirst:
        return Failure(stanSubOptions_DeliverAllAvailable(options));
      case From::kLast:
        return Failure(stanSubOptions_StartWithLastReceived(options));
      case From::kSequence:
        return Failure(stanSubOptions_StartAtSequence(options, subscribe.sequence));
      case From::kTimeDelta:
        return Failure(stanSubOptions_StartAtTimeDelta(options, subscribe.time_delta_ms));
    }
    return Status();
  }

  static Result<SubscriptionOptions> OptionsOf(const scenario::Subscribe& subscribe) {
    stanSubOptions* made = nullptr;
    stanSubOptions_Create(&made);
    SubscriptionOptions options(made);
    ATREST_TRY(SetStart(subscribe, made));
    if (!subscribe.durable.empty())
      ATREST_TRY(Failure(stanSubOptions_SetDurableName(made, subscribe.durable.c_str())));
    ATREST_TRY(Failure(stanSubOptions_SetAckWait(made, subscribe.ack_wait_s * 1000)));
    ATREST_TRY(
        Failure(stanSubOptions_SetMaxInflight(made, static_cast<int>(subscribe.max_in_flight))));
    ATREST_TRY(Failure(stanSubOptions_SetManualAckMode(made, subscribe.manual_acks)));
    return options;
  }

  // Subscribes to SUBJECT for LISTENER, which lives until the library is done with it.
  template <typename Listener>
  Status Listen(const std::shared_ptr<Listener>& listener, const std::string& subject,
                natsMsgHandler handler, natsOnCompleteCB done, natsSubscription** made) {
    auto* closure = new std::shared_ptr<Listener>(listener);
    const natsStatus status =
        natsConnection_Subscribe(made, nats_, subject.c_str(), handler, closure);
    if (status != NATS_OK) {
      delete closure;
      return Failure(status);
    }
    return Failure(natsSubscription_SetOnCompleteCB(*made, done, closure));
  }

  Status End(const std::string& subscription, natsStatus (*end)(stanSubscription*)) {
    stanSubscription* const handle = subscriptions_.at(subscription).handle;
    const Status ended = Failure(end(handle));
    stanSubscription_Destroy(handle);
    tap_->Forget(subscriptions_.at(subscription).inbox);
    subscriptions_.erase(subscription);
    return ended;
  }

  void Release() {
    stanConnection_Close(connection_);  // so that what follows asks the server for nothing
    for (auto& [name, open] : subscriptions_) stanSubscription_Destroy(open.handle);
    subscriptions_.clear();
    natsSubscription_Destroy(echo_subscription_);
    natsSubscription_Destroy(tap_subscription_);
    if (nats_ != nullptr) stanConnection_ReleaseNATSConnection(connection_);
    stanConnection_Destroy(connection_);
    echo_subscription_ = nullptr;
    tap_subscription_ = nullptr;
    nats_ = nullptr;
    connection_ = nullptr;
  }

  int server_port_ = 0;
  stanConnection* connection_ = nullptr;
  natsConnection* nats_ = nullptr;  // of connection_
  std::map<std::string, Open> subscriptions_;
  std::string inboxes_;  // what all inboxes of this client begin with
  natsSubscription* tap_subscription_ = nullptr;
  std::shared_ptr<DeliveryTap> tap_ = std::make_shared<DeliveryTap>();
  natsSubscription* echo_subscription_ = nullptr;
  std::shared_ptr<Echoes> echoes_ = std::make_shared<Echoes>();
  uint64_t echoes_sent_ = 0;
};

}  // namespace

Result<std::unique_ptr<StanClient>> StanClient::Connect(const Address& address,
                                                        const std::string& client_id) {
  auto client = std::make_unique<LibraryClient>();
  ATREST_TRY(client->Connect(address, client_id));
  return std::unique_ptr<StanClient>(std::move(client));
}

}  // namespace atrest::driver
