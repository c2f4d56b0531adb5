#include "reference/stan/publisher.h"

#include <algorithm>
#include <utility>

#include "reference/base/fault.h"
#include "reference/stan/cluster_role.h"
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
  if (queue_.size() >= kQueuedMax && HasQueued()) Flush();
}

bool Publisher::HasQueued() const {
  return batch_begin_ < queue_.size() && batch_end_ == batch_begin_ && !channels_.IsDeleting();
}

void Publisher::Flush() {
  if (context_.cluster != nullptr) return ProposeBatch();
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
    stored = channel.store->messages->Store(MakeMessage(channel, queued));
    if (stored.ok()) {
      ++channel.next_sequence;
      queued.stored = true;
      if (!std::exchange(channel.is_touched, true)) touched_.push_back(&channel);
    }
  }
  if (!stored.ok()) RefuseStored(queued, stored);
}

// The next one of CHANNEL. What QUEUED holds of data goes into it.
wire::Message Publisher::MakeMessage(Channel& channel, Queued& queued) const {
  channel.last_timestamp_ns = std::max(channel.last_timestamp_ns, context_.now_ns);
  wire::Message message;
  message.sequence = channel.next_sequence;
  message.subject = queued.message.subject;
  message.reply = queued.message.reply;
  message.data = std::move(queued.message.data);
  if (message.data && message.data->empty() && fault::On(Fault::kExplicitEmptyAsAbsent))
    message.data.reset();
  message.timestamp_ns = channel.last_timestamp_ns;
  return message;
}

void Publisher::RefuseStored(const Queued& queued, const Status& why) {
  context_.Error(OfClient(queued.message.client_id) + "Error processing message for subject \"" +
                 queued.nats_subject + "\": " + why.message() +
                 (fault::On(Fault::kRefusalLogsMessage) ? " " + PubMsgText(queued.message) : ""));
  const bool acks = fault::On(Fault::kRefusedIsAcked);
  Refuse(queued.reply, queued.message.guid, acks ? "" : why.message());
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

void Publisher::ProposeBatch() {
  if (!HasQueued()) return;
  const int64_t most = std::max<int64_t>(context_.options.io_batch_messages, 1);
  batch_end_ = std::min(queue_.size(), batch_begin_ + static_cast<size_t>(most));
  std::vector<Proposals::Proposal> proposals;
  const Status made = MakeProposals(proposals);
  if (!made.ok()) {
    for (size_t i = batch_begin_; i < batch_end_; ++i) RefuseStored(queue_[i], made);
    return DropBatch();
  }
  channels_.SetBusy(true);
  outstanding_ = proposals.size();
  context_.cluster->proposals.ProposeAll(std::move(proposals));
}

// One for each channel of the batch. Where a channel cannot be made, the whole batch fails, and the
// sequences that were given away by then are missing, as in the real server.
Status Publisher::MakeProposals(std::vector<Proposals::Proposal>& proposals) {
  std::map<std::string, raftlog::RaftOperation> operations;
  for (size_t i = batch_begin_; i < batch_end_; ++i) {
    const Result<Channel*> found = channels_.FindOrCreate(queue_[i].message.subject);
    if (!found.ok()) return found.status();
    Channel& channel = *found.value();
    raftlog::RaftOperation& operation = operations[channel.name];
    operation.channel_id = channel.id;
    operation.messages.push_back(MakeMessage(channel, queue_[i]));
    ++channel.next_sequence;
  }
  for (auto& [name, operation] : operations) {
    outcomes_[name] = Status();
    proposals.push_back({std::move(operation), [this, channel = name](const Outcome& outcome) {
                           OnApplied(channel, outcome);
                         }});
  }
  return Status();
}

void Publisher::OnApplied(const std::string& channel, const Outcome& outcome) {
  outcomes_[channel] = outcome.status;
  if (--outstanding_ == 0) FinishBatch();
}

void Publisher::FinishBatch() {
  const std::map<std::string, Status> outcomes = std::exchange(outcomes_, {});
  for (const auto& [name, outcome] : outcomes) {
    Channel* channel = channels_.Find(name);
    if (channel == nullptr) continue;
    if (!outcome.ok()) {
      channel->next_sequence = channel->store->messages->LastSequence() + 1;
    } else if (context_.fatal.ok()) {
      const Status flushed = FlushAndDeliver(*channel);
      if (!flushed.ok()) context_.fatal = flushed.WithPrefix("panic: ");
    }
  }
  if (!context_.fatal.ok()) return;
  for (size_t i = batch_begin_; i < batch_end_; ++i) {
    const Status& outcome = outcomes.at(queue_[i].message.subject);
    if (outcome.ok()) {
      Ack(queue_[i]);
    } else {
      RefuseStored(queue_[i], outcome);
    }
  }
  DropBatch();
  channels_.SetBusy(false);
}

// What is behind it moves to the front now and then only.
void Publisher::DropBatch() {
  batch_begin_ = batch_end_;
  if (2 * batch_begin_ < queue_.size()) return;
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(batch_begin_));
  batch_begin_ = batch_end_ = 0;
}

void Publisher::StopLeading() {
  for (const auto& [name, outcome] : std::exchange(outcomes_, {})) {
    Channel* channel = channels_.Find(name);
    if (channel != nullptr) channel->next_sequence = channel->store->messages->LastSequence() + 1;
  }
  queue_.clear();
  batch_begin_ = batch_end_ = 0;
  outstanding_ = 0;
}

}  // namespace atrest::stan
