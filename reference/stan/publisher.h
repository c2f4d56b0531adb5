// Publishing: messages are checked and queued as they come, and stored, synced, delivered and
// acked in batches. Specification: wire.md 2.6.
// Ownership: borrows all it is made with; copies what it queues.
// Errors: publishers get theirs. A store that cannot be flushed ends the server (Context::fatal):
// nothing of the batch is acked.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/stan/bus.h"
#include "reference/stan/channels.h"
#include "reference/stan/clients.h"
#include "reference/stan/context.h"
#include "reference/stan/delivery.h"

namespace atrest::stan {

class Publisher {
 public:
  Publisher(Context& context, Channels& channels, Clients& clients, Delivery& delivery)
      : context_(context), channels_(channels), clients_(clients), delivery_(delivery) {}

  void OnPublish(const Incoming& incoming);
  // Everything that is queued.
  void Flush();
  bool HasQueued() const { return !queue_.empty(); }

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
  Status FlushAndDeliver(Channel& channel);
  void Ack(const Queued& queued);

  Context& context_;
  Channels& channels_;
  Clients& clients_;
  Delivery& delivery_;
  std::vector<Queued> queue_;
  std::vector<Channel*> touched_;
};

}  // namespace atrest::stan
