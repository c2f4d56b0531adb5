// Everything outside the program that the reference touches: files, the clock, entropy. Production
// code receives an Env and has no other way out, so that a test or the simulator can stand in for
// the machine: posix_env.h is the operating system, mem_file_system.h a file system in memory that
// can also lose what was never synced.
// Paths are what the caller gave, '/'-separated, used as they are. Failures are a Status of kIo
// (kNotFound where a path does not exist) with a text in the style of the real server's:
// "open PATH: no such file or directory".
// Threads: an Env and what it opens belong to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::env {

// An open file, closed by its destructor.
class File {
 public:
  virtual ~File() = default;
  // Reads up to INTO.size() bytes at OFFSET; fewer only at the end of the file, 0 at or behind it.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const = 0;
  // Writes all of BYTES at OFFSET, growing the file (with zeros in between) where needed.
  virtual Status WriteAt(uint64_t offset, ByteView bytes) = 0;
  // Writes all of BYTES at the physical end of the file. On failure a part may have been written.
  virtual Status Append(ByteView bytes) = 0;
  virtual Status Truncate(uint64_t size) = 0;
  // Returns once what was written is durable.
  virtual Status Sync() = 0;
  // Takes the one exclusive lock of the file, as flock(2) does; held until this object is closed.
  // False if another open file holds it. Only those who ask for the lock are kept apart.
  virtual Result<bool> TryLock() = 0;
  virtual Result<uint64_t> Size() const = 0;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
  bool is_regular = false;  // neither a directory nor a link, pipe, socket or device
  // Of a file in a file system that counts changes (mem_file_system.h); else 0. CHANGE is another
  // number whenever the contents are others; REWRITE whenever they did not only grow.
  uint64_t size = 0;
  uint64_t change = 0;
  uint64_t rewrite = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  enum class Mode {
    kRead,             // the file must exist; no writing
    kReadWrite,        // the file must exist
    kCreate,           // read and write; made (mode 0666 & ~umask) if it does not exist
    kCreatePrivate,    // likewise, but with mode 0600
    kCreateExclusive,  // read and write; a failure if it exists
  };
  // A directory is refused: "open PATH: is a directory".
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, Mode mode) = 0;
  // A new file in DIRECTORY named PREFIX and a unique number, mode 0600; *PATH becomes its path.
  virtual Result<std::unique_ptr<File>> CreateTemporary(const std::string& directory,
                                                        const std::string& prefix,
                                                        std::string* path) = 0;
  // Sorted by name (bytes), without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> List(const std::string& directory) = 0;
  virtual bool Exists(const std::string& path) = 0;
  // Makes DIRECTORY and its parents where they do not exist.
  virtual Status MakeDirectories(const std::string& directory) = 0;
  // Removes a file or an empty directory. What is open stays usable.
  virtual Status Remove(const std::string& path) = 0;
  // Removes a file, or a directory and all in it; ok if it does not exist.
  virtual Status RemoveAll(const std::string& path) = 0;
  // Returns once the names in DIRECTORY are durable.
  virtual Status SyncDirectory(const std::string& directory) = 0;
  // Replaces TO if it exists; but a directory is never replaced: "rename FROM TO: file exists".
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since 1970-01-01 UTC.
  virtual int64_t NowNs() = 0;
};

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void Fill(std::span<uint8_t> into) = 0;
};

// Borrowed: whoever makes an Env keeps the three alive longer than what was given it.
struct Env {
  FileSystem& files;
  Clock& clock;
  Entropy& entropy;
};

// All of a file's bytes. Fails with kCorrupt if it is larger than LIMIT bytes.
Result<Bytes> ReadWhole(FileSystem& files, const std::string& path, uint64_t limit);
// Makes PATH hold exactly BYTES; not atomic, not synced.
Status WriteWhole(FileSystem& files, const std::string& path, ByteView bytes);

}  // namespace atrest::env
