// What tests of the embedded broker share: connections by number, bytes in, bytes out, log lines,
// and a clock that stands still until it is told to go on.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/broker/broker.h"

namespace atrest::broker {

class TestBroker : public LinkHandler {
 public:
  static constexpr int64_t kSecond = 1'000'000'000;

  explicit TestBroker(const BrokerOptions& options = {}, uint64_t seed = 1)
      : broker(options, log, seed) {}

  // A connection that was sent INFO, which is not in its output.
  ConnectionId Open() {
    const ConnectionId id = next_id_++;
    broker.Accepted(now, id, "10.0.0.1", static_cast<uint16_t>(1000 + id));
    infos[id] = Output(id);
    return id;
  }
  // Open, and a CONNECT that is neither verbose nor pedantic, with MORE members (",\"a\":1").
  ConnectionId Connect(const std::string& more = "") {
    const ConnectionId id = Open();
    Send(id, "CONNECT {\"verbose\":false,\"pedantic\":false" + more + "}\r\n");
    return id;
  }
  // With headers and no responders.
  ConnectionId ConnectModern() { return Connect(R"(,"headers":true,"no_responders":true)"); }

  void Send(ConnectionId id, std::string_view text) { broker.Received(now, id, AsBytes(text)); }
  std::string Ask(ConnectionId id, std::string_view text) {
    Send(id, text);
    return Output(id);
  }

  // What ID was sent since the last time, all of it written; then "<closed>" if it is to be closed.
  std::string Output(ConnectionId id) {
    Collect();
    return std::exchange(outputs_[id], "");
  }
  void Collect() {
    for (const ConnectionId id : broker.TakeDirty()) {
      const bool closing = broker.closing(id);
      const Bytes output = broker.TakeOutput(id);
      outputs_[id] += AsText(output);
      if (reads) broker.Written(now, id, output.size());
      if (!closing) continue;
      outputs_[id] += "<closed>";
      broker.Closed(now, id);
    }
  }

  void Pass(int64_t ns) {
    now += ns;
    broker.Tick(now);
  }

  // Messages of the local side: "handle subject reply payload", "503" for one without responders.
  std::vector<std::string> Local(size_t max = 1000) {
    received_.clear();
    broker.DeliverLocal(*this, max);
    return std::exchange(received_, {});
  }
  void OnMessage(const LinkMessage& message) override {
    received_.push_back(std::to_string(message.handle) + " " + std::string(message.subject) + " " +
                        std::string(message.reply) + " " +
                        (message.no_responders ? "503" : std::string(AsText(message.payload))));
  }

  // The lines logged since the last time, with the level before each.
  std::vector<std::string> Lines() {
    constexpr const char* kNames[] = {"TRC ", "DBG ", "INF ", "WRN ", "ERR ", "FTL "};
    std::vector<std::string> lines;
    for (const LogBuffer::Line& line : log.Take()) {
      lines.push_back(kNames[static_cast<size_t>(line.level)] + line.text);
    }
    return lines;
  }

  LogBuffer log;
  Broker broker;
  int64_t now = 1'000 * kSecond;
  bool reads = true;  // whether peers take what they are sent
  std::map<ConnectionId, std::string> infos;

 private:
  ConnectionId next_id_ = 1;
  std::map<ConnectionId, std::string> outputs_;
  std::vector<std::string> received_;
};

}  // namespace atrest::broker
