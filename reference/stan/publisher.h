// Publishing: messages are checked and queued as they come, and stored, synced, delivered and
// acked in batches. In a cluster they are proposed instead of stored, in operations of one channel
// each, and delivered and acked when all of a batch are applied. Specification: wire.md 2.6,
// cluster.md 1.5.
// Ownership: borrows all it is made with; copies what it queues.
// Errors: publishers get theirs. A store that cannot be flushed ends the server (Context::fatal):
// nothing of the batch is acked.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "reference/stan/bus.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/delivery.h"
#include "reference/stan/proposals.h"

namespace atrest::stan {

class Publisher {
 public:
  Publisher(Context& context, Channels& channels, Clients& clients, Delivery& delivery)
      : context_(context), channels_(channels), clients_(clients), delivery_(delivery) {}

  void OnPublish(const Incoming& incoming);
  // Everything that is queued; in a cluster, one batch, while none is under way.
  void Flush();
  bool HasQueued() const;
  // This node no longer leads its cluster: what is queued is forgotten.
  void StopLeading();

 private:
  struct Queued {
    wire::StanPubMsg message;
    std::string nats_subject;
    std::string reply;
    bool stored = false;
  };

  void Refuse(std::string_view reply, const std::string& guid, const std::string& error);
  // Of queue_[FROM, TO).
  void FlushBatch(size_t from, size_t to);
  void Store(Queued& queued);
  wire::Message MakeMessage(Channel& channel, Queued& queued) const;
  void RefuseStored(const Queued& queued, const Status& why);
  void ProposeBatch();
  Status MakeProposals(std::vector<Proposals::Proposal>& proposals);
  void OnApplied(const std::string& channel, const Outcome& outcome);
  void FinishBatch();
  void DropBatch();
  Status FlushAndDeliver(Channel& channel);
  void Ack(const Queued& queued);

  Context& context_;
  Channels& channels_;
  Clients& clients_;
  Delivery& delivery_;
  std::vector<Queued> queue_;
  std::vector<Channel*> touched_;
  // In a cluster: where in queue_ what is under way begins, and where it ends; the channels of it.
  size_t batch_begin_ = 0;
  size_t batch_end_ = 0;
  std::map<std::string, Status> outcomes_;
  size_t outstanding_ = 0;
};

}  // namespace atrest::stan
