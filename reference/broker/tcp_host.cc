#include "reference/broker/tcp_host.h"

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cctype>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "reference/base/check.h"

namespace atrest::broker {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr int64_t kPortMax = 65'535;
constexpr int64_t kWaitNsMax = 3'600'000'000'000;
constexpr size_t kBuffersPerWrite = 16;

// As Go says it: the system's text in lower case.
std::string ErrorText(const Error& error) {
  std::string text = error.message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string JoinHostPort(const std::string& host, int64_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool IsAny(const std::string& host) { return host.empty() || host == "0.0.0.0" || host == "::"; }

// IPv4 in its own form, also where it came through a socket of IPv6.
std::string AddressText(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

struct Connection {
  explicit Connection(ConnectionId given, tcp::socket opened)
      : id(given), socket(std::move(opened)) {}

  ConnectionId id;
  tcp::socket socket;
  std::deque<Bytes> queue;
  size_t offset = 0;     // what is written of the first in the queue
  bool waiting = false;  // for the socket to take more
  bool closing = false;
  bool dead = false;
  std::optional<asio::steady_timer> timer;  // of dialing or closing
};

using ConnectionPtr = std::shared_ptr<Connection>;

}  // namespace

class TcpHost::Impl {
 public:
  Impl(TcpEvents& events, const TcpLimits& limits)
      : events_(events),
        limits_(limits),
        work_(asio::make_work_guard(io_)),
        accept_timer_(io_),
        resolver_(io_),
        incoming_(io_),
        buffer_(limits.read_bytes_max) {}

  Result<uint16_t> Listen(const std::string& host, int64_t port);
  void StopListening();
  ConnectionId Dial(const std::string& host, uint16_t port);
  void Write(ConnectionId id, Bytes bytes);
  void CloseWhenWritten(ConnectionId id);
  void Abort(ConnectionId id);
  void Poll(int64_t max_wait_ns);

  asio::io_context& io_context() { return io_; }
  size_t connections() const { return connections_.size(); }

 private:
  ConnectionPtr Find(ConnectionId id) const;
  Status Open(const tcp::endpoint& endpoint, bool is_any, const std::string& name);
  void Accept();
  void OnAccept(const Error& error);
  void Connect(const ConnectionPtr& connection, const std::vector<tcp::endpoint>& endpoints,
               const std::string& name);
  void OnConnect(const ConnectionPtr& connection, const Error& error, const std::string& name);
  void FailDial(const ConnectionPtr& connection, const std::string& text);
  void Prepare(Connection& connection);
  void WaitRead(const ConnectionPtr& connection);
  void Read(const ConnectionPtr& connection);
  void TryWrite(const ConnectionPtr& connection);
  void TakeWritten(Connection& connection, size_t size);
  void StartTimer(const ConnectionPtr& connection, int64_t wait_ns);
  void CloseSocket(Connection& connection);
  void CloseLater(const ConnectionPtr& connection);
  void Forget(const ConnectionPtr& connection);
  bool Announce();

  TcpEvents& events_;
  const TcpLimits limits_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::optional<tcp::acceptor> acceptor_;
  std::string listen_name_;
  asio::steady_timer accept_timer_;
  tcp::resolver resolver_;
  tcp::socket incoming_;
  tcp::endpoint incoming_endpoint_;
  int64_t accept_retry_ns_ = 0;
  size_t accepts_ = 0;  // in this Poll
  bool accept_later_ = false;
  ConnectionId next_id_ = 1;
  std::map<ConnectionId, ConnectionPtr> connections_;
  std::vector<ConnectionPtr> to_read_;   // they were read in this Poll
  std::vector<ConnectionPtr> to_close_;  // their OnClosed is due
  std::vector<std::pair<ConnectionId, size_t>> written_;
  std::vector<uint8_t> buffer_;
};

ConnectionPtr TcpHost::Impl::Find(ConnectionId id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

Status TcpHost::Impl::Open(const tcp::endpoint& endpoint, bool is_any, const std::string& name) {
  Error error;
  tcp::acceptor acceptor(io_);
  const auto failure = [&](const char* call) {
    return Status(Code::kIo, "listen tcp " + name + ": " + call + ": " + ErrorText(error));
  };
  if (acceptor.open(endpoint.protocol(), error)) return failure("socket");
  if (is_any && endpoint.protocol() == tcp::v6()) {
    if (acceptor.set_option(asio::ip::v6_only(false), error)) return failure("setsockopt");
  }
  if (acceptor.set_option(tcp::acceptor::reuse_address(true), error)) return failure("setsockopt");
  if (acceptor.bind(endpoint, error)) return failure("bind");
  if (acceptor.listen(asio::socket_base::max_listen_connections, error)) return failure("listen");
  acceptor.non_blocking(true, error);
  acceptor_.emplace(std::move(acceptor));
  return Status();
}

Result<uint16_t> TcpHost::Impl::Listen(const std::string& host, int64_t port) {
  ATREST_CHECK(!acceptor_);
  if (port > kPortMax || port < -1) {
    return Status(Code::kIo, "listen tcp: address " + std::to_string(port) + ": invalid port");
  }
  const auto number = static_cast<uint16_t>(std::max<int64_t>(port, 0));
  const std::string name = JoinHostPort(host, number);
  Error error;
  if (IsAny(host)) {
    // One socket for both families where the system has both.
    const Status opened = Open({tcp::v6(), number}, true, name);
    if (!opened.ok() && opened.message().find(": bind: address already") != std::string::npos) {
      return opened;
    }
    if (!opened.ok()) ATREST_TRY(Open({tcp::v4(), number}, true, name));
  } else if (const auto address = asio::ip::make_address(host, error); !error) {
    ATREST_TRY(Open({address, number}, false, name));
  } else {
    const auto found = resolver_.resolve(host, "", error);
    if (error || found.empty()) {
      return Status(Code::kIo, "listen tcp: lookup " + host + ": no such host");
    }
    // IPv4 first, as Go prefers it.
    auto chosen = std::find_if(found.begin(), found.end(), [](const auto& entry) {
      return entry.endpoint().protocol() == tcp::v4();
    });
    if (chosen == found.end()) chosen = found.begin();
    const asio::ip::address first = chosen->endpoint().address();
    ATREST_TRY(Open({first, number}, false, JoinHostPort(first.to_string(), number)));
  }
  const uint16_t actual = acceptor_->local_endpoint(error).port();
  listen_name_ = JoinHostPort(host, actual);
  Accept();
  return actual;
}

void TcpHost::Impl::StopListening() {
  if (!acceptor_) return;
  Error ignored;
  acceptor_->close(ignored);
  acceptor_.reset();
  accept_timer_.cancel();
  accept_later_ = false;
}

void TcpHost::Impl::Accept() {
  if (!acceptor_) return;
  Error ignored;
  if (incoming_.is_open()) incoming_.close(ignored);
  acceptor_->async_accept(incoming_, incoming_endpoint_, [this](const Error& error) {
    if (error == asio::error::operation_aborted) return;
    OnAccept(error);
  });
}

void TcpHost::Impl::OnAccept(const Error& error) {
  if (!acceptor_) return;
  if (error) {
    // Out of file descriptors, say: trying at once would find the same, and nothing else would run.
    const int64_t doubled = std::max(accept_retry_ns_ * 2, limits_.accept_retry_ns);
    accept_retry_ns_ = std::min(doubled, limits_.accept_retry_ns_max);
    accept_timer_.expires_after(std::chrono::nanoseconds(accept_retry_ns_));
    accept_timer_.async_wait([this](const Error& stopped) {
      if (!stopped) Accept();
    });
    events_.OnAcceptFailed("accept tcp " + listen_name_ + ": accept4: " + ErrorText(error),
                           accept_retry_ns_);
    return;
  }
  accept_retry_ns_ = 0;
  const auto connection = std::make_shared<Connection>(next_id_++, std::move(incoming_));
  incoming_ = tcp::socket(io_);
  connections_[connection->id] = connection;
  Prepare(*connection);
  events_.OnAccepted(connection->id, AddressText(incoming_endpoint_.address()),
                     incoming_endpoint_.port());
  WaitRead(connection);
  accept_later_ = ++accepts_ >= limits_.accepts_max;
  if (!accept_later_) Accept();
}

void TcpHost::Impl::Prepare(Connection& connection) {
  Error ignored;
  connection.socket.non_blocking(true, ignored);
  connection.socket.set_option(tcp::no_delay(true), ignored);
  connection.socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

ConnectionId TcpHost::Impl::Dial(const std::string& host, uint16_t port) {
  const auto connection = std::make_shared<Connection>(next_id_++, tcp::socket(io_));
  connections_[connection->id] = connection;
  const std::string name = JoinHostPort(host, port);
  StartTimer(connection, limits_.dial_timeout_ns);
  Error error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) {
    Connect(connection, {{address, port}}, name);
    return connection->id;
  }
  resolver_.async_resolve(
      host, std::to_string(port),
      [this, connection, host, name](const Error& failed,
                                     const tcp::resolver::results_type& found) {
        if (connection->dead) return;
        if (failed) return FailDial(connection, "dial tcp: lookup " + host + ": no such host");
        std::vector<tcp::endpoint> endpoints;
        for (const auto& entry : found) endpoints.push_back(entry.endpoint());
        std::stable_partition(
            endpoints.begin(), endpoints.end(),
            [](const tcp::endpoint& endpoint) { return endpoint.protocol() == tcp::v4(); });
        Connect(connection, endpoints, name);
      });
  return connection->id;
}

void TcpHost::Impl::Connect(const ConnectionPtr& connection,
                            const std::vector<tcp::endpoint>& endpoints, const std::string& name) {
  asio::async_connect(connection->socket, endpoints,
                      [this, connection, name](const Error& error, const tcp::endpoint&) {
                        OnConnect(connection, error, name);
                      });
}

void TcpHost::Impl::OnConnect(const ConnectionPtr& connection, const Error& error,
                              const std::string& name) {
  if (connection->dead) return;
  if (error) return FailDial(connection, "dial tcp " + name + ": connect: " + ErrorText(error));
  connection->timer.reset();
  Prepare(*connection);
  events_.OnDialed(connection->id);
  WaitRead(connection);
  TryWrite(connection);
}

void TcpHost::Impl::FailDial(const ConnectionPtr& connection, const std::string& text) {
  Forget(connection);
  events_.OnDialFailed(connection->id, text);
}

// Of a dial or of a close, of which only the latter has been opened before.
void TcpHost::Impl::StartTimer(const ConnectionPtr& connection, int64_t wait_ns) {
  connection->timer.emplace(io_, std::chrono::nanoseconds(wait_ns));
  connection->timer->async_wait([this, connection](const Error& stopped) {
    if (stopped || connection->dead) return;
    if (connection->closing) return CloseLater(connection);
    FailDial(connection, "dial tcp: i/o timeout");
  });
}

void TcpHost::Impl::WaitRead(const ConnectionPtr& connection) {
  if (connection->dead || connection->closing) return;
  connection->socket.async_wait(tcp::socket::wait_read,
                                [this, connection](const Error&) { Read(connection); });
}

// An error of the wait shows in the read as well.
void TcpHost::Impl::Read(const ConnectionPtr& connection) {
  if (connection->dead || connection->closing) return;
  Error error;
  const size_t size = connection->socket.read_some(asio::buffer(buffer_), error);
  if (error && error != asio::error::would_block && error != asio::error::interrupted) {
    return CloseLater(connection);
  }
  to_read_.push_back(connection);
  if (size > 0) events_.OnReceived(connection->id, ByteView(buffer_).first(size));
}

void TcpHost::Impl::Write(ConnectionId id, Bytes bytes) {
  const ConnectionPtr connection = Find(id);
  if (!connection || connection->dead || connection->closing || bytes.empty()) return;
  connection->queue.push_back(std::move(bytes));
  const bool is_dialing = connection->timer.has_value();
  if (!connection->waiting && !is_dialing) TryWrite(connection);
}

void TcpHost::Impl::TryWrite(const ConnectionPtr& connection) {
  while (!connection->queue.empty()) {
    std::array<asio::const_buffer, kBuffersPerWrite> buffers;
    size_t count = 0;
    for (const Bytes& bytes : connection->queue) {
      if (count == buffers.size()) break;
      const size_t skipped = count == 0 ? connection->offset : 0;
      buffers[count++] = asio::buffer(bytes.data() + skipped, bytes.size() - skipped);
    }
    Error error;
    const size_t size = connection->socket.write_some(buffers, error);
    if (error == asio::error::would_block) {
      connection->waiting = true;
      connection->socket.async_wait(tcp::socket::wait_write, [this, connection](const Error&) {
        connection->waiting = false;
        if (!connection->dead) TryWrite(connection);
      });
      return;
    }
    if (error && error != asio::error::interrupted) return CloseLater(connection);
    TakeWritten(*connection, size);
  }
  if (connection->closing) CloseLater(connection);
}

void TcpHost::Impl::TakeWritten(Connection& connection, size_t size) {
  if (size == 0) return;
  if (!written_.empty() && written_.back().first == connection.id) {
    written_.back().second += size;
  } else {
    written_.emplace_back(connection.id, size);
  }
  while (size > 0) {
    const size_t rest = connection.queue.front().size() - connection.offset;
    const size_t taken = std::min(rest, size);
    size -= taken;
    connection.offset += taken;
    if (taken < rest) return;
    connection.queue.pop_front();
    connection.offset = 0;
  }
}

void TcpHost::Impl::CloseSocket(Connection& connection) {
  Error ignored;
  connection.dead = true;
  connection.timer.reset();
  connection.queue.clear();
  if (!connection.socket.is_open()) return;
  connection.socket.shutdown(tcp::socket::shutdown_both, ignored);
  connection.socket.close(ignored);
}

void TcpHost::Impl::Forget(const ConnectionPtr& connection) {
  CloseSocket(*connection);
  connections_.erase(connection->id);
}

void TcpHost::Impl::CloseLater(const ConnectionPtr& connection) {
  CloseSocket(*connection);
  to_close_.push_back(connection);
}

void TcpHost::Impl::CloseWhenWritten(ConnectionId id) {
  const ConnectionPtr connection = Find(id);
  if (!connection || connection->dead || connection->closing) return;
  connection->closing = true;
  if (connection->queue.empty()) return CloseLater(connection);
  StartTimer(connection, limits_.close_timeout_ns);
}

void TcpHost::Impl::Abort(ConnectionId id) {
  if (const ConnectionPtr connection = Find(id)) Forget(connection);
}

// Tells what happened to writes and closes since the last time. True if there was something.
bool TcpHost::Impl::Announce() {
  const auto written = std::exchange(written_, {});
  for (const auto& [id, size] : written) {
    if (connections_.contains(id)) events_.OnWritten(id, size);
  }
  const auto closed = std::exchange(to_close_, {});
  for (const ConnectionPtr& connection : closed) {
    // Aborted meanwhile, it is not spoken of again.
    if (connections_.erase(connection->id) == 1) events_.OnClosed(connection->id);
  }
  return !closed.empty();
}

void TcpHost::Impl::Poll(int64_t max_wait_ns) {
  accepts_ = 0;
  if (std::exchange(accept_later_, false)) Accept();
  for (const ConnectionPtr& connection : std::exchange(to_read_, {})) WaitRead(connection);
  const bool closed_some = Announce();
  const int64_t wait_ns = closed_some ? 0 : std::clamp<int64_t>(max_wait_ns, 0, kWaitNsMax);
  size_t handled =
      wait_ns > 0 ? io_.run_one_for(std::chrono::nanoseconds(wait_ns)) : io_.poll_one();
  while (handled > 0 && handled < limits_.handlers_max && io_.poll_one() > 0) ++handled;
  Announce();
}

TcpHost::TcpHost(TcpEvents& events, const TcpLimits& limits)
    : impl_(std::make_unique<Impl>(events, limits)) {}
TcpHost::~TcpHost() = default;
Result<uint16_t> TcpHost::Listen(const std::string& host, int64_t port) {
  return impl_->Listen(host, port);
}
void TcpHost::StopListening() { impl_->StopListening(); }
ConnectionId TcpHost::Dial(const std::string& host, uint16_t port) {
  return impl_->Dial(host, port);
}
void TcpHost::Write(ConnectionId id, Bytes bytes) { impl_->Write(id, std::move(bytes)); }
void TcpHost::CloseWhenWritten(ConnectionId id) { impl_->CloseWhenWritten(id); }
void TcpHost::Abort(ConnectionId id) { impl_->Abort(id); }
void TcpHost::Poll(int64_t max_wait_ns) { impl_->Poll(max_wait_ns); }
boost::asio::io_context& TcpHost::io_context() { return impl_->io_context(); }
size_t TcpHost::connections() const { return impl_->connections(); }

}  // namespace atrest::broker
