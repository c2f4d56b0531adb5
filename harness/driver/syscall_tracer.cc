#include "harness/driver/syscall_tracer.h"

#include <dirent.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "harness/driver/process_guardian.h"

namespace atrest::driver {
namespace {

using scenario::Interrupt;

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                          PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
constexpr int kSyscallStop = SIGTRAP | 0x80;
// __WNOTHREAD: only what this thread watches, and none of the program's children.
constexpr int kOurs = __WALL | __WNOTHREAD;

// glibc's prototype is variadic, and its header does not go with the kernel's.
long Ptrace(int request, pid_t thread, uintptr_t address = 0, uintptr_t data = 0) {
  return ::syscall(SYS_ptrace, request, thread, address, data);
}

Status OsError(const std::string& what) {
  return Status(Code::kIo, what + ": " + std::strerror(errno));
}

std::vector<pid_t> NumbersIn(const std::string& directory) {
  std::vector<pid_t> numbers;
  DIR* const open = ::opendir(directory.c_str());
  if (open == nullptr) return numbers;
  while (const dirent* entry = ::readdir(open)) {
    const int number = std::atoi(entry->d_name);
    if (number > 0) numbers.push_back(number);
  }
  ::closedir(open);
  return numbers;
}

pid_t GroupOf(pid_t process) {
  const pid_t group = ::getpgid(process);
  return group < 0 ? 0 : group;
}

// What a call is, and the argument that is the descriptor of the file.
struct Kind {
  Interrupt::At at;
  size_t descriptor;
};
struct CountedCall {
  long number;
  Kind kind;
};
constexpr std::array<CountedCall, 9> kCounted = {{
    {SYS_write, {Interrupt::At::kWrite, 0}},
    {SYS_pwrite64, {Interrupt::At::kWrite, 0}},
    {SYS_writev, {Interrupt::At::kWrite, 0}},
    {SYS_pwritev, {Interrupt::At::kWrite, 0}},
    {SYS_pwritev2, {Interrupt::At::kWrite, 0}},
    {SYS_copy_file_range, {Interrupt::At::kWrite, 2}},
    {SYS_sendfile, {Interrupt::At::kWrite, 0}},
    {SYS_fsync, {Interrupt::At::kSync, 0}},
    {SYS_fdatasync, {Interrupt::At::kSync, 0}},
}};

// In place of the system call that THREAD is about to make, it gets the error ENOSPC.
void RefuseCall([[maybe_unused]] pid_t thread) {
#if defined(__x86_64__)
  Ptrace(PTRACE_POKEUSR, thread, offsetof(user_regs_struct, orig_rax), static_cast<uintptr_t>(-1));
  Ptrace(PTRACE_POKEUSR, thread, offsetof(user_regs_struct, rax), static_cast<uintptr_t>(-ENOSPC));
#endif
}

class Tracer : public SyscallTracer {
 public:
  Tracer(pid_t group, const Files& files)
      : group_(group), directory_(Canonical(files.directory) + "/") {
    if (!files.except.empty()) except_ = directory_ + files.except + "/";
    std::promise<Status> attached;
    auto is_attached = attached.get_future();
    thread_ = std::thread([this, attached = std::move(attached)]() mutable {
      const Status status = SeizeAll();
      attached.set_value(status);
      if (status.ok()) Serve();
    });
    attached_ = is_attached.get();
  }
  ~Tracer() override { thread_.join(); }

  const Status& attached() const { return attached_; }

  void Arm(const Interrupt& interrupt) override {
    const std::lock_guard lock(mutex_);
    order_ = interrupt;
    left_ = interrupt.count;
  }
  void Disarm() override {
    const std::lock_guard lock(mutex_);
    left_ = 0;
    is_full_ = false;
  }
  bool HasKilled() const override { return has_killed_; }

 private:
  // As the kernel names it, though it may not exist yet.
  static std::string Canonical(const std::string& directory) {
    std::error_code error;
    const auto canonical = std::filesystem::weakly_canonical(directory, error);
    return error ? directory : canonical.string();
  }

  // Threads may be made while we look; those of a watched thread are watched by themselves.
  Status SeizeAll() {
    std::set<pid_t> known;
    for (bool found = true; found;) {
      found = false;
      for (const pid_t process : NumbersIn("/proc")) {
        if (GroupOf(process) != group_) continue;
        for (const pid_t thread : NumbersIn("/proc/" + std::to_string(process) + "/task")) {
          if (!known.insert(thread).second) continue;
          found = true;
          const bool is_ours = Ptrace(PTRACE_SEIZE, thread, 0, kOptions) == 0;
          if (!is_ours && thread == group_) return OsError("ptrace");
          if (is_ours) Ptrace(PTRACE_INTERRUPT, thread);
        }
      }
    }
    return known.contains(group_) ? Status() : Status(Code::kIo, "ptrace: no such process");
  }

  // The first process's end is left for its parent to see.
  bool HasEnded() const {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(group_), &info, WEXITED | WNOHANG | WNOWAIT | kOurs) != 0)
      return true;
    return info.si_pid == group_ && info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED;
  }

  void Serve() {
    while (!HasEnded()) {
      siginfo_t next{};
      if (::waitid(P_ALL, 0, &next, WEXITED | WSTOPPED | WNOWAIT | kOurs) != 0) {
        if (errno != EINTR) return;
        continue;
      }
      const int ends = next.si_pid == group_ ? 0 : WEXITED;
      siginfo_t taken{};
      const int got = ::waitid(P_PID, static_cast<id_t>(next.si_pid), &taken,
                               WSTOPPED | ends | WNOHANG | kOurs);
      const bool is_stop = taken.si_code == CLD_TRAPPED || taken.si_code == CLD_STOPPED;
      if (got == 0 && taken.si_pid != 0 && is_stop) Resume(taken.si_pid, taken.si_status);
    }
  }

  // STOP: a signal, in its low byte, and the event that it stands for in the next.
  void Resume(pid_t thread, int stop) {
    const int signal = stop & 0xff;
    const int event = stop >> 8;
    if (signal == kSyscallStop) {
      if (!IsToDie(thread)) Ptrace(PTRACE_SYSCALL, thread);
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
      Ptrace(PTRACE_LISTEN, thread);  // stopped by a signal: it stays so until it is continued
    } else {
      Ptrace(PTRACE_SYSCALL, thread, 0, event == 0 ? static_cast<uintptr_t>(signal) : 0);
    }
  }

  // What THREAD is at the beginning of happens, does not, or has killed it.
  bool IsToDie(pid_t thread) {
    ptrace_syscall_info info{};
    const long size =
        Ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, reinterpret_cast<uintptr_t>(&info));
    if (size <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
    const auto* call = std::find_if(kCounted.begin(), kCounted.end(), [&](const CountedCall& one) {
      return static_cast<uint64_t>(one.number) == info.entry.nr;
    });
    if (call == kCounted.end()) return false;
    const bool is_nothing =
        (info.entry.nr == SYS_write || info.entry.nr == SYS_pwrite64) && info.entry.args[2] == 0;
    if (is_nothing || !IsWatched(thread, info.entry.args[call->kind.descriptor])) return false;
    return Fault(thread, call->kind.at);
  }

  bool IsWatched(pid_t thread, uint64_t descriptor) const {
    const std::string link = "/proc/" + std::to_string(thread) + "/fd/" +
                             std::to_string(static_cast<int32_t>(descriptor));
    std::array<char, PATH_MAX> path;
    const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
    if (size <= 0) return false;
    const std::string_view text(path.data(), static_cast<size_t>(size));
    return text.starts_with(directory_) && (except_.empty() || !text.starts_with(except_));
  }

  bool Fault(pid_t thread, Interrupt::At at) {
    const std::lock_guard lock(mutex_);
    const bool comes = left_ > 0 && order_.at == at && --left_ == 0;
    if (comes && order_.how == Interrupt::How::kKill) {
      has_killed_ = true;
      ::kill(-group_, SIGKILL);
      return true;
    }
    is_full_ = is_full_ || comes;
    if (!is_full_ || at != Interrupt::At::kWrite) return false;
    RefuseCall(thread);
    if (order_.writes > 0 && --order_.writes == 0) is_full_ = false;
    return false;
  }

  const pid_t group_;
  const std::string directory_;  // with a '/' behind it, as the next
  std::string except_;
  Status attached_;
  std::atomic<bool> has_killed_ = false;

  std::mutex mutex_;  // of what follows
  Interrupt order_;
  uint64_t left_ = 0;  // calls until the chosen one; 0: none is chosen
  bool is_full_ = false;

  std::thread thread_;
};

Status FindOut() {
#if !defined(__x86_64__)
  return Status(Code::kIo, "interrupts are made for x86-64 only");
#else
  const pid_t child = ::fork();
  if (child < 0) return OsError("fork");
  if (child == 0) {
    DieWithTheParent();
    for (;;) ::pause();
  }
  Status status;
  if (Ptrace(PTRACE_SEIZE, child, 0, kOptions) != 0) status = OsError("ptrace is not permitted");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, __WALL);
  return status;
#endif
}

}  // namespace

Status SyscallTracer::Availability() {
  static const Status status = FindOut();
  return status;
}

Result<std::unique_ptr<SyscallTracer>> SyscallTracer::Attach(pid_t group, const Files& files) {
  auto tracer = std::make_unique<Tracer>(group, files);
  if (!tracer->attached().ok()) return tracer->attached();
  return std::unique_ptr<SyscallTracer>(std::move(tracer));
}

}  // namespace atrest::driver
