#include "harness/driver/process_guardian.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <utility>

namespace atrest::driver {
namespace {

constexpr size_t kGroupsMax = 1024;

struct Order {
  pid_t group;
  bool is_guarded;
};

int order_socket = -1;  // our end

// Only system calls here: the fork copied the locks of other threads in any state.
[[noreturn]] void KeepGuard(int orders) {
  ::setsid();
  ::prctl(PR_SET_NAME, "atrest-guardian");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) ::signal(signal, SIG_IGN);
  ::dup2(orders, 0);
  ::close_range(1, ~0U, 0);
  static std::array<pid_t, kGroupsMax> groups;
  groups.fill(0);
  Order order;
  for (;;) {
    const ssize_t n = ::read(0, &order, sizeof order);
    if (n < 0) continue;
    if (n != sizeof order) break;
    auto* const slot = std::find(groups.begin(), groups.end(), order.is_guarded ? 0 : order.group);
    if (slot != groups.end()) *slot = order.is_guarded ? order.group : 0;
  }
  for (const pid_t group : groups) {
    if (group > 1) ::kill(-group, SIGKILL);
  }
  ::_exit(0);
}

void Send(const Order& order) {
  // If the guardian is gone, the other two means are left.
  if (order_socket >= 0) ::send(order_socket, &order, sizeof order, MSG_NOSIGNAL);
}

}  // namespace

Status StartGuardian() {
  static std::mutex mutex;
  static pid_t owner = 0;
  const std::lock_guard lock(mutex);
  if (owner == ::getpid()) return Status();
  // In a fork of a process that had one, that one is not ours.
  if (order_socket >= 0) ::close(std::exchange(order_socket, -1));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return Status(Code::kIo, "no socket for the guardian process");
  const pid_t pid = ::fork();
  if (pid == 0) KeepGuard(ends[0]);
  ::close(ends[0]);
  order_socket = ends[1];
  if (pid < 0) return Status(Code::kIo, "no guardian process");
  owner = ::getpid();
  return Status();
}

void Guard(pid_t group) { Send({group, true}); }
void Unguard(pid_t group) { Send({group, false}); }

void DieWithTheParent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

}  // namespace atrest::driver
