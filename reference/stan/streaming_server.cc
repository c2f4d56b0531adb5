#include "reference/stan/streaming_server.h"

#include <map>
#include <utility>

#include "reference/base/go_quote.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/connections.h"
#include "reference/stan/context.h"
#include "reference/stan/delivery.h"
#include "reference/stan/leaving.h"
#include "reference/stan/publisher.h"
#include "reference/stan/recovery.h"
#include "reference/stan/redelivery.h"
#include "reference/stan/requests.h"
#include "reference/stan/subscribing.h"
#include "reference/stan/view_of.h"

namespace atrest::stan {
namespace {

constexpr int64_t kDetectionTimeoutNs = 250 * kMillisecondNs;
constexpr int64_t kStoreTickNs = kSecondNs;

}  // namespace

struct StreamingServer::Parts {
  Parts(const StreamingOptions& chosen, store::Store& store, Bus& bus, Logger& log,
        const std::function<void(std::span<uint8_t>)>& entropy);

  // What is done with a message that clients send to one of the server's subjects.
  struct Route {
    const char* what = "";
    std::string subject;
    // Publishes that came before it are stored before it is acted on.
    bool flushes_first = false;
    std::function<void(const Incoming&)> action;
  };

  Status Start();
  std::vector<Route> Routes();
  void Detect();
  void OnDetected(const Reply& reply);
  void Fail(Status why);
  void BecomeReady();
  Status SubscribeSubjects();
  void LogSubjects() const;
  void TickStore();
  void FlushPublishes();
  void Flush();
  void EndIfFatal();
  bool IsRunning() const { return phase == Phase::kStarting || phase == Phase::kReady; }

  StreamingOptions options;
  Context context;
  Phase phase = Phase::kStarting;
  Status failure;
  Requests requests;
  Delivery delivery;
  Clients clients;
  Channels channels;
  Leaving leaving;
  Redelivery redelivery;
  Subscribing subscribing;
  Connections connections;
  Publisher publisher;
  Recovery recovery;
  std::map<uint64_t, Route> routes;  // by handle
};

StreamingServer::Parts::Parts(const StreamingOptions& chosen, store::Store& store, Bus& bus,
                              Logger& log, const std::function<void(std::span<uint8_t>)>& entropy)
    : options(chosen),
      context(options, store, bus, log, entropy),
      requests(context),
      delivery(context),
      clients(context),
      channels(
          context, [this] { FlushPublishes(); },
          [this](const Channel& channel) {
            delivery.Forget(channel);
            subscribing.Forget(channel);
          }),
      leaving(context, channels, clients, delivery),
      redelivery(context, clients, delivery),
      subscribing(context, {channels, clients, delivery, redelivery, leaving}),
      connections(context, clients, requests, leaving),
      publisher(context, channels, clients, delivery),
      recovery(context, channels, clients, subscribing) {
  if (options.server_id.empty()) options.server_id = context.nuid.Next();
}

Status StreamingServer::Parts::Start() {
  ATREST_TRY(requests.Open());
  ATREST_TRY(recovery.Run());
  context.After(kStoreTickNs, [this] { TickStore(); });
  Detect();
  return failure;
}

void StreamingServer::Parts::TickStore() {
  context.store.Tick();
  context.After(kStoreTickNs, [this] { TickStore(); });
}

// A connection request, as a client would send it: if it is answered at all, another server is
// there.
void StreamingServer::Parts::Detect() {
  wire::StanConnectRequest request;
  request.client_id = context.info.cluster_id;
  request.heartbeat_inbox = context.NewInbox();
  Bytes encoded;
  wire::EncodeStan(request, encoded);
  requests.Send(context.info.discovery, encoded, kDetectionTimeoutNs,
                [this](const Reply& reply) { OnDetected(reply); });
}

void StreamingServer::Parts::OnDetected(const Reply& reply) {
  if (reply.kind == Reply::Kind::kError) {
    return Fail(reply.error.WithPrefix("request error detecting another server instance: "));
  }
  if (reply.kind != Reply::Kind::kAnswer) {
    context.Debug("Did not detect another server instance");
    return BecomeReady();
  }
  const auto response = wire::DecodeStan<wire::StanConnectResponse>(reply.payload);
  if (!response.ok()) {
    return Fail(
        response.status().WithPrefix("unmarshall error while detecting another server instance: "));
  }
  // The client that the question made is closed again; whether it is makes no difference.
  Bytes encoded;
  wire::EncodeStan(wire::StanCloseRequest{.client_id = context.info.cluster_id}, encoded);
  requests.Send(
      response.value().close_requests, encoded, kDetectionTimeoutNs, [this](const Reply&) {
        Fail(Status(Code::kInvalid, "discovered another streaming server with cluster ID " +
                                        GoQuote(context.info.cluster_id)));
      });
}

void StreamingServer::Parts::Fail(Status why) {
  phase = Phase::kFailed;
  failure = std::move(why);
}

std::vector<StreamingServer::Parts::Route> StreamingServer::Parts::Routes() {
  const store::ServerInfo& info = context.info;
  return {
      {"discover", info.discovery, true, [this](const Incoming& in) { connections.OnConnect(in); }},
      {"publish", info.publish + ".>", false,
       [this](const Incoming& in) { publisher.OnPublish(in); }},
      {"subscribe request", info.subscribe, true,
       [this](const Incoming& in) { subscribing.OnSubscribe(in); }},
      {"subscription unsubscribe", info.unsubscribe, true,
       [this](const Incoming& in) { subscribing.OnUnsubscribe(in, Leave::kUnsubscribe); }},
      {"subscription close request", info.sub_close, true,
       [this](const Incoming& in) { subscribing.OnUnsubscribe(in, Leave::kClose); }},
      {"close request", info.close, true, [this](const Incoming& in) { connections.OnClose(in); }},
      {"client pings", info.discovery + ".pings", false,
       [this](const Incoming& in) { connections.OnPing(in); }},
  };
}

Status StreamingServer::Parts::SubscribeSubjects() {
  for (Route& route : Routes()) {
    const uint64_t handle = context.NewHandle();
    ATREST_TRY(context.bus.Subscribe(handle, route.subject)
                   .WithPrefix(std::string("could not subscribe to ") + route.what + " subject: "));
    routes[handle] = std::move(route);
  }
  return Status();
}

void StreamingServer::Parts::BecomeReady() {
  const Status subscribed = SubscribeSubjects();
  if (!subscribed.ok()) return Fail(subscribed);
  LogSubjects();
  for (const SubscriptionPtr& subscription : recovery.subscriptions()) {
    subscription->initialized = true;
  }
  for (const auto& [id, client] : clients.all()) connections.StartHeartbeats(id);
  phase = Phase::kReady;
  context.After(0, [this] {
    const SubscriptionList recovered = recovery.subscriptions();
    recovery.Clear();
    redelivery.OnStart(recovered);
  });
}

void StreamingServer::Parts::LogSubjects() const {
  const store::ServerInfo& info = context.info;
  context.Debug("Discover subject:           " + info.discovery);
  context.Debug("Publish subject:            " + info.publish + ".>");
  context.Debug("Subscribe subject:          " + info.subscribe);
  context.Debug("Subscription Close subject: " + info.sub_close);
  context.Debug("Unsubscribe subject:        " + info.unsubscribe);
  context.Debug("Close subject:              " + info.close);
}

void StreamingServer::Parts::FlushPublishes() {
  if (phase == Phase::kReady) publisher.Flush();
}

void StreamingServer::Parts::Flush() {
  publisher.Flush();
  subscribing.SendStarted();
  delivery.Continue();
}

void StreamingServer::Parts::EndIfFatal() {
  if (!context.fatal.ok() && IsRunning()) Fail(context.fatal);
}

StreamingServer::StreamingServer(const StreamingOptions& options, store::Store& store, Bus& bus,
                                 Logger& log,
                                 const std::function<void(std::span<uint8_t>)>& entropy)
    : parts_(std::make_unique<Parts>(options, store, bus, log, entropy)) {}

StreamingServer::~StreamingServer() = default;

Status StreamingServer::Start(int64_t now_ns) {
  parts_->context.now_ns = now_ns;
  Status started = parts_->Start();
  if (!started.ok()) parts_->Fail(started);
  return started;
}

StreamingServer::Phase StreamingServer::phase() const { return parts_->phase; }
const Status& StreamingServer::failure() const { return parts_->failure; }

void StreamingServer::OnMessage(int64_t now_ns, const Incoming& incoming) {
  Parts& parts = *parts_;
  if (!parts.IsRunning()) return;
  parts.context.now_ns = now_ns;
  if (incoming.handle == parts.requests.handle()) {
    parts.requests.OnMessage(incoming);
  } else if (const auto found = parts.routes.find(incoming.handle); found != parts.routes.end()) {
    if (found->second.flushes_first) parts.FlushPublishes();
    found->second.action(incoming);
  } else {
    parts.subscribing.OnAck(incoming);
  }
  parts.EndIfFatal();
}

void StreamingServer::Flush(int64_t now_ns) {
  if (parts_->phase != Phase::kReady) return;
  parts_->context.now_ns = now_ns;
  parts_->Flush();
  parts_->EndIfFatal();
}

bool StreamingServer::HasQueued() const {
  return parts_->phase == Phase::kReady &&
         (parts_->publisher.HasQueued() || parts_->subscribing.HasStarted() ||
          parts_->delivery.HasMore());
}

void StreamingServer::Tick(int64_t now_ns) {
  if (!parts_->IsRunning()) return;
  parts_->context.now_ns = now_ns;
  parts_->context.timers.RunDue(now_ns);
  parts_->EndIfFatal();
}

std::optional<int64_t> StreamingServer::NextDeadlineNs() const {
  if (!parts_->IsRunning()) return std::nullopt;
  return parts_->context.timers.Next();
}

Status StreamingServer::Stop(int64_t now_ns) {
  if (parts_->phase == Phase::kReady) {
    parts_->context.now_ns = now_ns;
    parts_->publisher.Flush();
  }
  parts_->phase = Phase::kStopped;
  // What the store owns of a channel ends here.
  parts_->recovery.Clear();
  parts_->channels.Clear();
  return parts_->context.store.Close();
}

const std::string& StreamingServer::server_id() const { return parts_->options.server_id; }
const StreamingOptions& StreamingServer::options() const { return parts_->options; }
const store::ServerInfo& StreamingServer::info() const { return parts_->context.info; }
Traffic StreamingServer::traffic() const { return parts_->context.traffic; }

uint64_t StreamingServer::SubscriptionCount() const {
  uint64_t count = 0;
  for (const auto& [name, channel] : parts_->channels.all()) count += CountSubscriptions(*channel);
  return count;
}

uint64_t StreamingServer::ClientCount() const { return parts_->clients.all().size(); }
uint64_t StreamingServer::ChannelCount() const { return parts_->channels.all().size(); }

std::vector<std::string> StreamingServer::ClientIds() const {
  std::vector<std::string> ids;
  for (const auto& [id, client] : parts_->clients.all()) ids.push_back(id);
  return ids;
}

std::vector<std::string> StreamingServer::ChannelNames() const {
  std::vector<std::string> names;
  for (const auto& [name, channel] : parts_->channels.all()) names.push_back(name);
  return names;
}

std::optional<ClientView> StreamingServer::FindClient(const std::string& id) const {
  const Client* client = parts_->clients.Find(id);
  if (client == nullptr || parts_->phase == Phase::kStopped) return std::nullopt;
  return ViewOf(*client);
}

std::optional<ChannelView> StreamingServer::FindChannel(const std::string& name) const {
  const Channel* channel = parts_->channels.Find(name);
  if (channel == nullptr) return std::nullopt;
  return ViewOf(*channel);
}

}  // namespace atrest::stan
