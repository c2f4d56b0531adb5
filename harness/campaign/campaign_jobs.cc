#include "harness/campaign/campaign_jobs.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "harness/runner/jobs.h"

namespace atrest::campaign {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr double kNsPerSecond = 1e9;

// One job's share of the memory that outlives its process.
struct Shared {
  Tally tally;
  uint64_t seed = 0;        // of the case that is being run
  bool is_running = false;  // a case
  bool has_thrown = false;  // the case that is being run
  FixedText<400> error;     // why the process gave up
};

// Memory of all jobs.
class SharedJobs {
 public:
  explicit SharedJobs(uint64_t jobs) : size_(jobs * sizeof(Shared)) {
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    jobs_ = static_cast<Shared*>(memory);
    for (uint64_t job = 0; job < jobs; ++job) new (&jobs_[job]) Shared();
  }
  SharedJobs(const SharedJobs&) = delete;
  SharedJobs& operator=(const SharedJobs&) = delete;
  ~SharedJobs() {
    if (jobs_ != nullptr) munmap(jobs_, size_);
  }
  bool ok() const { return jobs_ != nullptr; }
  Shared& operator[](uint64_t job) { return jobs_[job]; }

 private:
  size_t size_;
  Shared* jobs_ = nullptr;
};

class Campaign {
 public:
  Campaign(const Cases& cases, const JobOptions& options, env::Clock& clock, InterruptWatch& watch)
      : cases_(cases), options_(options), clock_(clock), watch_(watch), shared_(options.jobs) {}

  Result<JobsOutcome> Run() {
    if (!shared_.ok()) return Status(Code::kIo, "no shared memory for the jobs");
    const int64_t began = clock_.NowNs();
    if (options_.time_ms > 0) deadline_ = began + options_.time_ms * kNsPerMs;
    for (uint64_t job = 0; job < options_.jobs; ++job)
      workers_.push_back({job, Seeds(options_, job)});
    for (Worker& worker : workers_) Begin(worker);
    while (AnyRuns() && failed_.ok()) AwaitOne();
    EndAll();
    auto outcome = std::make_unique<JobsOutcome>();
    for (const Worker& worker : workers_) outcome->tally.Add(shared_[worker.job].tally);
    outcome->failed = failed_;
    outcome->interrupted = watch_.was_interrupted();
    outcome->seconds = static_cast<double>(clock_.NowNs() - began) / kNsPerSecond;
    return std::move(*outcome);
  }

 private:
  struct Worker {
    uint64_t job;
    Seeds seeds;
    pid_t process = -1;
  };

  void Begin(Worker& worker) {
    const pid_t parent = getpid();
    const pid_t process = fork();
    if (process == 0) RunHere(worker, parent);
    if (process < 0) failed_ = Status(Code::kIo, "no process for a job");
    worker.process = process;
  }

  // What a child process does; never returns, so that nothing of the parent is ended twice.
  [[noreturn]] void RunHere(Worker& worker, pid_t parent) {
    runner::EndWith(parent);
    watch_.Restore();
    LimitMemory();
    Shared& own = shared_[worker.job];
    int code = 0;
    try {
      while (!worker.seeds.done() && (deadline_ == 0 || clock_.NowNs() < deadline_)) {
        own.seed = worker.seeds.Take();
        own.is_running = true;
        Alarm(options_.case_ms);
        const Status ran = cases_.Run(own.seed, own.tally);
        own.is_running = false;
        if (ran.ok()) continue;
        own.error = ran.message();
        code = 1;
        break;
      }
    } catch (const std::exception& error) {
      own.error = error.what();
      own.has_thrown = true;
    } catch (...) {
      own.error = "something that is no exception was thrown";
      own.has_thrown = true;
    }
    std::_Exit(code);
  }

  void LimitMemory() const {
#ifndef __SANITIZE_ADDRESS__
    const rlimit limit{options_.memory_max, options_.memory_max};
    (void)setrlimit(RLIMIT_AS, &limit);
#endif
  }

  // The system ends this process when the time has passed.
  static void Alarm(int64_t ms) {
    itimerval timer{};
    timer.it_value.tv_sec = ms / 1000;
    timer.it_value.tv_usec = static_cast<suseconds_t>(ms % 1000 * 1000);
    (void)setitimer(ITIMER_REAL, &timer, nullptr);
  }

  bool AnyRuns() const {
    for (const Worker& worker : workers_) {
      if (worker.process > 0) return true;
    }
    return false;
  }

  void AwaitOne() {
    int how = 0;
    const pid_t process = waitpid(-1, &how, WNOHANG);
    if (process == 0) {
      watch_.Wait();
      if (watch_.was_interrupted()) Signal(SIGKILL);
      return;
    }
    if (process < 0) failed_ = Status(Code::kIo, "the jobs cannot be waited for");
    for (Worker& worker : workers_) {
      if (worker.process != process) continue;
      worker.process = -1;
      Ended(worker, how);
      return;
    }
  }

  void Ended(Worker& worker, int how) {
    Shared& own = shared_[worker.job];
    const bool has_thrown = std::exchange(own.has_thrown, false);
    if (WIFEXITED(how) && !has_thrown) {
      if (WEXITSTATUS(how) != 0) failed_ = Status(Code::kIo, own.error.str());
      return;
    }
    if (watch_.was_interrupted() || !own.is_running) return;
    if (has_thrown) {
      NoteThrown(own);
    } else {
      NoteLost(own, WTERMSIG(how));
    }
    // On behind the case that ended the process.
    while (!worker.seeds.done() && worker.seeds.Take() != own.seed) {
    }
    own.is_running = false;
    if (++lost_ < kLostMax) return Begin(worker);
    failed_ = Status(Code::kIo, "too many jobs ended by themselves");
  }

  void NoteThrown(Shared& own) {
    NoteLost(own, "the process of a job ended by itself: exception", own.error.str());
    own.error = "";
  }

  void NoteLost(Shared& own, const std::string& kind, const std::string& message) {
    const shrink::Fingerprint fingerprint{verdict::Suite::kConformance, kind, "", "", ""};
    own.tally.Note(fingerprint, false, message, own.seed, cases_.PropertyOf(own.seed), 0);
    ++own.tally.cases;
  }

  void NoteLost(Shared& own, int signal) {
    const bool late = signal == SIGALRM;
    const std::string kind =
        late ? verdict::NameOf(verdict::Kind::kTimeout)
             : "the process of a job ended by itself: signal " + std::to_string(signal);
    const std::string message =
        late ? "a case took more than " + std::to_string(options_.case_ms) + " ms" : kind;
    NoteLost(own, kind, message);
  }

  void Signal(int signal) const {
    for (const Worker& worker : workers_) {
      if (worker.process > 0) kill(worker.process, signal);
    }
  }

  void EndAll() {
    Signal(SIGKILL);
    for (Worker& worker : workers_) {
      if (worker.process > 0) waitpid(worker.process, nullptr, 0);
      worker.process = -1;
    }
  }

  const Cases& cases_;
  const JobOptions& options_;
  env::Clock& clock_;
  InterruptWatch& watch_;
  SharedJobs shared_;
  std::vector<Worker> workers_;
  int64_t deadline_ = 0;
  uint64_t lost_ = 0;
  Status failed_;
};

}  // namespace

Result<JobsOutcome> RunJobs(const Cases& cases, const JobOptions& options, env::Clock& clock,
                            InterruptWatch& watch) {
  return Campaign(cases, options, clock, watch).Run();
}

}  // namespace atrest::campaign
