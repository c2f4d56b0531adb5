#include "harness/inspect/raft_operation_view.h"

#include <algorithm>

namespace atrest::inspect {
namespace {

using raftlog::RaftOperation;
using raftlog::RaftOperationType;

void AddPublish(const RaftOperation& operation, OperationView& view) {
  if (!operation.messages.empty()) view.channel = operation.messages.front().subject;
  for (const wire::Message& message : operation.messages) {
    view.sequences.push_back(message.sequence);
    view.payload_sizes.push_back(message.payload().size());
  }
}

void AddSubscription(const raftlog::AddSubscription& subscription, OperationView& view) {
  view.client_id = subscription.request.client_id;
  view.channel = subscription.request.subject;
  view.queue_group = subscription.request.queue_group;
  view.inbox = subscription.request.inbox;
  view.durable_name = subscription.request.durable_name;
  view.ack_inbox = subscription.ack_inbox;
  view.subscription_id = subscription.id;
}

void AddUnsubscribe(const wire::StanUnsubscribeRequest& request, OperationView& view) {
  view.client_id = request.client_id;
  view.channel = request.subject;
  view.inbox = request.inbox;
  view.durable_name = request.durable_name;
}

void AddSent(const raftlog::SubSentAndAck& sent, OperationView& view) {
  view.channel = sent.channel;
  view.ack_inbox = sent.ack_inbox;
  view.sent = sent.sent;
  view.acked = sent.acked;
  std::ranges::sort(view.sent);
  std::ranges::sort(view.acked);
}

}  // namespace

OperationView ViewOf(const RaftOperation& operation) {
  OperationView view;
  view.type = raftlog::RaftOperationTypeName(operation.type);
  view.channel_id = operation.channel_id;
  switch (operation.type) {
    case RaftOperationType::kPublish:
      AddPublish(operation, view);
      break;
    case RaftOperationType::kSubscribe:
      if (operation.subscription) AddSubscription(*operation.subscription, view);
      break;
    case RaftOperationType::kRemoveSubscription:
    case RaftOperationType::kCloseSubscription:
      if (operation.unsubscribe) AddUnsubscribe(*operation.unsubscribe, view);
      break;
    case RaftOperationType::kSendAndAck:
      if (operation.sent_and_acked) AddSent(*operation.sent_and_acked, view);
      break;
    case RaftOperationType::kConnect:
      if (operation.connect) {
        view.client_id = operation.connect->request.client_id;
        view.inbox = operation.connect->request.heartbeat_inbox;
      }
      break;
    case RaftOperationType::kDisconnect:
      if (operation.disconnect) view.client_id = operation.disconnect->client_id;
      break;
    case RaftOperationType::kDeleteChannel:
      view.channel = operation.channel;
      break;
  }
  return view;
}

}  // namespace atrest::inspect
