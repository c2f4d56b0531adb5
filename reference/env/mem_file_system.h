// A file system in memory, for tests and the simulator: what env.h promises, with the error texts
// of posix_env.h, and faults on demand. Its fault model:
// - A process that is killed (Restart) loses its open files and nothing else: what was written has
//   reached the system.
// - A machine that crashes (LoseUnsynced) also loses what was written to each file since its last
//   Sync: the file is exactly as it was then, empty if there was no Sync. Torn, reordered and
//   misdirected sectors are not modelled.
// - Names (create, remove, rename, directories) are durable at once; with Names::kDurableOnSync
//   they are from the next Sync of any file on, as on a journalling file system.
// - A FaultHook is asked before each change. It can let it through, refuse it (a full disk), or end
//   the process in the middle of it: then every operation fails until Restart or LoseUnsynced.
// - Reads never fail by themselves, and nothing decays.
// List gives sizes and numbers of changes, so that a reader need not read what has not changed.
// Limits: no links, permissions or times; no ".." in paths (a CHECK); a '/' at the end of a path
// is ignored; the working directory is the root; a file is at most kFileSizeMax bytes ("file too
// large").
// Ownership: open files refer to their file system and must not outlive it. After a restart they
// fail with "file already closed".
// Threads: a MemFileSystem and its open files belong to one thread; a MemSnapshot may be shared.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/env/env.h"

namespace atrest::env {

struct MemInode;

// A change that is about to happen. Valid during the call of the hook.
struct Mutation {
  enum class Kind { kCreate, kWrite, kTruncate, kSync, kMakeDirectory, kRemove, kRename };
  Kind kind;
  const std::string& path;   // as given (of an open file: when it was opened); the old name
  uint64_t offset = 0;       // kWrite: where it begins; kTruncate: the new size
  ByteView bytes = {};       // kWrite
  std::string_view to = {};  // kRename: the new name
};

// What becomes of it. The default is no fault.
struct Fault {
  enum class Kind { kNone, kFail, kStop };
  Kind kind = Kind::kNone;
  size_t bytes_written = 0;  // of a kWrite that is refused or stopped: how much reaches the file
  Status status = {};        // kFail: what the caller gets

  static Fault Fail(Status status, size_t bytes_written = 0) {
    return {Kind::kFail, bytes_written, std::move(status)};
  }
  static Fault Stop(size_t bytes_written = 0) { return {Kind::kStop, bytes_written, {}}; }
};

// May take a snapshot, but not change or restart the file system that calls it.
using FaultHook = std::function<Fault(const Mutation&)>;

// All names and contents at one moment, with what of them is durable, but no open files. Immutable;
// copies are free.
class MemSnapshot {
 private:
  friend class MemFileSystem;
  MemSnapshot(std::shared_ptr<const MemInode> root, uint64_t changes)
      : root_(std::move(root)), changes_(changes) {}
  std::shared_ptr<const MemInode> root_;
  uint64_t changes_;
};

class MemFileSystem : public FileSystem {
 public:
  enum class Names { kDurableAtOnce, kDurableOnSync };
  static constexpr uint64_t kFileSizeMax = uint64_t{1} << 32;

  explicit MemFileSystem(Names names = Names::kDurableAtOnce);
  // A file system of its own that begins as SNAPSHOT, whose names count as durable. Costs a few
  // allocations a name; contents are copied file by file, on the first change but truncation.
  explicit MemFileSystem(const MemSnapshot& snapshot, Names names = Names::kDurableAtOnce);
  MemFileSystem(const MemFileSystem&) = delete;
  MemFileSystem& operator=(const MemFileSystem&) = delete;
  ~MemFileSystem() override;

  MemSnapshot TakeSnapshot();
  // The process was killed and is started again.
  void Restart();
  // The machine crashed and is started again.
  void LoseUnsynced();
  // None if empty.
  void SetFaultHook(FaultHook hook) { hook_ = std::move(hook); }
  // Whether a fault has ended the process.
  bool stopped() const { return stopped_; }

  Result<std::unique_ptr<File>> Open(const std::string& path, Mode mode) override;
  // The unique part of the name counts up from 1.
  Result<std::unique_ptr<File>> CreateTemporary(const std::string& directory,
                                                const std::string& prefix,
                                                std::string* path) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& directory) override;
  // False while stopped.
  bool Exists(const std::string& path) override;
  Status MakeDirectories(const std::string& directory) override;
  Status Remove(const std::string& path) override;
  Status RemoveAll(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to) override;

 private:
  friend class MemFile;

  // For the text of a failure.
  struct Subject {
    const char* operation;
    const std::string& path;
  };
  Status CheckRunning(const Subject& subject) const;
  // Asks the hook; *BYTES_WRITTEN becomes how much of a refused write still happens.
  Status Permit(const Subject& subject, const Mutation& mutation, size_t* bytes_written = nullptr);
  Status MakeDirectory(const std::string& path);
  Status RemoveOne(const Subject& subject);
  void NoteSync();
  void NoteChange(MemInode& file, bool only_grew);

  const Names names_;
  std::shared_ptr<MemInode> root_;
  std::shared_ptr<MemInode> durable_names_;  // as of the last Sync; for kDurableOnSync
  FaultHook hook_;
  bool stopped_ = false;
  uint64_t restarts_ = 0;  // open files of an earlier process are dead
  uint64_t temporaries_ = 0;
  uint64_t changes_ = 0;  // of contents, so far
  // The open file that has the lock of an inode; it keeps the inode alive.
  std::map<const MemInode*, const File*> locks_;
};

}  // namespace atrest::env
