#include "harness/load/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "reference/base/check.h"

namespace atrest::load {
namespace {

constexpr int kCannotExec = 127;
constexpr int kSignalled = 256;

[[noreturn]] void Become(char* const* arguments) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int standard = 0; standard <= 2; ++standard) ::dup2(nowhere, standard);
  ::execv(arguments[0], arguments);
  ::_exit(kCannotExec);
}

int CodeOf(int status) {
  return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Status ChildProcess::Start(const std::vector<std::string>& command) {
  ATREST_CHECK(pid_ < 0 && !command.empty());
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  const int pid = ::fork();
  if (pid < 0) return Status(Code::kIo, std::string("fork: ") + std::strerror(errno));
  if (pid == 0) Become(arguments.data());
  pid_ = pid;
  return Status();
}

void ChildProcess::Terminate() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

void ChildProcess::Kill() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);  // where it had no time to make its group
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Result<int> ChildProcess::Wait(int timeout_ms) {
  ATREST_CHECK(pid_ > 0);
  const auto handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (handle < 0) return Status(Code::kIo, std::string("pidfd_open: ") + std::strerror(errno));
  pollfd waited{handle, POLLIN, 0};
  const int ended = ::poll(&waited, 1, timeout_ms);
  ::close(handle);
  if (ended <= 0) return Status(Code::kIo, "the program did not end");
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return CodeOf(status);
}

}  // namespace atrest::load
