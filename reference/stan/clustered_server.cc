#include "reference/stan/clustered_server.h"

#include <deque>
#include <map>
#include <utility>

#include "reference/base/fault.h"
#include "reference/stan/applying.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/cluster_role.h"
#include "reference/stan/cluster_snapshot.h"
#include "reference/stan/connections.h"
#include "reference/stan/context.h"
#include "reference/stan/delivery.h"
#include "reference/stan/leaving.h"
#include "reference/stan/membership_requests.h"
#include "reference/stan/message_fetch.h"
#include "reference/stan/message_serving.h"
#include "reference/stan/publisher.h"
#include "reference/stan/recovery.h"
#include "reference/stan/redelivery.h"
#include "reference/stan/replicated_store.h"
#include "reference/stan/requests.h"
#include "reference/stan/subscribing.h"
#include "reference/stan/view_of.h"

namespace atrest::stan {
namespace {

constexpr int64_t kStoreTickNs = kSecondNs;

// A message that has to wait.
struct Kept {
  explicit Kept(const Incoming& incoming)
      : subject(incoming.subject),
        reply(incoming.reply),
        payload(incoming.payload.begin(), incoming.payload.end()) {}
  Incoming View() const {
    return {.handle = 0, .subject = subject, .reply = reply, .payload = payload};
  }

  std::string subject;
  std::string reply;
  Bytes payload;
};

}  // namespace

struct ClusteredServer::Parts {
  Parts(const StreamingOptions& chosen, const ClusterOptions& of_cluster, store::Store& below,
        raftlog::RaftLog& log_of_ids, Replication& replication, Bus& bus, Logger& log,
        const std::function<void(std::span<uint8_t>)>& entropy);

  struct Route {
    const char* what = "";
    std::string subject;
    std::function<void(const Incoming&)> action;
  };

  Status Start();
  std::vector<Route> Routes();
  Status SubscribeSubjects();
  void TickStore();
  void LogSubjects() const;

  void OnElected();
  void BecomeLeader();
  Status StartLeading();
  void LoseLeadership();

  void OnConnect(const Incoming& incoming);
  void OnSubscribe(const Incoming& incoming);
  void RunWaiting();
  void Settle();
  bool IsRunning() const { return is_started && !is_stopped && failure.ok(); }

  StreamingOptions options;
  ClusterOptions cluster_options;
  std::unique_ptr<store::Store> store;
  Context context;
  ClusterRole role;
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
  MessageFetch fetch;
  MessageServing serving;
  MembershipRequests membership;
  Applying applying;
  ClusterSnapshot snapshot;
  std::map<uint64_t, Route> routes;  // by handle
  std::deque<Kept> connects;         // behind one that is being agreed on
  std::deque<Kept> subscribes;
  bool is_started = false;
  bool is_elected = false;
  bool is_stopped = false;
  Status failure;
};

ClusteredServer::Parts::Parts(const StreamingOptions& chosen, const ClusterOptions& of_cluster,
                              store::Store& below, raftlog::RaftLog& log_of_ids,
                              Replication& replication, Bus& bus, Logger& log,
                              const std::function<void(std::span<uint8_t>)>& entropy)
    : options(chosen),
      cluster_options(of_cluster),
      store(MakeReplicatedStore(below, chosen.limits)),
      context(options, *store, bus, log, entropy),
      role(context, replication, log_of_ids),
      requests(context),
      delivery(context),
      clients(context),
      channels(
          context, [this] { publisher.Flush(); },
          [this](const Channel& channel) {
            delivery.Forget(channel);
            subscribing.Forget(channel);
            role.sent_and_acked.Forget(channel);
            clients.Forget(channel);
          }),
      leaving(context, channels, clients, delivery),
      redelivery(context, clients, delivery),
      subscribing(context, {channels, clients, delivery, redelivery, leaving}),
      connections(context, clients, requests, leaving),
      publisher(context, channels, clients, delivery),
      recovery(context, channels, clients, subscribing),
      fetch(context),
      serving(context, channels),
      membership(context, cluster_options.allow_add_remove_node),
      applying(context, {channels, connections, subscribing, fetch}),
      snapshot(context, {channels, clients, leaving, recovery, fetch}) {
  context.cluster = &role;
  recovery.set_node_id(cluster_options.node_id);
}

Status ClusteredServer::Parts::Start() {
  ATREST_TRY(requests.Open());
  ATREST_TRY(recovery.Run());
  for (const auto& [name, channel] : channels.all()) {
    const Result<uint64_t> id = role.log_of_ids.GetChannelId(name);
    if (!id.ok()) return id.status();
    channel->id = id.value();
  }
  ATREST_TRY(membership.Open());
  context.After(kStoreTickNs, [this] { TickStore(); });
  LogSubjects();
  is_started = true;
  return Status();
}

void ClusteredServer::Parts::TickStore() {
  context.store.Tick();
  context.After(kStoreTickNs, [this] { TickStore(); });
}

void ClusteredServer::Parts::LogSubjects() const {
  const store::ServerInfo& info = context.info;
  context.Debug("Discover subject:           " + info.discovery);
  context.Debug("Publish subject:            " + info.publish + ".>");
  context.Debug("Subscribe subject:          " + info.subscribe);
  context.Debug("Subscription Close subject: " + info.sub_close);
  context.Debug("Unsubscribe subject:        " + info.unsubscribe);
  context.Debug("Close subject:              " + info.close);
}

std::vector<ClusteredServer::Parts::Route> ClusteredServer::Parts::Routes() {
  const store::ServerInfo& info = context.info;
  return {
      {"discover", info.discovery, [this](const Incoming& in) { OnConnect(in); }},
      {"publish", info.publish + ".>", [this](const Incoming& in) { publisher.OnPublish(in); }},
      {"subscribe request", info.subscribe, [this](const Incoming& in) { OnSubscribe(in); }},
      {"subscription unsubscribe", info.unsubscribe,
       [this](const Incoming& in) { subscribing.OnUnsubscribe(in, Leave::kUnsubscribe); }},
      {"subscription close request", info.sub_close,
       [this](const Incoming& in) { subscribing.OnUnsubscribe(in, Leave::kClose); }},
      {"close request", info.close, [this](const Incoming& in) { connections.OnClose(in); }},
      {"client pings", info.discovery + ".pings",
       [this](const Incoming& in) { connections.OnPing(in); }},
  };
}

Status ClusteredServer::Parts::SubscribeSubjects() {
  for (Route& route : Routes()) {
    const uint64_t handle = context.NewHandle();
    ATREST_TRY(context.bus.Subscribe(handle, route.subject)
                   .WithPrefix(std::string("could not subscribe to ") + route.what + " subject: "));
    routes[handle] = std::move(route);
  }
  return Status();
}

// One connection, and one subscription, is agreed on at a time: what comes meanwhile waits.
void ClusteredServer::Parts::OnConnect(const Incoming& incoming) {
  if (connections.IsConnecting() || !connects.empty()) {
    connects.emplace_back(incoming);
  } else {
    connections.OnConnect(incoming);
  }
}

void ClusteredServer::Parts::OnSubscribe(const Incoming& incoming) {
  if (subscribing.IsSubscribing() || !subscribes.empty()) {
    subscribes.emplace_back(incoming);
  } else {
    subscribing.OnSubscribe(incoming);
  }
}

void ClusteredServer::Parts::RunWaiting() {
  while (!connects.empty() && !connections.IsConnecting()) {
    const Kept next = std::move(connects.front());
    connects.pop_front();
    connections.OnConnect(next.View());
  }
  while (!subscribes.empty() && !subscribing.IsSubscribing()) {
    const Kept next = std::move(subscribes.front());
    subscribes.pop_front();
    subscribing.OnSubscribe(next.View());
  }
}

// After everything that may have ended a wait.
void ClusteredServer::Parts::Settle() {
  if (!snapshot.IsRestoring()) applying.Run();
  if (role.is_leader) RunWaiting();
  if (!context.fatal.ok() && failure.ok()) failure = context.fatal;
}

void ClusteredServer::Parts::OnElected() {
  if (std::exchange(is_elected, true)) return;
  context.Info("server became leader, performing leader promotion actions");
  const Status opened = serving.Open();
  if (!opened.ok()) failure = opened.WithPrefix("panic: ");
  if (!role.is_leader && fault::On(Fault::kRoleNoBarrier)) BecomeLeader();
}

void ClusteredServer::Parts::BecomeLeader() {
  OnElected();
  if (fault::Is(Fault::kRoleNoBarrier) && role.is_leader) return;
  role.is_leader = true;
  const Status started = StartLeading();
  if (!started.ok()) {
    context.Error("Error on leadership acquired: " + started.message());
    failure = started.WithPrefix("panic: ");
  }
  context.Info("finished leader promotion actions");
  context.Info("Streaming Server is ready");
}

Status ClusteredServer::Parts::StartLeading() {
  for (const auto& [name, channel] : channels.all()) {
    const uint64_t stored_last = channel->store->messages->LastSequence();
    uint64_t last = stored_last;
    if (stored_last == 0 && channel->first_sequence != 0) last = channel->first_sequence - 1;
    if (channel->next_sequence <= last) channel->next_sequence = last + 1;
  }
  for (const auto& [id, client] : clients.all()) {
    for (const SubscriptionPtr& subscription : client->subscriptions) {
      ATREST_TRY(subscribing.StartLeading(*subscription));
    }
    connections.StartHeartbeats(id);
  }
  ATREST_TRY(SubscribeSubjects());
  ATREST_TRY(membership.StartLeading());
  SubscriptionList active;
  for (const auto& [name, channel] : channels.all()) {
    active.insert(active.end(), channel->plain.begin(), channel->plain.end());
    for (const auto& [group_name, group] : channel->groups) {
      active.insert(active.end(), group->members.begin(), group->members.end());
    }
    channels.MaybeStartDeleteTimer(channel.get());
  }
  redelivery.OnStart(active);
  return Status();
}

void ClusteredServer::Parts::LoseLeadership() {
  // The real server waits for its barrier in vain.
  if (!role.is_leader) {
    context.Info("finished leader promotion actions");
    context.Info("Streaming Server is ready");
    context.Error("Error on leadership acquired: leadership lost while committing log");
  }
  context.Info("server lost leadership, performing leader stepdown actions");
  role.proposals.Clear();
  publisher.StopLeading();
  connections.StopLeading();
  subscribing.StopLeading();
  delivery.Clear();
  channels.StopLeading();
  role.sent_and_acked.Clear();
  for (const auto& [handle, route] : std::exchange(routes, {})) context.bus.Unsubscribe(handle);
  serving.Close();
  membership.StopLeading();
  connects.clear();
  subscribes.clear();
  is_elected = false;
  role.is_leader = false;
  context.Info("finished leader stepdown actions");
}

ClusteredServer::ClusteredServer(const StreamingOptions& options, const ClusterOptions& cluster,
                                 store::Store& store, raftlog::RaftLog& log_of_ids,
                                 Replication& replication, Bus& bus, Logger& log,
                                 const std::function<void(std::span<uint8_t>)>& entropy)
    : parts_(std::make_unique<Parts>(options, cluster, store, log_of_ids, replication, bus, log,
                                     entropy)) {}

ClusteredServer::~ClusteredServer() = default;

Status ClusteredServer::Start(int64_t now_ns) {
  parts_->context.now_ns = now_ns;
  parts_->failure = parts_->Start();
  return parts_->failure;
}

bool ClusteredServer::has_streaming_state() const { return parts_->recovery.has_recovered(); }
const std::string& ClusteredServer::node_id() const { return parts_->context.info.node_id; }

ClusteredServer::Phase ClusteredServer::phase() const {
  if (parts_->is_stopped) return Phase::kStopped;
  if (!parts_->failure.ok()) return Phase::kFailed;
  if (!parts_->is_started) return Phase::kStarting;
  if (parts_->snapshot.IsRestoring() || parts_->fetch.IsRunning()) return Phase::kRestoring;
  return parts_->role.is_leader ? Phase::kLeader : Phase::kFollower;
}

const Status& ClusteredServer::failure() const { return parts_->failure; }

Status ClusteredServer::RestoreAtStart(int64_t now_ns, ByteView state) {
  parts_->context.now_ns = now_ns;
  Status done = parts_->snapshot.Restore(state, ClusterSnapshot::When::kStart,
                                         parts_->cluster_options.proceed_on_restore_failure);
  parts_->Settle();
  return done;
}

// What was still to be applied is in the snapshot.
Status ClusteredServer::Restore(int64_t now_ns, ByteView state) {
  parts_->context.now_ns = now_ns;
  parts_->fetch.Cancel();
  parts_->applying.Clear();
  Status done = parts_->snapshot.Restore(state, ClusterSnapshot::When::kRunning,
                                         parts_->cluster_options.proceed_on_restore_failure);
  parts_->Settle();
  return done;
}

void ClusteredServer::Apply(int64_t now_ns, const raft::EntryPtr& entry) {
  if (!parts_->IsRunning()) return;
  parts_->context.now_ns = now_ns;
  parts_->applying.Add(entry);
  parts_->Settle();
}

uint64_t ClusteredServer::applied_index() const { return parts_->applying.applied_index(); }

Result<Bytes> ClusteredServer::TakeSnapshot(int64_t now_ns) {
  parts_->context.now_ns = now_ns;
  return parts_->snapshot.Take();
}

void ClusteredServer::OnElected(int64_t now_ns) {
  if (!parts_->IsRunning()) return;
  parts_->context.now_ns = now_ns;
  parts_->OnElected();
}

void ClusteredServer::BecomeLeader(int64_t now_ns) {
  if (!parts_->IsRunning()) return;
  parts_->context.now_ns = now_ns;
  parts_->BecomeLeader();
  parts_->Settle();
}

void ClusteredServer::LoseLeadership(int64_t now_ns) {
  if (!parts_->IsRunning() || !parts_->is_elected) return;
  parts_->context.now_ns = now_ns;
  parts_->LoseLeadership();
}

void ClusteredServer::OnMembershipChanged(int64_t now_ns, uint64_t ticket, const Status& outcome) {
  if (!parts_->IsRunning()) return;
  parts_->context.now_ns = now_ns;
  parts_->membership.OnChanged(ticket, outcome);
}

void ClusteredServer::OnMessage(int64_t now_ns, const Incoming& incoming) {
  Parts& parts = *parts_;
  if (!parts.IsRunning()) return;
  parts.context.now_ns = now_ns;
  if (incoming.handle == parts.requests.handle()) {
    parts.requests.OnMessage(incoming);
  } else if (const auto found = parts.routes.find(incoming.handle); found != parts.routes.end()) {
    found->second.action(incoming);
  } else if (!parts.fetch.OnMessage(incoming) && !parts.serving.OnMessage(incoming) &&
             !parts.membership.OnMessage(incoming) && parts.role.is_leader) {
    parts.subscribing.OnAck(incoming);
  }
  parts.Settle();
}

void ClusteredServer::Flush(int64_t now_ns) {
  Parts& parts = *parts_;
  if (!parts.IsRunning() || !parts.role.is_leader) return;
  parts.context.now_ns = now_ns;
  parts.publisher.Flush();
  parts.subscribing.SendStarted();
  parts.delivery.Continue();
  parts.role.sent_and_acked.Flush();
  parts.Settle();
}

bool ClusteredServer::HasQueued() const {
  const Parts& parts = *parts_;
  return parts.IsRunning() && parts.role.is_leader &&
         (parts.publisher.HasQueued() || parts.subscribing.HasStarted() ||
          parts.delivery.HasMore() || parts.role.sent_and_acked.HasReady());
}

void ClusteredServer::Tick(int64_t now_ns) {
  if (!parts_->IsRunning()) return;
  parts_->context.now_ns = now_ns;
  parts_->context.timers.RunDue(now_ns);
  parts_->Settle();
}

std::optional<int64_t> ClusteredServer::NextDeadlineNs() const {
  if (!parts_->IsRunning()) return std::nullopt;
  return parts_->context.timers.Next();
}

Status ClusteredServer::Stop(int64_t now_ns) {
  parts_->context.now_ns = now_ns;
  parts_->is_stopped = true;
  parts_->fetch.Cancel();
  parts_->recovery.Clear();
  parts_->channels.Clear();
  return parts_->context.store.Close();
}

const store::ServerInfo& ClusteredServer::info() const { return parts_->context.info; }

std::vector<std::string> ClusteredServer::ClientIds() const {
  std::vector<std::string> ids;
  for (const auto& [id, client] : parts_->clients.all()) ids.push_back(id);
  return ids;
}

std::vector<std::string> ClusteredServer::ChannelNames() const {
  std::vector<std::string> names;
  for (const auto& [name, channel] : parts_->channels.all()) names.push_back(name);
  return names;
}

std::optional<ClientView> ClusteredServer::FindClient(const std::string& id) const {
  const Client* client = parts_->clients.Find(id);
  if (client == nullptr || parts_->is_stopped) return std::nullopt;
  return ViewOf(*client);
}

std::optional<ChannelView> ClusteredServer::FindChannel(const std::string& name) const {
  const Channel* channel = parts_->channels.Find(name);
  if (channel == nullptr) return std::nullopt;
  return ViewOf(*channel);
}

}  // namespace atrest::stan
