// A whole server without its operating system: the NATS part, the streaming part and the store, as
// one state machine. Events in (event.h), bytes for connections out. The same events and the same
// entropy give the same bytes, in the store and on the wire, which is what recording and replaying
// rest on. Not for sockets, signals, files of the process (program.h), nor for options' syntax.
// Specification: wire.md; the order of its log lines, wire.md 3.1 and 3.2.
// Ownership: borrows files, entropy and loggers, which must outlive it.
// Errors: Status with the text that follows "Failed to start: "; later ones, see failure().
// Threads: one. Time never goes back: an event whose time is before the last one's happens then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/broker/broker.h"
#include "reference/broker/external_nats.h"
#include "reference/env/env.h"
#include "reference/env/fixed_env.h"
#include "reference/server/event.h"
#include "reference/server/options.h"
#include "reference/stan/bus.h"
#include "reference/stan/streaming_server.h"
#include "reference/store/store.h"

namespace atrest::server {

// What the server calls itself, as the real one does.
inline constexpr char kServerVersion[] = "0.25.6";
inline constexpr char kNatsVersion[] = "2.9.24";
inline constexpr char kGoVersion[] = "go1.23.5";

// For one connection.
struct Output {
  uint64_t connection = 0;
  Bytes bytes;
  bool close = false;  // once the bytes are written
};

class Machine : private stan::Bus, private broker::LinkHandler {
 public:
  // OPTIONS as Configure made them. ENVIRONMENT_KEY: the value of the key's variable, or "".
  Machine(const Options& options, const std::string& environment_key, env::FileSystem& files,
          env::Entropy& entropy, Logger& nats_log, Logger& log);
  ~Machine() override;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // An error ends the start. kInvalid also where the event cannot be, as in a record of a server
  // with other options.
  Status Apply(const Event& event);

  // Whether clients are served. Logs "Streaming Server is ready" when it begins.
  bool ready() const { return ready_; }
  // A failure after kStart: of the connection to an outside server, that another server has this
  // cluster id, or, while it serves, of a store that cannot be written.
  const Status& failure() const { return failure_; }
  // When the next kRound is due; now or before if there is work left.
  std::optional<int64_t> NextDeadlineNs() const;

  // To be asked after kRound and kStop, and nowhere else.
  std::vector<Output> TakeOutputs();
  std::optional<broker::DialRequest> TakeDial();

 private:
  Status Publish(std::string_view subject, std::string_view reply, ByteView payload) override;
  bool IsCongested(std::string_view subject) override;
  Status Subscribe(uint64_t handle, const std::string& subject) override;
  void Unsubscribe(uint64_t handle) override;
  void OnMessage(const broker::LinkMessage& message) override;

  bool CanBe(Event::Kind kind) const;
  Status OpenStore();
  void SayHowSealed();
  const std::string& GivenKey() const;
  void SaveOptions();
  Status StartNats();
  void Listening(uint16_t port);
  Status Start();
  Status StartStreaming();
  void Round();
  void Deliver();
  void Tick();
  void CheckPhases();
  void SendEcho();
  void LogReady();
  void Stop();

  bool external() const { return !options_.nats_url.empty(); }
  broker::Link& link();
  bool DeliverLocal();

  const Options options_;
  const std::string environment_key_;
  env::FileSystem& files_;
  env::Entropy& entropy_;
  Logger& nats_log_;
  Logger& log_;
  int64_t now_ns_ = 0;
  env::FixedClock clock_;  // shows the same, to the store
  store::StoreLimits limits_;
  std::string server_id_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<broker::Broker> broker_;          // or
  std::unique_ptr<broker::ExternalNats> external_;  // with -ns
  std::unique_ptr<stan::StreamingServer> streaming_;
  bool work_left_ = false;
  bool echo_sent_ = false;
  bool ready_ = false;
  bool stopped_ = false;
  Status failure_;
};

}  // namespace atrest::server
