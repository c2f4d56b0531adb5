#include "harness/driver/control_channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atrest::driver {
namespace {

constexpr int kAnswerMs = 10'000;

}  // namespace

Result<std::unique_ptr<ControlChannel>> ControlChannel::Open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Status(Code::kInvalid, "the control channel's path is too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Status(Code::kIo, "no socket for the control channel");
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return Status(Code::kIo, "control channel " + path + ": " + std::strerror(errno));
  }
  return std::unique_ptr<ControlChannel>(new ControlChannel(fd));
}

ControlChannel::~ControlChannel() { ::close(fd_); }

Status ControlChannel::Ask(const std::string& line) {
  const std::string request = line + "\n";
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return Status(Code::kIo, "the control channel is closed");
  }
  std::string answer;
  while (answer.empty() || answer.back() != '\n') {
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, kAnswerMs) <= 0)
      return Status(Code::kIo, "no answer to \"" + line + "\" on the control channel");
    char byte = 0;
    if (::recv(fd_, &byte, 1, 0) != 1) return Status(Code::kIo, "the control channel is closed");
    answer += byte;
  }
  if (answer.starts_with("ok")) return Status();
  return Status(Code::kIo, "control channel: " + answer.substr(0, answer.size() - 1));
}

}  // namespace atrest::driver
