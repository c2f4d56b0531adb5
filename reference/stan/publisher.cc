#include "reference/stan/publisher.h"

#include <algorithm>
#include <utility>

#include "reference/base/fault.h"
#include "reference/stan/log_text.h"
#include "reference/stan/names.h"

namespace atrest::stan {
namespace {

// As many as the real server's queue holds.
constexpr size_t kQueuedMax = 64 * 1024;
constexpr char kInvalidPublish[] = "stan: invalid publish request";

}  // namespace

void Publisher::Refuse(std::string_view reply, const std::string& guid, const std::string& error) {
  context_.Send(reply, wire::StanPubAck{.guid = guid, .error = error});
}

void Publisher::OnPublish(const Incoming& incoming) {
  Queued queued;
  wire::StanPubMsg& message = queued.message;
  const Status decoded = wire::DecodeStanInto(incoming.payload, message);
  if (!decoded.ok()) {
    // Old servers send control messages here.
    if (wire::DecodeStan<wire::StanCtrlMsg>(incoming.payload).ok()) return;
    context_.Error("Unable to unmarshal PubMsg: " + decoded.message());
    return Refuse(incoming.reply, message.guid, kInvalidPublish);
  }
  ++context_.traffic.in_messages;
  context_.traffic.in_bytes += incoming.payload.size();
  const bool is_valid = !message.guid.empty() && IsValidChannelName(message.subject);
  if (is_valid && context_.options.debug && context_.options.trace) {
    context_.Trace(OfClient(message.client_id) + "Received message from publisher subj=" +
                   message.subject + " guid=" + message.guid);
  }
  if (!is_valid || clients_.FindPublisher(message.client_id, message.conn_id) == nullptr) {
    context_.Error("Received invalid client publish message " + PubMsgText(message));
    return Refuse(incoming.reply, message.guid, kInvalidPublish);
  }
  queued.nats_subject = incoming.subject;
  queued.reply = incoming.reply;
  queue_.push_back(std::move(queued));
  if (queue_.size() >= kQueuedMax) Flush();
}

void Publisher::Flush() {
  const int64_t asked = fault::On(Fault::kBatchesOfOne) ? 1 : context_.options.io_batch_messages;
  const auto batch = static_cast<size_t>(std::max<int64_t>(asked, 1));
  for (size_t from = 0; from < queue_.size() && context_.fatal.ok(); from += batch) {
    FlushBatch(from, std::min(queue_.size(), from + batch));
  }
  queue_.clear();
}

void Publisher::FlushBatch(size_t from, size_t to) {
  for (size_t i = from; i < to; ++i) Store(queue_[i]);
  if (!touched_.empty() && fault::On(Fault::kAckBeforeFlush)) {
    for (size_t i = from; i < to; ++i) {
      if (std::exchange(queue_[i].stored, false)) Ack(queue_[i]);
    }
  }
  std::ranges::sort(touched_, {},
                    [](const Channel* channel) -> const std::string& { return channel->name; });
  for (Channel* channel : touched_) {
    channel->is_touched = false;
    if (context_.fatal.ok()) context_.fatal = FlushAndDeliver(*channel);
  }
  touched_.clear();
  if (!context_.fatal.ok()) return;
  for (size_t i = from; i < to; ++i) {
    if (queue_[i].stored) Ack(queue_[i]);
  }
}

void Publisher::Store(Queued& queued) {
  const Result<Channel*> found = channels_.FindOrCreate(queued.message.subject);
  Status stored = found.status();
  if (found.ok() && found.value()->is_unreadable && fault::On(Fault::kUnreadableClosesChannel)) {
    stored = Status(Code::kIo, "channel cannot be read");
  } else if (found.ok()) {
    Channel& channel = *found.value();
    channel.last_timestamp_ns = std::max(channel.last_timestamp_ns, context_.now_ns);
    wire::Message message;
    message.sequence = channel.next_sequence;
    message.subject = queued.message.subject;
    message.reply = queued.message.reply;
    message.data = std::move(queued.message.data);
    if (message.data && message.data->empty() && fault::On(Fault::kExplicitEmptyAsAbsent))
      message.data.reset();
    message.timestamp_ns = channel.last_timestamp_ns;
    stored = channel.store->messages->Store(std::move(message));
    if (stored.ok()) {
      ++channel.next_sequence;
      queued.stored = true;
      if (!std::exchange(channel.is_touched, true)) touched_.push_back(&channel);
    }
  }
  if (stored.ok()) return;
  context_.Error(OfClient(queued.message.client_id) + "Error processing message for subject \"" +
                 queued.nats_subject + "\": " + stored.message() +
                 (fault::On(Fault::kRefusalLogsMessage) ? " " + PubMsgText(queued.message) : ""));
  const bool acks = fault::On(Fault::kRefusedIsAcked);
  Refuse(queued.reply, queued.message.guid, acks ? "" : stored.message());
}

Status Publisher::FlushAndDeliver(Channel& channel) {
  ATREST_TRY(channel.store->messages->Flush().WithPrefix("unable to flush msg store: "));
  delivery_.SendNew(channel);
  ATREST_TRY(channel.store->subscriptions->Flush().WithPrefix("unable to flush sub store: "));
  channel.last_activity_ns = channel.last_timestamp_ns;
  return Status();
}

void Publisher::Ack(const Queued& queued) {
  if (context_.options.trace) {
    context_.Trace(OfClient(queued.message.client_id) + "Acking Publisher subj=" +
                   queued.message.subject + " guid=" + queued.message.guid);
  }
  context_.Send(queued.reply, wire::StanPubAck{.guid = queued.message.guid, .error = ""});
}

}  // namespace atrest::stan
