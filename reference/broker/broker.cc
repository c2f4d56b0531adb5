#include "reference/broker/broker.h"

namespace atrest::broker {
namespace {

class NoLink : public Link {
 public:
  Status Publish(std::string_view, std::string_view, ByteView) override { return Status(); }
  Status Subscribe(uint64_t, const std::string&) override { return Status(); }
  void Unsubscribe(uint64_t) override {}
};

}  // namespace

class Broker::Impl {
 public:
  NoLink link;
  std::string id;
  BrokerCounters counters;
};

Broker::Broker(const BrokerOptions&, Logger&, uint64_t) : impl_(std::make_unique<Impl>()) {}
Broker::~Broker() = default;
const std::string& Broker::server_id() const { return impl_->id; }
const std::string& Broker::server_name() const { return impl_->id; }
bool Broker::has_plain_password() const { return false; }
void Broker::set_port(uint16_t) {}
void Broker::Accepted(int64_t, ConnectionId, std::string, uint16_t) {}
void Broker::Received(int64_t, ConnectionId, ByteView) {}
void Broker::Written(int64_t, ConnectionId, size_t) {}
void Broker::Closed(int64_t, ConnectionId) {}
void Broker::Tick(int64_t) {}
std::optional<int64_t> Broker::NextDeadlineNs() const { return std::nullopt; }
std::vector<ConnectionId> Broker::TakeDirty() { return {}; }
Bytes Broker::TakeOutput(ConnectionId) { return {}; }
bool Broker::closing(ConnectionId) const { return false; }
Link& Broker::local() { return impl_->link; }
bool Broker::DeliverLocal(LinkHandler&, size_t) { return false; }
void Broker::Shutdown(int64_t) {}
size_t Broker::connections() const { return 0; }
size_t Broker::subscriptions() const { return 0; }
const BrokerCounters& Broker::counters() const { return impl_->counters; }

}  // namespace atrest::broker
