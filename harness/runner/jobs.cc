#include "harness/runner/jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace atrest::runner {
namespace {

constexpr uint64_t kNothing = UINT64_MAX;
constexpr int kThrew = 70;  // the exit code of a worker that nobody caught
constexpr int kInVainMax = 3;
constexpr int kLookEveryMs = 1'000;

struct Board {
  std::atomic<uint64_t> next = 0;                          // the first piece that nobody has taken
  std::array<std::atomic<uint64_t>, kJobsMax> doing = {};  // by place
};

// What goes before an answer in a pipe.
struct Frame {
  uint64_t piece;
  uint64_t size;
};

bool WriteAll(int to, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(to, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

std::string EndOf(int how) {
  if (WIFSIGNALED(how)) return "signal " + std::to_string(WTERMSIG(how));
  return "exit " + std::to_string(WEXITSTATUS(how));
}

class Pool {
 public:
  Pool(const Jobs& jobs, Board& board) : jobs_(jobs), board_(board), is_done_(jobs.pieces, false) {}
  ~Pool() {
    for (const Worker& worker : workers_) {
      if (worker.pid <= 0) continue;
      ::kill(worker.pid, SIGKILL);
      ::waitpid(worker.pid, nullptr, 0);
      ::close(worker.pipe);
    }
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  Status Run() {
    workers_.resize(std::min<uint64_t>({jobs_.jobs, kJobsMax, jobs_.pieces}));
    for (size_t place = 0; place < workers_.size(); ++place) ATREST_TRY(Hire(place));
    while (std::ranges::any_of(workers_, [](const Worker& worker) { return worker.pid > 0; })) {
      ATREST_TRY(Listen());
    }
    for (size_t piece = 0; piece < is_done_.size(); ++piece) {
      if (!is_done_[piece])
        jobs_.done(piece, std::nullopt, in_vain_ < kInVainMax ? "no word" : "no worker that lives");
    }
    return {};
  }

 private:
  struct Worker {
    pid_t pid = 0;  // 0: its place is empty
    int pipe = -1;
    std::string unread;
  };

  Status Hire(size_t place) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {Code::kIo, "no pipe for a job"};
    board_.doing[place] = kNothing;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      Work(place, ends[1], parent);
    }
    ::close(ends[1]);
    if (pid < 0) {
      ::close(ends[0]);
      return {Code::kIo, "no process for a job"};
    }
    workers_[place] = {pid, ends[0], ""};
    return {};
  }

  // The life of a worker. It ends without the destructors of what it has from its parent.
  [[noreturn]] void Work(size_t place, int answers, pid_t parent) {
    EndWith(parent);
    for (const Worker& other : workers_) {
      if (other.pid > 0) ::close(other.pipe);
    }
    for (uint64_t piece = board_.next++; piece < jobs_.pieces; piece = board_.next++) {
      board_.doing[place] = piece;
      const std::string answer = AnswerTo(piece);
      const Frame frame{piece, answer.size()};
      if (!WriteAll(answers, &frame, sizeof frame) ||
          !WriteAll(answers, answer.data(), answer.size()))
        std::_Exit(EXIT_FAILURE);
      board_.doing[place] = kNothing;
    }
    std::_Exit(EXIT_SUCCESS);
  }

  // What nobody catches must not end in the frames that the worker has from its parent.
  std::string AnswerTo(size_t piece) const {
    try {
      return jobs_.work(piece);
    } catch (...) {
      std::_Exit(kThrew);
    }
  }

  Status Listen() {
    std::vector<pollfd> polled;
    std::vector<size_t> places;
    for (size_t place = 0; place < workers_.size(); ++place) {
      if (workers_[place].pid <= 0) continue;
      polled.push_back({workers_[place].pipe, POLLIN, 0});
      places.push_back(place);
    }
    const int heard = ::poll(polled.data(), polled.size(), kLookEveryMs);
    if (heard < 0 && errno != EINTR) return {Code::kIo, "cannot wait for the jobs"};
    for (size_t i = 0; i < polled.size(); ++i) {
      if (heard > 0 && polled[i].revents != 0) ATREST_TRY(Hear(places[i]));
      if (heard == 0) ATREST_TRY(LookAt(places[i]));
    }
    return {};
  }

  // One that has ended although somebody else holds its pipe, which therefore says nothing.
  Status LookAt(size_t place) {
    int how = 0;
    if (::waitpid(workers_[place].pid, &how, WNOHANG) <= 0) return {};
    Drain(workers_[place]);
    return Bury(place, how);
  }

  // What a worker that has ended said before, however long others hold its pipe.
  void Drain(Worker& worker) {
    ::fcntl(worker.pipe, F_SETFL, O_NONBLOCK);
    char bytes[1 << 16];
    for (;;) {
      const ssize_t n = ::read(worker.pipe, bytes, sizeof bytes);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      worker.unread.append(bytes, static_cast<size_t>(n));
    }
    TakeAnswers(worker);
  }

  Status Hear(size_t place) {
    Worker& worker = workers_[place];
    char bytes[1 << 16];
    const ssize_t n = ::read(worker.pipe, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) return {};
    if (n > 0) {
      worker.unread.append(bytes, static_cast<size_t>(n));
      TakeAnswers(worker);
      return {};
    }
    int how = 0;
    ::waitpid(worker.pid, &how, 0);
    return Bury(place, how);
  }

  Status Bury(size_t place, int how) {
    ::close(workers_[place].pipe);
    workers_[place] = {};
    const uint64_t piece = board_.doing[place];
    in_vain_ = piece == kNothing && how != 0 ? in_vain_ + 1 : 0;
    if (piece != kNothing && !is_done_[piece]) {
      is_done_[piece] = true;
      jobs_.done(piece, std::nullopt, EndOf(how));
    }
    return board_.next < jobs_.pieces && in_vain_ < kInVainMax ? Hire(place) : Status();
  }

  void TakeAnswers(Worker& worker) {
    Frame frame;
    size_t at = 0;
    while (worker.unread.size() - at >= sizeof frame) {
      std::memcpy(&frame, worker.unread.data() + at, sizeof frame);
      if (worker.unread.size() - at - sizeof frame < frame.size) break;
      is_done_[frame.piece] = true;
      jobs_.done(frame.piece, worker.unread.substr(at + sizeof frame, frame.size), "");
      at += sizeof frame + frame.size;
    }
    worker.unread.erase(0, at);
  }

  const Jobs& jobs_;
  Board& board_;
  std::vector<bool> is_done_;
  std::vector<Worker> workers_;
  int in_vain_ = 0;  // so many ended one after the other without a piece
};

}  // namespace

void EndWith(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) std::_Exit(EXIT_FAILURE);
}

void* MapShared(size_t size) {
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void UnmapShared(void* memory, size_t size) { ::munmap(memory, size); }

Status DoInJobs(const Jobs& jobs) {
  Shared<Board> board;
  if (board.get() == nullptr) return {Code::kIo, "no memory that jobs can share"};
  return Pool(jobs, *board.get()).Run();
}

}  // namespace atrest::runner
