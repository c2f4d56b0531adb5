// A file system over another that can be told at which write or sync a fault comes. Its fault
// model:
// - kKill: the chosen operation and all behind it, of any kind and on open files too, fail and do
//   nothing, until Restart: the process that used it was killed in front of that operation. What
//   was written before is in the file system below; a write is done whole or not at all.
// - kFull: the chosen write and every write behind it, or as many as are asked for, fail as on a
//   full disk ("write PATH: no space left on device") and write nothing, until Restart or Disarm.
//   All else goes on: a disk without room for data takes names, truncations and syncs.
// A write counts if it has bytes. Reads, and changes of names and sizes, are never chosen.
// For MemFileSystem's finer faults (parts of a write, lost syncs) see mem_file_system.h; this one
// is for any file system, and costs a comparison an operation.
// Ownership: the file system below is borrowed; open files refer to this object and must not
// outlive it. After Restart, files opened before it belong to a dead process: close them first.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reference/env/env.h"

namespace atrest::env {

class FaultFileSystem : public FileSystem {
 public:
  enum class At { kWrite, kSync };
  enum class How { kKill, kFull };

  explicit FaultFileSystem(FileSystem& below) : below_(below) {}

  // The COUNT-th (from 1) operation of this kind from now on is the one. In place of an earlier
  // order that was not reached yet. REQUIRES: kFull is at a write. FAILING writes fail at a
  // kFull, then there is room again; 0: all.
  void Arm(At at, uint64_t count, How how, uint64_t failing = 0);
  // No fault is to come, and a full disk has room again.
  void Disarm();
  // A new process: as Disarm, and nothing is stopped any more.
  void Restart();
  // Whether a kKill has come.
  bool stopped() const { return stopped_; }
  // How many were done or failed, ever.
  uint64_t writes() const { return writes_; }
  uint64_t syncs() const { return syncs_; }

  Result<std::unique_ptr<File>> Open(const std::string& path, Mode mode) override;
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
  friend class FaultFile;

  // Whether an operation may begin.
  Status Check(const char* operation, const std::string& path) const;
  Status CheckWrite(const std::string& path);
  Status CheckSync(const std::string& path);
  // Whether the operation that is about to begin is the chosen one.
  bool Comes(At at);

  FileSystem& below_;
  At at_ = At::kWrite;
  How how_ = How::kKill;
  uint64_t left_ = 0;  // operations until the chosen one; 0: none is chosen
  uint64_t failing_ = 0;  // writes that fail once the disk is full; 0: all
  bool stopped_ = false;
  bool full_ = false;
  uint64_t writes_ = 0;
  uint64_t syncs_ = 0;
};

}  // namespace atrest::env
