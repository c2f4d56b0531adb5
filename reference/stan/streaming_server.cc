#include "reference/stan/streaming_server.h"

#include "reference/stan/nuid.h"

namespace atrest::stan {

struct StreamingServer::Parts {
  StreamingOptions options;
  Phase phase = Phase::kStarting;
  Status failure;
  store::ServerInfo info;
};

StreamingServer::StreamingServer(const StreamingOptions& options, store::Store& store, Bus& bus,
                                 Logger& log,
                                 const std::function<void(std::span<uint8_t>)>& entropy)
    : parts_(std::make_unique<Parts>()) {
  parts_->options = options;
  static_cast<void>(store);
  static_cast<void>(bus);
  static_cast<void>(log);
  if (parts_->options.server_id.empty()) parts_->options.server_id = Nuid(entropy).Next();
}
StreamingServer::~StreamingServer() = default;
Status StreamingServer::Start(int64_t) { return {}; }
StreamingServer::Phase StreamingServer::phase() const { return parts_->phase; }
const Status& StreamingServer::failure() const { return parts_->failure; }
void StreamingServer::OnMessage(int64_t, const Incoming&) {}
void StreamingServer::Flush(int64_t) {}
bool StreamingServer::HasQueued() const { return false; }
void StreamingServer::Tick(int64_t) {}
std::optional<int64_t> StreamingServer::NextDeadlineNs() const { return std::nullopt; }
Status StreamingServer::Stop(int64_t) { return {}; }
const std::string& StreamingServer::server_id() const { return parts_->options.server_id; }
const StreamingOptions& StreamingServer::options() const { return parts_->options; }
const store::ServerInfo& StreamingServer::info() const { return parts_->info; }
Traffic StreamingServer::traffic() const { return {}; }
uint64_t StreamingServer::SubscriptionCount() const { return 0; }
uint64_t StreamingServer::ClientCount() const { return 0; }
uint64_t StreamingServer::ChannelCount() const { return 0; }
std::vector<std::string> StreamingServer::ClientIds() const { return {}; }
std::vector<std::string> StreamingServer::ChannelNames() const { return {}; }
std::optional<ClientView> StreamingServer::FindClient(const std::string&) const { return {}; }
std::optional<ChannelView> StreamingServer::FindChannel(const std::string&) const { return {}; }

}  // namespace atrest::stan
