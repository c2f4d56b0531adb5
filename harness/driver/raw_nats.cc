#include "harness/driver/raw_nats.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace atrest::driver {
namespace {

using Clock = std::chrono::steady_clock;
constexpr RawNats::Duration kInfoMax(5000);
constexpr char kReplyTo[] = "_INBOX.atrest.raw";

// The payload size that a "MSG subject sid size" line ends with.
size_t SizeIn(const std::string& line) {
  const size_t space = line.rfind(' ');
  size_t size = 0;
  for (const char c : line.substr(space == std::string::npos ? line.size() : space + 1)) {
    if (c >= '0' && c <= '9') size = size * 10 + static_cast<size_t>(c - '0');
  }
  return size;
}

}  // namespace

Result<std::unique_ptr<RawNats>> RawNats::Open(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Status(Code::kIo, "no socket");
  std::unique_ptr<RawNats> nats(new RawNats(fd));
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Status(Code::kIo, std::string("cannot connect to the server: ") + std::strerror(errno));
  const Received info = nats->ReadUntil("\r\n", kInfoMax);
  if (!info.bytes.starts_with("INFO ")) return Status(Code::kIo, "the server sent no INFO");
  return nats;
}

RawNats::~RawNats() { ::close(fd_); }

Status RawNats::Send(const std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0) return Status(Code::kIo, std::string("cannot send: ") + std::strerror(errno));
    sent += static_cast<size_t>(n);
  }
  return Status();
}

bool RawNats::ReadMore(Duration limit, std::string& bytes, bool& timed_out) {
  pollfd readable{fd_, POLLIN, 0};
  if (::poll(&readable, 1, static_cast<int>(std::max<int64_t>(limit.count(), 0))) <= 0) {
    timed_out = true;
    return true;
  }
  char buffer[65536];
  const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
  if (n <= 0) return false;
  bytes.append(buffer, static_cast<size_t>(n));
  return true;
}

RawNats::Received RawNats::ReadUntil(const std::string& text, Duration limit) {
  Received received;
  std::string bytes = std::exchange(unread_, {});
  const auto until = Clock::now() + limit;
  size_t found = bytes.find(text);
  while (found == std::string::npos && !received.closed && !received.timed_out) {
    const auto left = std::chrono::duration_cast<Duration>(until - Clock::now());
    received.closed = !ReadMore(left, bytes, received.timed_out);
    found = bytes.find(text);
  }
  const size_t end = found == std::string::npos ? bytes.size() : found + text.size();
  received.bytes = bytes.substr(0, end);
  unread_ = bytes.substr(end);
  return received;
}

Result<std::optional<std::string>> RawNats::Request(const std::string& subject,
                                                    const std::string& payload, Duration limit) {
  std::string bytes =
      "CONNECT {\"verbose\":false,\"pedantic\":false,\"protocol\":1,\"headers\":true,"
      "\"no_responders\":true}\r\n";
  bytes += std::string("SUB ") + kReplyTo + " 1\r\n";
  bytes += "PUB " + subject + " " + kReplyTo + " " + std::to_string(payload.size()) + "\r\n";
  bytes += payload + "\r\n";
  ATREST_TRY(Send(bytes));
  const auto until = Clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(until - Clock::now());
    const Received line = ReadUntil("\r\n", left);
    if (line.closed) return Status(Code::kIo, "the server closed the connection");
    if (line.timed_out || line.bytes.starts_with("HMSG")) return std::optional<std::string>();
    if (!line.bytes.starts_with("MSG ")) continue;
    const size_t size = SizeIn(line.bytes);
    std::string reply;
    bool timed_out = false;
    std::swap(reply, unread_);
    while (reply.size() < size && !timed_out) {
      if (!ReadMore(limit, reply, timed_out)) break;
    }
    return std::optional<std::string>(reply.substr(0, size));
  }
}

}  // namespace atrest::driver
