#include "reference/server/process_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "reference/base/go_quote.h"

namespace atrest::server {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int kFileMode = 0660;

struct Tag {
  const char* name;
  const char* color;
};

Tag TagOf(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return {"TRC", "33"};
    case LogLevel::kDebug:
      return {"DBG", "36"};
    case LogLevel::kInfo:
      return {"INF", "32"};
    case LogLevel::kWarning:
      return {"WRN", "0;93"};
    case LogLevel::kError:
      return {"ERR", "31"};
    case LogLevel::kFatal:
      return {"FTL", "31"};
  }
  return {"INF", "32"};
}

std::tm LocalTime(int64_t now_ns) {
  const std::time_t seconds = static_cast<std::time_t>(now_ns / kNsPerSecond);
  std::tm local = {};
  ::localtime_r(&seconds, &local);
  return local;
}

std::string TimeText(int64_t now_ns) {
  const std::tm local = LocalTime(now_ns);
  char text[64];
  std::snprintf(text, sizeof text, "%04d/%02d/%02d %02d:%02d:%02d.%06d ", local.tm_year + 1900,
                local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>(now_ns % kNsPerSecond / 1000));
  return text;
}

// What a rotated file's name ends with.
std::string BackupSuffix(int64_t now_ns) {
  const std::tm local = LocalTime(now_ns);
  char text[64];
  std::snprintf(text, sizeof text, ".%04d.%02d.%02d.%02d.%02d.%02d.%09d", local.tm_year + 1900,
                local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>(now_ns % kNsPerSecond));
  return text;
}

bool IsCharacterDevice(int descriptor) {
  struct stat info = {};
  return ::fstat(descriptor, &info) == 0 && S_ISCHR(info.st_mode);
}

int OpenLogFile(const std::string& path) {
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kFileMode);
}

uint64_t SizeOf(int descriptor) {
  struct stat info = {};
  return ::fstat(descriptor, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

// One of the two parts of the server.
class Voice : public Logger {
 public:
  Voice(std::string prefix, bool debug, bool trace, Logger& below)
      : prefix_(std::move(prefix)), debug_(debug), trace_(trace), below_(below) {}

  void Log(LogLevel level, const std::string& text) override {
    if (level == LogLevel::kDebug && !debug_) return;
    if (level == LogLevel::kTrace && !trace_) return;
    below_.Log(level, prefix_ + text);
  }

 private:
  const std::string prefix_;
  const bool debug_;
  const bool trace_;
  Logger& below_;
};

class ProcessLogImpl : public ProcessLog, private Logger {
 public:
  ProcessLogImpl(const LogSettings& settings, int descriptor, env::Clock& clock)
      : settings_(settings),
        clock_(clock),
        descriptor_(descriptor),
        colored_(settings.file.empty() && IsCharacterDevice(descriptor)),
        size_(settings.file.empty() ? 0 : SizeOf(descriptor)),
        nats_("", settings.nats_debug, settings.nats_trace, *this),
        streaming_("STREAM: ", settings.streaming_debug, settings.streaming_trace, *this) {
    if (OverLimit()) Log(LogLevel::kInfo, "Rotating logfile...");
  }

  ~ProcessLogImpl() override { CloseFile(); }

  Logger& nats() override { return nats_; }
  Logger& streaming() override { return streaming_; }

  void Reopen() override {
    if (settings_.file.empty()) {
      streaming_.Log(LogLevel::kInfo, "File log re-open ignored, not a file logger");
      return;
    }
    const int opened = OpenLogFile(settings_.file);
    if (opened < 0) {
      const std::string why = std::strerror(errno);
      streaming_.Log(LogLevel::kError, "Unable to re-open the log file: " + why);
      return;
    }
    CloseFile();
    descriptor_ = opened;
    size_ = SizeOf(opened);
    streaming_.Log(LogLevel::kInfo, "File log re-opened");
  }

 private:
  void Log(LogLevel level, const std::string& text) override {
    Write(Line(level, text, "\n"));
    if (OverLimit()) Rotate();
  }

  std::string Line(LogLevel level, const std::string& text, const char* end) const {
    const Tag tag = TagOf(level);
    std::string line = "[" + std::to_string(::getpid()) + "] ";
    if (settings_.time) line += TimeText(clock_.NowNs());
    if (colored_) {
      line += std::string("[\x1b[") + tag.color + "m" + tag.name + "\x1b[0m] ";
    } else {
      line += std::string("[") + tag.name + "] ";
    }
    return line + text + end;
  }

  bool OverLimit() const {
    return settings_.file_size_limit > 0 && !settings_.file.empty() &&
           size_ > static_cast<uint64_t>(settings_.file_size_limit);
  }

  void Rotate() {
    const std::string backup = settings_.file + BackupSuffix(clock_.NowNs());
    if (std::rename(settings_.file.c_str(), backup.c_str()) != 0) return;
    const int opened = OpenLogFile(settings_.file);
    if (opened < 0) return;
    CloseFile();
    descriptor_ = opened;
    size_ = 0;
    Write(Line(LogLevel::kInfo, "Rotated log, backup saved as " + GoQuote(backup), "\r\n"));
  }

  void Write(const std::string& line) {
    size_t done = 0;
    while (done < line.size()) {
      const ssize_t wrote = ::write(descriptor_, line.data() + done, line.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) break;
      done += static_cast<size_t>(wrote);
    }
    size_ += done;
  }

  void CloseFile() {
    if (!settings_.file.empty()) ::close(descriptor_);
  }

  const LogSettings settings_;
  env::Clock& clock_;
  int descriptor_;
  const bool colored_;
  uint64_t size_;
  Voice nats_;
  Voice streaming_;
};

}  // namespace

LogSettings LogSettingsOf(const Options& options) {
  LogSettings settings;
  settings.file = options.log_file;
  settings.file_size_limit = options.log_size_limit_bytes;
  settings.time = options.log_time;
  settings.nats_debug = options.debug;
  settings.nats_trace = options.trace;
  settings.streaming_debug = options.stan_debug;
  settings.streaming_trace = options.stan_trace;
  return settings;
}

Result<std::unique_ptr<ProcessLog>> ProcessLog::Open(const LogSettings& settings,
                                                     env::Clock& clock) {
  int descriptor = STDERR_FILENO;
  if (!settings.file.empty()) {
    descriptor = OpenLogFile(settings.file);
    if (descriptor < 0) {
      std::string why = std::strerror(errno);
      if (!why.empty() && why[0] >= 'A' && why[0] <= 'Z') why[0] = static_cast<char>(why[0] | 0x20);
      return Status(Code::kIo, "error opening file: open " + settings.file + ": " + why);
    }
  }
  return std::unique_ptr<ProcessLog>(std::make_unique<ProcessLogImpl>(settings, descriptor, clock));
}

}  // namespace atrest::server
