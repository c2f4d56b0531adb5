#include "reference/stan/requests.h"

#include <charconv>
#include <utility>

namespace atrest::stan {

Requests::Requests(Context& context)
    : context_(context), handle_(context.NewHandle()), inbox_(context.NewInbox() + ".") {}

Status Requests::Open() { return context_.bus.Subscribe(handle_, inbox_ + "*"); }

Requests::Id Requests::Send(std::string_view subject, ByteView payload, int64_t timeout_ns,
                            Action action) {
  const Id id = ++last_id_;
  const Status sent = context_.bus.Publish(subject, inbox_ + std::to_string(id), payload);
  if (!sent.ok()) {
    action({.id = id, .kind = Reply::Kind::kError, .payload = {}, .error = sent});
    return 0;
  }
  Pending& pending = pending_[id];
  pending.action = std::move(action);
  pending.timer = context_.After(timeout_ns, [this, id] {
    End(id, {.id = id, .kind = Reply::Kind::kTimeout, .payload = {}, .error = {}});
  });
  return id;
}

void Requests::Cancel(Id id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  context_.timers.Stop(found->second.timer);
  pending_.erase(found);
}

void Requests::OnMessage(const Incoming& incoming) {
  if (!incoming.subject.starts_with(inbox_)) return;
  const std::string_view number = incoming.subject.substr(inbox_.size());
  Id id = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), id);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) return;
  const auto kind = incoming.no_responders ? Reply::Kind::kNobody : Reply::Kind::kAnswer;
  End(id, {.id = id, .kind = kind, .payload = incoming.payload, .error = {}});
}

void Requests::End(Id id, const Reply& reply) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  context_.timers.Stop(found->second.timer);
  const Action action = std::move(found->second.action);
  pending_.erase(found);
  action(reply);
}

}  // namespace atrest::stan
