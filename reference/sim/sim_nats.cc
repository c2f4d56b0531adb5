#include "reference/sim/sim_nats.h"

#include <algorithm>
#include <utility>

#include "reference/wire/nats_subject.h"

namespace atrest::sim {

NatsConnection SimNats::Connect(Site site, NatsReceiver& receiver) {
  open_[++last_connection_] = {site, &receiver, {}};
  return last_connection_;
}

void SimNats::Close(NatsConnection connection) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  for (const auto& [handle, subject] : found->second.subjects) {
    Forget(subject, {connection, handle});
  }
  open_.erase(found);
}

void SimNats::Forget(const std::string& subject, const Target& target) {
  auto& table = wire::IsLiteralSubject(subject) ? literal_ : patterns_;
  const auto found = table.find(subject);
  if (found == table.end()) return;
  std::erase(found->second, target);
  if (found->second.empty()) table.erase(found);
}

Status SimNats::Subscribe(NatsConnection connection, uint64_t handle, const std::string& subject) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return Status(Code::kIo, "nats: connection closed");
  if (!wire::IsValidSubscription(subject) || subject.find(' ') != std::string::npos) {
    return Status(Code::kInvalid, "nats: invalid subject");
  }
  found->second.subjects[handle] = subject;
  auto& table = wire::IsLiteralSubject(subject) ? literal_ : patterns_;
  table[subject].push_back({connection, handle});
  return Status();
}

void SimNats::Unsubscribe(NatsConnection connection, uint64_t handle) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  const auto subject = found->second.subjects.find(handle);
  if (subject == found->second.subjects.end()) return;
  Forget(subject->second, {connection, handle});
  found->second.subjects.erase(subject);
}

// In the order of connections, and of handles within one.
std::vector<SimNats::Target> SimNats::TargetsOf(std::string_view subject) const {
  std::vector<Target> targets;
  if (const auto found = literal_.find(subject); found != literal_.end()) targets = found->second;
  for (const auto& [pattern, listeners] : patterns_) {
    if (!wire::SubjectMatches(pattern, subject)) continue;
    targets.insert(targets.end(), listeners.begin(), listeners.end());
  }
  if (targets.size() > 1) std::ranges::sort(targets);
  return targets;
}

Status SimNats::Publish(NatsConnection from, std::string_view subject, std::string_view reply,
                        ByteView payload) {
  const auto sender = open_.find(from);
  if (sender == open_.end()) return Status(Code::kIo, "nats: connection closed");
  if (subject.empty()) return Status(Code::kInvalid, "nats: invalid subject");
  if (payload.size() > kPayloadMax) {
    return Status(Code::kInvalid, "nats: maximum payload exceeded");
  }
  const std::vector<Target> targets = TargetsOf(subject);
  if (targets.empty()) {
    if (!reply.empty()) Answer503(sender->second.site, reply);
    return Status();
  }
  const auto carried = std::make_shared<const Carried>(
      Carried{std::string(subject), std::string(reply), Bytes(payload.begin(), payload.end())});
  for (const Target& target : targets) Send(sender->second.site, target, carried);
  return Status();
}

void SimNats::Answer503(Site from, std::string_view reply) {
  const auto carried =
      std::make_shared<const Carried>(Carried{std::string(reply), "", {}, /*no_responders=*/true});
  for (const Target& target : TargetsOf(reply)) Send(from, target, carried);
}

void SimNats::Send(Site from, const Target& target, const std::shared_ptr<const Carried>& carried) {
  const auto to = open_.find(target.connection);
  if (to == open_.end()) return;
  const auto at_ns = network_.SendOnStream(queue_.now_ns(), from, to->second.site);
  if (!at_ns) return;
  queue_.At(*at_ns, [this, target, carried] { Deliver(target, *carried); });
}

void SimNats::Deliver(const Target& target, const Carried& carried) {
  const auto to = open_.find(target.connection);
  if (to == open_.end() || !to->second.subjects.contains(target.handle)) return;
  ++delivered_;
  to->second.receiver->OnNats(
      {target.handle, carried.subject, carried.reply, carried.payload, carried.no_responders});
}

}  // namespace atrest::sim
