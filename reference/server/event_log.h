// A recorded session: the events of a server in a file, with the entropy that it drew and the bytes
// that it sent in between. Its format is described in reference/README.md.
// The file holds what clients sent, so also payloads in clear; never the encryption key.
// Ownership: a writer and a reader own their file. Threads: one.
// Errors: Status kIo or kCorrupt ("not a recorded session", "cut off at byte N").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/env/env.h"
#include "reference/server/event.h"

namespace atrest::server {

class EventWriter {
 public:
  // PATH must not exist yet.
  static Result<std::unique_ptr<EventWriter>> Create(env::FileSystem& files,
                                                     const std::string& path);
  // Kept in memory until the next Flush. After a failure nothing more is written.
  void Write(const Event& event);
  Status Flush();

 private:
  explicit EventWriter(std::unique_ptr<env::File> file) : file_(std::move(file)) {}

  std::unique_ptr<env::File> file_;
  Bytes buffer_;
  Status failure_;
};

class EventReader {
 public:
  static Result<EventReader> Open(env::FileSystem& files, const std::string& path);
  // The next event without taking it; nullopt at the end. A torn last record is the end too: the
  // recorded process was killed.
  std::optional<Event> Peek() const;
  void Take();
  uint64_t position() const { return position_; }

 private:
  explicit EventReader(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::optional<Event> Decode(uint64_t* end) const;

  Bytes bytes_;
  uint64_t position_ = 0;
};

}  // namespace atrest::server
