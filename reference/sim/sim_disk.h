// The disk of a node: a file system in memory that faults can be ordered from. What a killed
// process and a machine without power leave, env/mem_file_system.h says. Fault model:
// - CrashAfter: the process is killed inside a change of the disk, at any one: before it, behind
//   it, or in the middle of a write, of which then a part is there. But the version at the begin of
//   a file is there if the file is, and a write to an index of messages is done or not, as is the
//   one of a file's first records, which the index does not know yet: a message store that is torn
//   there does not open, or not after a second such kill, as the real server's (standalone.md 1.8).
// - CrashWithin: the same within one directory, and there in all writes.
// - FlipBit: one bit of a file is another one from now on.
// - Misdirect: from the next opening of a file on, what is read from one block of it is what stands
//   in another one. Until the files are opened by a process that is started after Straighten.
// - LosePower takes back what was never synced, names too; but not of small files that the server
//   writes once and never syncs (server.dat, clients.dat, subs.dat), nor of the version at the
//   begin of a file of messages: the system has written them back. A machine that stops within
//   seconds of their making leaves a store that does not open, as with the real server; that is
//   known and not simulated.
// - Copy and Replace: files as they were some time ago, or those of another node.
// Nothing else ever goes wrong: no write fails, no read does.
// Ownership: owns all files. Open files refer to the disk and must not outlive it.
// Errors: as env/env.h.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/env/mem_file_system.h"

namespace atrest::sim {

inline constexpr uint64_t kBlockSize = 4096;

class SimDisk : public env::FileSystem {
 public:
  SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  // Kills the process inside the change that comes after CHANGES more; PART per mille of it, if it
  // is a write, are done. In place of an earlier order.
  void CrashAfter(uint64_t changes, uint32_t part_permille);
  // The same, where only changes in DIRECTORY are counted and killed in, the making of files too.
  void CrashWithin(const std::string& directory, uint64_t changes, uint32_t part_permille);
  void CancelCrash() { crash_after_.reset(); }
  bool has_crash_ordered() const { return crash_after_.has_value(); }
  // Whether the process was killed by that order.
  bool stopped() const { return memory_.stopped(); }
  // Changes of contents and names so far.
  uint64_t changes() const { return changes_; }

  // Open files belong to a dead process from now on.
  void Restart() { memory_.Restart(); }
  void LosePower();

  // Bit BIT of the byte at OFFSET. kNotFound, or kInvalid where there is no such byte.
  Status FlipBit(const std::string& path, uint64_t offset, int bit);
  // Reads of PATH's block FROM give what is in block TO.
  void Misdirect(const std::string& path, uint64_t from, uint64_t to);
  void Straighten() { misdirected_.clear(); }

  // A directory and all below it, as values.
  using Tree = std::map<std::string, Bytes>;  // by path from the directory on
  Tree Copy(const std::string& directory);
  // Makes the directory hold exactly TREE, durably.
  Status Replace(const std::string& directory, const Tree& tree);

  // The files themselves, past misdirection: for checkers.
  env::MemFileSystem& memory() { return memory_; }

  Result<std::unique_ptr<env::File>> Open(const std::string& path, Mode mode) override;
  Result<std::unique_ptr<env::File>> CreateTemporary(const std::string& directory,
                                                     const std::string& prefix,
                                                     std::string* path) override {
    return memory_.CreateTemporary(directory, prefix, path);
  }
  Result<std::vector<env::DirectoryEntry>> List(const std::string& directory) override {
    return memory_.List(directory);
  }
  bool Exists(const std::string& path) override { return memory_.Exists(path); }
  Status MakeDirectories(const std::string& directory) override {
    return memory_.MakeDirectories(directory);
  }
  Status Remove(const std::string& path) override { return memory_.Remove(path); }
  Status RemoveAll(const std::string& path) override { return memory_.RemoveAll(path); }
  Status SyncDirectory(const std::string& directory) override {
    return memory_.SyncDirectory(directory);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return memory_.Rename(from, to);
  }

 private:
  struct Misdirection {
    uint64_t from = 0;
    uint64_t to = 0;
  };
  class MisdirectedFile;

  void CollectSmall(const std::string& directory, Tree& tree);
  env::Fault OnChange(const env::Mutation& mutation);
  void CopyInto(const std::string& directory, const std::string& prefix, Tree& tree);

  env::MemFileSystem memory_;
  uint64_t changes_ = 0;
  std::optional<uint64_t> crash_after_;
  uint32_t crash_part_permille_ = 0;
  std::optional<std::string> crash_directory_;  // of CrashWithin
  std::map<std::string, Misdirection> misdirected_;
};

}  // namespace atrest::sim
