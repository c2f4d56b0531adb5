#include "reference/broker/tcp_host.h"

namespace atrest::broker {

class TcpHost::Impl {
 public:
  boost::asio::io_context io_context;
};

TcpHost::TcpHost(TcpEvents&, const TcpLimits&) : impl_(std::make_unique<Impl>()) {}
TcpHost::~TcpHost() = default;
Result<uint16_t> TcpHost::Listen(const std::string&, int64_t) { return Status(Code::kIo, ""); }
void TcpHost::StopListening() {}
ConnectionId TcpHost::Dial(const std::string&, uint16_t) { return 0; }
void TcpHost::Write(ConnectionId, Bytes) {}
void TcpHost::CloseWhenWritten(ConnectionId) {}
void TcpHost::Abort(ConnectionId) {}
void TcpHost::Poll(int64_t) {}
boost::asio::io_context& TcpHost::io_context() { return impl_->io_context; }
size_t TcpHost::connections() const { return 0; }

}  // namespace atrest::broker
