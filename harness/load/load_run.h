// A load on a STAN server by many clients at once, with every message accounted for (ledger.h).
// Stages: all connect, some subscribe, all publish at a total rate, what is under way arrives, all
// leave. Each stage ends early when a client fails, or when nothing moves for PATIENCE_S.
// Threads: one, in Run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/load/event_loop.h"
#include "harness/load/ledger.h"
#include "harness/load/load_client.h"

namespace atrest::load {

struct LoadOptions {
  Target target;
  std::string run = "load";     // first part of client IDs and channels; new to the server
  uint32_t connections = 1000;  // each publishes
  uint32_t channels = 100;
  uint32_t subscribers = 100;  // the first so many connections, spread over the channels
  uint64_t rate = 50000;       // messages a second in all; 0 is as fast as the windows allow
  uint32_t seconds = 60;
  uint32_t size = 128;       // of a payload
  uint32_t burst = 5;        // messages that a connection sends at a time
  uint32_t window = 16;      // unacked messages that a connection may have
  uint32_t patience_s = 30;  // without news
};

class LoadRun : private StanClientHandler {
 public:
  // SAY is told of each stage as it begins. The load ends early once STOP says so.
  LoadRun(const LoadOptions& options, std::function<void(const std::string&)> say,
          std::function<bool()> stop);

  // True when every stage came to its end and nothing was lost.
  bool Run();
  const Ledger& ledger() const { return ledger_; }
  // "" or what ended the run early.
  const std::string& trouble() const { return trouble_; }
  double load_seconds() const { return static_cast<double>(load_ns_) / 1e9; }

 private:
  void OnReady(StanClient& client) override;
  void OnSubscribed(StanClient& client) override;
  void OnAck(StanClient& client, std::string_view guid, std::string_view error) override;
  void OnMessage(StanClient& client, const wire::Message& message) override;
  void OnLeft(StanClient& client) override;
  void OnTrouble(StanClient& client, const std::string& why) override;

  bool Connect();
  bool Subscribe();
  bool Load();
  bool Leave();
  // Rounds of the loop until DONE; false with trouble_ set.
  bool Until(const std::string& stage, const std::function<bool()>& done);
  void OpenSome();
  void PublishDue(uint64_t due);
  void PublishBurst(uint32_t publisher, uint64_t due);

  LoadOptions options_;
  std::function<void(const std::string&)> say_;
  std::function<bool()> stop_;
  EventLoop loop_;
  Ledger ledger_;
  PayloadMaker maker_;
  std::vector<std::unique_ptr<StanClient>> clients_;
  std::vector<std::string> channel_names_;
  size_t ready_ = 0;
  size_t subscribed_ = 0;
  size_t left_ = 0;
  uint64_t news_ = 0;  // grows with everything that comes
  uint32_t next_publisher_ = 0;
  int64_t load_ns_ = 0;
  std::string trouble_;
};

}  // namespace atrest::load
