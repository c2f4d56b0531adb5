// The log of a server process: lines as the real server writes them, on stderr or in a file that
// can be reopened and rotated. Two voices: the NATS part, and the streaming part, whose lines begin
// with "STREAM: ". Not for what is logged (each component), nor for syslog.
// Specification: wire.md part 3, options.md sections 4 and 6.
// Ownership: the Clock outlives the log. Threads: one.
// Errors: a log file that cannot be opened is a Status; a line that cannot be written is lost, as
// there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/env/env.h"
#include "reference/server/options.h"

namespace atrest::server {

struct LogSettings {
  std::string file;              // "" is stderr
  int64_t file_size_limit = 0;   // bytes; above it the file is rotated; 0 is no limit
  bool time = true;              // whether lines have date and time
  bool nats_debug = false;       // the NATS part's [DBG]
  bool nats_trace = false;       // and [TRC]
  bool streaming_debug = false;  // the streaming part's
  bool streaming_trace = false;
};

LogSettings LogSettingsOf(const Options& options);

class ProcessLog {
 public:
  // kIo "error opening file: open PATH: ..." where the file cannot be opened.
  static Result<std::unique_ptr<ProcessLog>> Open(const LogSettings& settings, env::Clock& clock);
  virtual ~ProcessLog() = default;

  virtual Logger& nats() = 0;
  virtual Logger& streaming() = 0;
  // SIGUSR1: a new file in place of one that was moved away. Logs what became of it.
  virtual void Reopen() = 0;
};

}  // namespace atrest::server
