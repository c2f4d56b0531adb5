#include "reference/broker/external_nats.h"

namespace atrest::broker {
namespace {

class NoLink : public Link {
 public:
  Status Publish(std::string_view, std::string_view, ByteView) override { return Status(); }
  Status Subscribe(uint64_t, const std::string&) override { return Status(); }
  void Unsubscribe(uint64_t) override {}
};

}  // namespace

class ExternalNats::Impl {
 public:
  NoLink link;
  Status failure;
};

ExternalNats::ExternalNats(const ExternalOptions&, Logger&, uint64_t)
    : impl_(std::make_unique<Impl>()) {}
ExternalNats::~ExternalNats() = default;
Status ExternalNats::Start(int64_t) { return Status(); }
ExternalNats::Phase ExternalNats::phase() const { return Phase::kConnecting; }
const Status& ExternalNats::failure() const { return impl_->failure; }
std::optional<DialRequest> ExternalNats::TakeDial() { return std::nullopt; }
void ExternalNats::Dialed(int64_t, ConnectionId) {}
void ExternalNats::DialFailed(int64_t, const std::string&) {}
void ExternalNats::Received(int64_t, ConnectionId, ByteView) {}
void ExternalNats::Written(int64_t, ConnectionId, size_t) {}
void ExternalNats::Closed(int64_t, ConnectionId) {}
void ExternalNats::Tick(int64_t) {}
std::optional<int64_t> ExternalNats::NextDeadlineNs() const { return std::nullopt; }
std::vector<ConnectionId> ExternalNats::TakeDirty() { return {}; }
Bytes ExternalNats::TakeOutput(ConnectionId) { return {}; }
bool ExternalNats::closing(ConnectionId) const { return false; }
Link& ExternalNats::local() { return impl_->link; }
bool ExternalNats::DeliverLocal(LinkHandler&, size_t) { return false; }
void ExternalNats::Shutdown(int64_t) {}

}  // namespace atrest::broker
