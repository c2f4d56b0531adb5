#include "harness/driver/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "harness/driver/process_guardian.h"

extern char** environ;

namespace atrest::driver {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPipeMax = 1u << 20;  // what a pipe of ours can hold

// A file descriptor, closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  void Close() { *this = Fd(); }

 private:
  int fd_;
};

struct Pipe {
  Fd read;
  Fd write;
};

Status OsError(const std::string& what) {
  return Status(Code::kIo, what + ": " + std::strerror(errno));
}

Result<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return OsError("pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// The file that PROGRAM names, searched as a shell does.
std::string FileOf(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string file = rest.substr(0, colon) + "/" + program;
    if (::access(file.c_str(), X_OK) == 0) return file;
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return program;
}

// Everything the child needs, made before the fork: behind it only system calls are safe, since
// other threads may have held any lock.
struct Launch {
  std::string file;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int in;  // -1: nothing to read
  int out;
  int err;
  int failure;  // where the child reports why it could not become the program
  int gate;     // read from before it becomes the program; -1: it need not wait
  pid_t parent;
};

[[noreturn]] void BecomeTheProgram(const Launch& launch) {
  ::setpgid(0, 0);
  DieWithTheParent();
  if (::getppid() == launch.parent) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGINT, SIG_DFL);
    char go = 0;
    while (launch.gate >= 0 && ::read(launch.gate, &go, 1) < 0 && errno == EINTR) {
    }
    const int in = launch.in >= 0 ? launch.in : ::open("/dev/null", O_RDONLY);
    if (in >= 0 && ::dup2(in, 0) >= 0 && ::dup2(launch.out, 1) >= 0 && ::dup2(launch.err, 2) >= 0) {
      ::execve(launch.file.c_str(), launch.arguments.data(), launch.environment.data());
    }
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(launch.failure, &error, sizeof error);
  ::_exit(127);
}

// Writes without the signal that a pipe nobody reads from raises.
ssize_t WriteQuietly(int fd, std::string_view bytes) {
  sigset_t pipe;
  sigset_t before;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const ssize_t n = ::write(fd, bytes.data(), bytes.size());
  const int error = errno;
  if (n < 0 && error == EPIPE) {
    const timespec at_once{};
    ::sigtimedwait(&pipe, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return n;
}

// Our ends of what connects us with a child.
struct Ends {
  Fd handle;  // becomes readable when the child has ended
  Fd in;
  Fd out;
  Fd err;
  Fd wake;
};

class Child : public ChildProcess {
 public:
  Child(pid_t pid, Ends ends, const Command& command, std::unique_ptr<SyscallTracer> tracer)
      : pid_(pid),
        output_max_(command.output_max),
        files_(command.files),
        tracer_(std::move(tracer)),
        handle_(std::move(ends.handle)),
        has_input_(ends.in.get() >= 0),
        in_(std::move(ends.in)),
        out_{std::move(ends.out), {}},
        err_{std::move(ends.err), {}},
        wake_(std::move(ends.wake)) {
    reader_ = std::thread([this] { ReadUntilTheEnd(); });
  }
  ~Child() override {
    Kill();
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(wake_.get(), &one, sizeof one);
    reader_.join();
  }

  pid_t pid() const override { return pid_; }

  std::optional<ProcessEnd> WaitFor(Duration limit) override {
    if (end_) return end_;
    pollfd ended{handle_.get(), POLLIN, 0};
    const auto until = Clock::now() + limit;
    for (;;) {
      const auto left = std::chrono::duration_cast<Duration>(until - Clock::now()).count();
      const int ready = ::poll(&ended, 1, static_cast<int>(std::max<int64_t>(left, 0)));
      if (ready > 0) break;
      if (ready == 0 || errno != EINTR) return std::nullopt;
    }
    return Reap();
  }

  void Signal(int signal) override {
    if (!end_) ::kill(pid_, signal);
  }

  ProcessEnd Kill() override {
    if (!is_group_dead_) ::kill(-pid_, SIGKILL);
    is_group_dead_ = true;
    Unguard(pid_);
    while (!end_) WaitFor(Duration(1000));
    return *end_;
  }

  Output TakeOutput() override {
    const std::lock_guard lock(mutex_);
    Drain(out_);
    Drain(err_);
    return {std::exchange(out_.text, {}), std::exchange(err_.text, {})};
  }

  void WaitForOutput(Duration limit) override {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, limit, [&] {
      return !out_.text.empty() || !err_.text.empty() || has_ended_ ||
             (has_input_ && !out_.is_open);
    });
  }

  bool HasClosedOutput() override {
    const std::lock_guard lock(mutex_);
    return !out_.is_open && out_.text.empty();
  }

  Status Write(std::string_view bytes, Duration limit) override {
    const auto until = Clock::now() + limit;
    while (!bytes.empty()) {
      const ssize_t n = WriteQuietly(in_.get(), bytes);
      if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
      if (n >= 0 || errno == EINTR) continue;
      if (errno != EAGAIN) return OsError("its input");
      pollfd room{in_.get(), POLLOUT, 0};
      const auto left = std::chrono::duration_cast<Duration>(until - Clock::now()).count();
      if (left <= 0) return Status(Code::kIo, "it does not read its input");
      ::poll(&room, 1, static_cast<int>(std::min<int64_t>(left, INT_MAX)));
    }
    return Status();
  }
  void CloseInput() override { in_.Close(); }

  Status Interrupt(const scenario::Interrupt& interrupt) override {
    if (WaitFor(Duration(0))) return Status();
    if (!tracer_) {
      auto tracer = SyscallTracer::Attach(pid_, files_);
      if (!tracer.ok()) return WaitFor(Duration(0)) ? Status() : tracer.status();
      tracer_ = std::move(tracer).value();
    }
    tracer_->Arm(interrupt);
    return Status();
  }
  void EndInterrupt() override {
    if (tracer_) tracer_->Disarm();
  }
  bool WasInterrupted() const override {
    return was_interrupted_ || (tracer_ && tracer_->HasKilled());
  }

 private:
  struct Stream {
    Fd fd;
    std::string text;
    bool is_open = true;
  };

  std::optional<ProcessEnd> Reap() {
    // Its end is ours once nobody watches it any more, which is at once.
    was_interrupted_ = WasInterrupted();
    tracer_.reset();
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    if (WIFEXITED(status)) {
      end_ = ProcessEnd{WEXITSTATUS(status), {}};
    } else {
      end_ = ProcessEnd{{}, WTERMSIG(status)};
    }
    return end_;
  }

  // Takes all that is in the pipe, and no more than one can hold: its writer may never pause. What
  // exceeds the bound is dropped. REQUIRES: mutex_.
  void Drain(Stream& stream) const {
    std::array<char, 65536> buffer;
    for (size_t taken = 0; stream.is_open && taken < kPipeMax;) {
      const ssize_t n = ::read(stream.fd.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) {
        stream.is_open = false;
        return;
      }
      taken += static_cast<size_t>(n);
      const size_t room = output_max_ - std::min(stream.text.size(), output_max_);
      stream.text.append(buffer.data(), std::min(room, static_cast<size_t>(n)));
      if (n < static_cast<ssize_t>(buffer.size())) return;
    }
  }

  // What the reader waits for; -1 for what is done.
  std::array<pollfd, 4> Awaited(bool saw_end) {
    const std::lock_guard lock(mutex_);
    return {{{out_.is_open ? out_.fd.get() : -1, POLLIN, 0},
             {err_.is_open ? err_.fd.get() : -1, POLLIN, 0},
             {saw_end ? -1 : handle_.get(), POLLIN, 0},
             {wake_.get(), POLLIN, 0}}};
  }

  void ReadUntilTheEnd() {
    bool saw_end = false;
    for (;;) {
      std::array<pollfd, 4> events = Awaited(saw_end);
      if (::poll(events.data(), events.size(), -1) < 0) continue;
      if (events[3].revents != 0) return;
      const std::lock_guard lock(mutex_);
      Drain(out_);
      Drain(err_);
      saw_end = saw_end || events[2].revents != 0;
      has_ended_ = saw_end;
      news_.notify_all();
    }
  }

  const pid_t pid_;
  const size_t output_max_;
  const SyscallTracer::Files files_;
  std::unique_ptr<SyscallTracer> tracer_;  // while there is something to be watched
  bool was_interrupted_ = false;
  Fd handle_;
  bool is_group_dead_ = false;
  std::optional<ProcessEnd> end_;

  const bool has_input_;
  Fd in_;

  std::mutex mutex_;  // of all below but wake_ and the streams' fds
  std::condition_variable news_;
  Stream out_;
  Stream err_;
  bool has_ended_ = false;
  Fd wake_;
  std::thread reader_;
};

// Why the child could not become the program; 0 if it did.
int FailureOf(const Fd& report) {
  int error = 0;
  ssize_t n = -1;
  do {
    n = ::read(report.get(), &error, sizeof error);
  } while (n < 0 && errno == EINTR);
  return n == sizeof error ? error : 0;
}

// None if the child is not to be interrupted from its start on.
Result<std::unique_ptr<SyscallTracer>> Watch(pid_t pid, const ChildProcess::Command& command) {
  if (!command.interrupt) return std::unique_ptr<SyscallTracer>();
  auto tracer = SyscallTracer::Attach(pid, command.files);
  if (tracer.ok()) tracer.value()->Arm(*command.interrupt);
  return tracer;
}

void MakeNonBlocking(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

}  // namespace

std::string Describe(const ProcessEnd& end) {
  return end.code ? "exit " + std::to_string(*end.code)
                  : "signal " + std::to_string(end.signal.value_or(0));
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const Command& command) {
  auto in = MakePipe();
  auto out = MakePipe();
  auto err = MakePipe();
  auto report = MakePipe();
  auto gate = MakePipe();
  Fd wake(::eventfd(0, EFD_CLOEXEC));
  if (!in.ok() || !out.ok() || !err.ok() || !report.ok() || !gate.ok() || wake.get() < 0)
    return OsError("pipe");
  ATREST_TRY(StartGuardian());
  std::vector<std::string> arguments = {command.program};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  const Launch launch = {FileOf(command.program),
                         Pointers(arguments),
                         Pointers(command.environment),
                         command.has_input ? in.value().read.get() : -1,
                         out.value().write.get(),
                         err.value().write.get(),
                         report.value().write.get(),
                         command.interrupt ? gate.value().read.get() : -1,
                         ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return OsError("fork");
  if (pid == 0) BecomeTheProgram(launch);
  ::setpgid(pid, pid);  // whoever is first
  Guard(pid);
  in.value().read.Close();
  if (!command.has_input) in.value().write.Close();
  out.value().write.Close();
  err.value().write.Close();
  report.value().write.Close();
  auto tracer = Watch(pid, command);
  [[maybe_unused]] const ssize_t opened = ::write(gate.value().write.get(), "", 1);
  Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int failure = FailureOf(report.value().read);
  if (failure != 0 || handle.get() < 0 || !tracer.ok()) {
    ::kill(-pid, SIGKILL);
    Unguard(pid);
    const Status untraced = tracer.status();
    if (tracer.ok()) tracer.value().reset();
    ::waitpid(pid, nullptr, 0);
    errno = failure != 0 ? failure : errno;
    return untraced.ok() ? OsError(command.program) : untraced;
  }
  Ends ends{std::move(handle), std::move(in.value().write), std::move(out.value().read),
            std::move(err.value().read), std::move(wake)};
  for (const Fd* fd : {&ends.in, &ends.out, &ends.err}) MakeNonBlocking(*fd);
  return std::unique_ptr<ChildProcess>(
      std::make_unique<Child>(pid, std::move(ends), command, std::move(tracer).value()));
}

std::vector<std::string> EnvironmentWithout(const std::vector<std::string>& names) {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (std::ranges::find(names, text.substr(0, text.find('='))) == names.end())
      kept.push_back(text);
  }
  return kept;
}

}  // namespace atrest::driver
