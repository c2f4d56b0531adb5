// A standalone STAN server as a state machine: clients, channels, publishing, subscriptions,
// delivery, redelivery and what of it is written to the store. It is told what happened and what
// time it is, says what it has to say on a Bus, and does nothing in between.
// For the server program and the simulator. Not for NATS itself (bus.h), for files and encryption
// (reference/store), nor for clusters, fault tolerance or partitioning.
// Specification: wire.md part 2, standalone.md section 3. Where the real server follows the order
// of a map, this one takes ascending order.
// Ownership: borrows Store, Bus and Logger, which must outlive it. Destroying it without Stop
// leaves the store as a killed process would.
// Errors: what clients did wrong goes to them, and to the Logger (without the "STREAM: " that a
// program puts before each line). What ends the server is in Start's Status or in failure(), with
// the text that follows "Failed to start: ".
// Threads: one. All calls take the time, in nanoseconds since 1970, which may stand still but never
// goes back; the store's clock shows the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/stan/bus.h"
#include "reference/stan/streaming_options.h"
#include "reference/stan/views.h"
#include "reference/store/store.h"

namespace atrest::stan {

class StreamingServer {
 public:
  enum class Phase {
    kStarting,  // before Start, and until it is known that no other server has this cluster id
    kReady,     // clients are served
    kFailed,    // see failure(); nothing is done any more
    kStopped,
  };

  // ENTROPY fills what it is given with random bytes; it is called in the constructor alone.
  StreamingServer(const StreamingOptions& options, store::Store& store, Bus& bus, Logger& log,
                  const std::function<void(std::span<uint8_t>)>& entropy);
  ~StreamingServer();
  StreamingServer(const StreamingServer&) = delete;
  StreamingServer& operator=(const StreamingServer&) = delete;

  // Recovers the store, or initialises it, and asks whether another server has this cluster id.
  // The answer ends kStarting, in OnMessage or in a Tick 250 ms from now. In kReady the subjects
  // are subscribed and clients are served; the redelivery of what was recovered is due at once, so
  // that a caller who logs its "Streaming Server is ready" between that call and the next Tick has
  // the real server's order of lines. REQUIRES: called once, first.
  Status Start(int64_t now_ns);
  Phase phase() const;
  // Why it is kFailed.
  const Status& failure() const;

  // Publishes are queued only, up to the next Flush, or to the next request of clients of another
  // kind: what was published before it is stored before it. Everything else is done and answered at
  // once, except what real servers answer later by their nature (a connection request of an id that
  // is in use), and messages to new subscriptions, which follow in Flush.
  // In any phase but kReady only answers to the server's own question and acks are heeded.
  void OnMessage(int64_t now_ns, const Incoming& incoming);
  // Stores the queued publishes in batches, each followed by a flush of the channels that it
  // touched, delivery to their subscribers, and the acks of all its messages; then starts new
  // subscriptions. To be called after each round of OnMessage.
  void Flush(int64_t now_ns);
  // Whether a Flush has something to do.
  bool HasQueued() const;

  // Does everything that is due, in order of time: heartbeats, redelivery, deletion of inactive
  // channels, and once a second the store's own Tick.
  void Tick(int64_t now_ns);
  // When Tick has something to do next.
  std::optional<int64_t> NextDeadlineNs() const;

  // Flushes what is queued and closes the store. Clients and subscriptions stay in it, alive.
  // Returns what Store::Close does.
  Status Stop(int64_t now_ns);

  // For monitoring and for the lines that a program logs.
  const std::string& server_id() const;
  const StreamingOptions& options() const;
  // Who the server is and its subjects, e.g. "_STAN.pub.test-cluster"; empty before Start.
  const store::ServerInfo& info() const;
  Traffic traffic() const;
  // Subscriptions of all channels, offline durables too.
  uint64_t SubscriptionCount() const;
  uint64_t ClientCount() const;
  uint64_t ChannelCount() const;
  // Sorted.
  std::vector<std::string> ClientIds() const;
  std::vector<std::string> ChannelNames() const;
  std::optional<ClientView> FindClient(const std::string& id) const;
  std::optional<ChannelView> FindChannel(const std::string& name) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace atrest::stan
