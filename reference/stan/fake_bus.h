// For tests: a NATS server without sockets. It keeps what is sent to everybody else, hands what is
// sent to the streaming server over when it is asked, and answers for clients that are alive.
// Threads: none shared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/stan/bus.h"
#include "reference/wire/nats_subject.h"

namespace atrest::stan {

class FakeBus : public Bus {
 public:
  struct Sent {
    std::string subject;
    std::string reply;
    Bytes payload;
  };

  Status Publish(std::string_view subject, std::string_view reply, ByteView payload) override {
    if (subject.empty()) return Status(Code::kInvalid, "nats: invalid subject");
    if (payload.size() > max_payload) {
      return Status(Code::kInvalid, "nats: maximum payload exceeded");
    }
    const std::string to(subject);
    if (alive.contains(to)) Deliver(std::string(reply), "", {});
    if (gone.contains(to)) Deliver(std::string(reply), "", {}, /*no_responders=*/true);
    sent.push_back({to, std::string(reply), Bytes(payload.begin(), payload.end())});
    return Status();
  }

  bool IsCongested(std::string_view subject) override {
    const auto window = windows.find(std::string(subject));
    if (window == windows.end()) return false;
    const auto waiting = std::ranges::count_if(
        sent, [subject](const Sent& message) { return message.subject == subject; });
    return static_cast<size_t>(waiting) >= window->second;
  }

  Status Subscribe(uint64_t handle, const std::string& subject) override {
    if (!wire::IsValidSubscription(subject) || subject.find(' ') != std::string::npos) {
      return Status(Code::kInvalid, "nats: invalid subject");
    }
    patterns[handle] = subject;
    return Status();
  }

  void Unsubscribe(uint64_t handle) override { patterns.erase(handle); }

  // Somebody sends PAYLOAD to SUBJECT.
  void Deliver(const std::string& subject, const std::string& reply, ByteView payload,
               bool no_responders = false) {
    for (const auto& [handle, pattern] : patterns) {
      if (!wire::SubjectMatches(pattern, subject)) continue;
      incoming.push_back(
          {handle, subject, reply, Bytes(payload.begin(), payload.end()), no_responders});
    }
  }

  // Payloads that were sent to SUBJECT and not taken yet, in order.
  std::vector<Bytes> Take(const std::string& subject) {
    std::vector<Bytes> taken;
    std::deque<Sent> rest;
    for (Sent& message : sent) {
      if (message.subject == subject) {
        taken.push_back(std::move(message.payload));
      } else {
        rest.push_back(std::move(message));
      }
    }
    sent = std::move(rest);
    return taken;
  }

  struct Queued {
    uint64_t handle;
    std::string subject;
    std::string reply;
    Bytes payload;
    bool no_responders;
  };

  size_t max_payload = 1 << 20;
  std::set<std::string> alive;            // subjects where requests are answered
  std::set<std::string> gone;             // subjects where nobody listens
  std::map<std::string, size_t> windows;  // what waits at a subject that is congested
  std::map<uint64_t, std::string> patterns;
  std::deque<Queued> incoming;
  std::deque<Sent> sent;
};

}  // namespace atrest::stan
