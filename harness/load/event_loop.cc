#include "harness/load/event_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <utility>

#include "reference/base/check.h"

namespace atrest::load {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
// So that one busy connection does not keep the others waiting.
constexpr int kReadsARound = 4;
constexpr int kEventsARound = 256;

Status SystemError(const std::string& what) {
  return Status(Code::kIo, what + ": " + std::strerror(errno));
}

template <typename Clock>
int64_t NowOf() {
  return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
}

}  // namespace

int64_t MonotonicNs() { return NowOf<std::chrono::steady_clock>(); }

int64_t CalendarNs() { return NowOf<std::chrono::system_clock>(); }

void SleepNs(int64_t duration_ns) {
  const timespec wanted{duration_ns / 1'000'000'000, duration_ns % 1'000'000'000};
  ::nanosleep(&wanted, nullptr);
}

EventLoop::EventLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), read_buffer_(kReadBytes) {
  ATREST_CHECK(epoll_ >= 0);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

EventLoop::~EventLoop() { ::close(epoll_); }

Status EventLoop::Round(int timeout_ms) {
  Flush();
  std::array<epoll_event, kEventsARound> events;
  const int count = ::epoll_wait(epoll_, events.data(), kEventsARound, timeout_ms);
  if (count < 0 && errno != EINTR) return SystemError("epoll_wait");
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    static_cast<Connection*>(event.data.ptr)->OnEvents(event.events);
  }
  Flush();
  return Status();
}

void EventLoop::Flush() {
  // Writing may break a connection, whose handler may have something to say on another one.
  while (!dirty_.empty()) {
    for (Connection* connection : std::exchange(dirty_, {})) {
      connection->dirty_ = false;
      connection->Write();
    }
  }
}

Status Connection::Open(const std::string& host, uint16_t port) {
  ATREST_CHECK(!open());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    return Status(Code::kInvalid, host + " is no IPv4 address");
  }
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return SystemError("socket");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket_, to, sizeof address) != 0 && errno != EINPROGRESS) {
    const Status failed = SystemError("connect");
    Close();
    return failed;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = this;
  ATREST_CHECK(::epoll_ctl(loop_.epoll_, EPOLL_CTL_ADD, socket_, &event) == 0);
  watches_writing_ = true;
  return Status();
}

Bytes& Connection::Output() {
  if (!dirty_ && open()) {
    dirty_ = true;
    loop_.dirty_.push_back(this);
  }
  return output_;
}

void Connection::Close() {
  if (dirty_) std::erase(loop_.dirty_, this);
  if (open()) ::close(socket_);
  socket_ = -1;
  connected_ = watches_writing_ = dirty_ = false;
  output_.clear();
  written_ = 0;
}

void Connection::OnEvents(uint32_t events) {
  if (!open()) return;
  if (!connected_ && (events & (EPOLLOUT | EPOLLERR)) != 0) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Break(std::strerror(error));
    connected_ = true;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read();
  if (open() && (events & EPOLLOUT) != 0) Write();
}

void Connection::Read() {
  for (int i = 0; i < kReadsARound && open(); ++i) {
    const ssize_t got = ::recv(socket_, loop_.read_buffer_.data(), loop_.read_buffer_.size(), 0);
    if (got == 0) return Break("closed by the server");
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) return Break(std::strerror(errno));
    const auto size = static_cast<size_t>(got);
    handler_.OnBytes(ByteView(loop_.read_buffer_.data(), size));
    if (size < loop_.read_buffer_.size()) return;
  }
}

void Connection::Write() {
  if (!open() || !connected_) return;
  while (unwritten() > 0) {
    const ssize_t put =
        ::send(socket_, output_.data() + written_, unwritten(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) break;
    if (put < 0) return Break(std::strerror(errno));
    written_ += static_cast<size_t>(put);
  }
  if (unwritten() == 0) {
    output_.clear();
    written_ = 0;
  }
  Watch(unwritten() > 0);
}

void Connection::Watch(bool for_writing) {
  if (watches_writing_ == for_writing) return;
  watches_writing_ = for_writing;
  epoll_event event{};
  event.events = for_writing ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = this;
  ATREST_CHECK(::epoll_ctl(loop_.epoll_, EPOLL_CTL_MOD, socket_, &event) == 0);
}

void Connection::Break(const std::string& why) {
  Close();
  handler_.OnClosed(why);
}

}  // namespace atrest::load
