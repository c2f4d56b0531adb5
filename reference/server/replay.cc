#include <cstdio>
#include <string>
#include <utility>

#include "reference/env/posix_env.h"
#include "reference/server/machine.h"
#include "reference/server/process_log.h"
#include "reference/server/program.h"
#include "reference/server/recording.h"

namespace atrest::server {
namespace {

using Kind = Event::Kind;

// Hands the recorded events to a machine and holds what it sends against the record.
class Replay {
 public:
  Replay(EventReader& reader, ReplayedEntropy& entropy, Machine& machine)
      : reader_(reader), entropy_(entropy), machine_(machine) {}

  // "" if everything came out again; else what did not.
  std::string Run() {
    while (const auto event = reader_.Peek()) {
      const uint64_t at = reader_.position();
      reader_.Take();
      const Status applied = machine_.Apply(*event);
      std::string difference = applied.ok() ? CompareOutputs(event->kind) : AfterFailure(applied);
      if (difference.empty() && entropy_.missing()) {
        difference = "entropy was drawn where the record has none";
      }
      if (!difference.empty()) return "at byte " + std::to_string(at) + ": " + difference;
      if (!applied.ok()) return "";
    }
    return "";
  }

 private:
  // A start that failed in the record ends it.
  std::string AfterFailure(const Status& failure) {
    return reader_.Peek() ? "the replay failed: " + failure.message() : "";
  }

  std::string CompareOutputs(Kind kind) {
    if (kind != Kind::kRound && kind != Kind::kStop) return "";
    for (const Output& output : machine_.TakeOutputs()) {
      if (!output.bytes.empty() && !Expect(Kind::kOutput, output.connection, output.bytes)) {
        return "other bytes were sent to connection " + std::to_string(output.connection);
      }
      if (output.close && !Expect(Kind::kCloseOutput, output.connection, {})) {
        return "connection " + std::to_string(output.connection) + " was closed";
      }
    }
    machine_.TakeDial();
    const auto next = reader_.Peek();
    if (next && (next->kind == Kind::kOutput || next->kind == Kind::kCloseOutput)) {
      return "nothing was sent to connection " + std::to_string(next->connection);
    }
    return "";
  }

  // True also where the record ends: the recorded process was killed before it wrote this down.
  bool Expect(Kind kind, uint64_t connection, ByteView bytes) {
    const auto next = reader_.Peek();
    if (!next) return true;
    if (next->kind != kind || next->connection != connection || !Equal(next->bytes, bytes)) {
      return false;
    }
    reader_.Take();
    return true;
  }

  EventReader& reader_;
  ReplayedEntropy& entropy_;
  Machine& machine_;
};

int Fail(const std::string& text) {
  std::fprintf(stderr, "replay: %s\n", text.c_str());
  return 1;
}

}  // namespace

int ReplayServer(const Options& options, const std::string& environment_key) {
  env::PosixFileSystem files;
  auto reader = EventReader::Open(files, options.replay_events);
  if (!reader.ok()) return Fail(reader.status().message());
  EventReader events = std::move(reader).value();
  env::SystemClock clock;
  auto log = ProcessLog::Open(LogSettingsOf(options), clock);
  if (!log.ok()) return Fail(log.status().message());
  const std::unique_ptr<ProcessLog> lines = std::move(log).value();
  ReplayedEntropy entropy(events);
  Machine machine(options, environment_key, files, entropy, lines->nats(), lines->streaming());
  const std::string difference = Replay(events, entropy, machine).Run();
  return difference.empty() ? 0 : Fail(difference);
}

}  // namespace atrest::server
