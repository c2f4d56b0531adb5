// Lines, rotation and reopening: wire.md part 3, options.md section 6.
#include "reference/server/process_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "reference/env/fixed_env.h"
#include "reference/env/temporary_directory.h"

namespace atrest::server {
namespace {

class ProcessLogTest : public testing::Test {
 protected:
  std::unique_ptr<ProcessLog> Open() {
    settings_.file = file_;
    auto log = ProcessLog::Open(settings_, clock_);
    EXPECT_TRUE(log.ok()) << log.status().message();
    return std::move(log).value();
  }
  static std::string Read(const std::string& path) {
    std::ifstream stream(path);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }
  static std::string Pid() { return "[" + std::to_string(::getpid()) + "] "; }

  env::TemporaryDirectory directory_;
  const std::string file_ = directory_.path() + "/server.log";
  env::FixedClock clock_{1'893'456'000'123'456'789};
  LogSettings settings_;
};

TEST_F(ProcessLogTest, LinesHavePidTimeLevelAndVoice) {
  const auto log = Open();
  log->nats().Log(LogLevel::kInfo, "Server is ready");
  log->streaming().Log(LogLevel::kError, "no");
  const std::string text = Read(file_);
  const std::string start = Pid();
  EXPECT_EQ(text.substr(0, start.size()), start);
  // The date depends on the time zone of the machine; its shape does not.
  EXPECT_NE(text.find(".123456 [INF] Server is ready\n"), std::string::npos) << text;
  EXPECT_NE(text.find(".123456 [ERR] STREAM: no\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("\x1b"), std::string::npos);
}

TEST_F(ProcessLogTest, DebugAndTraceAreForWhoAskedForThem) {
  settings_.time = false;
  settings_.streaming_debug = true;
  settings_.nats_trace = true;
  const auto log = Open();
  for (Logger* voice : {&log->nats(), &log->streaming()}) {
    voice->Log(LogLevel::kDebug, "d");
    voice->Log(LogLevel::kTrace, "t");
  }
  EXPECT_EQ(Read(file_), Pid() + "[TRC] t\n" + Pid() + "[DBG] STREAM: d\n");
}

TEST_F(ProcessLogTest, ReopeningMakesANewFile) {
  settings_.time = false;
  const auto log = Open();
  log->nats().Log(LogLevel::kInfo, "old");
  std::filesystem::rename(file_, file_ + ".1");
  log->Reopen();
  log->nats().Log(LogLevel::kInfo, "new");
  EXPECT_EQ(Read(file_ + ".1"), Pid() + "[INF] old\n");
  EXPECT_EQ(Read(file_), Pid() + "[INF] STREAM: File log re-opened\n" + Pid() + "[INF] new\n");
}

TEST_F(ProcessLogTest, AFileOverItsLimitIsRotated) {
  settings_.time = false;
  settings_.file_size_limit = 200;
  const auto log = Open();
  for (int i = 0; i < 4; ++i) log->nats().Log(LogLevel::kInfo, std::string(60, 'x'));
  int backups = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    const std::string path = entry.path();
    if (path == file_) continue;
    ++backups;
    EXPECT_EQ(Read(file_).substr(0, Read(file_).find('\n') + 1),
              Pid() + "[INF] Rotated log, backup saved as \"" + path + "\"\r\n");
  }
  EXPECT_EQ(backups, 1);
}

TEST_F(ProcessLogTest, AFileThatCannotBeOpenedIsAnError) {
  settings_.file = directory_.path() + "/none/x.log";
  EXPECT_EQ(ProcessLog::Open(settings_, clock_).status().message(),
            "error opening file: open " + settings_.file + ": no such file or directory");
}

}  // namespace
}  // namespace atrest::server
