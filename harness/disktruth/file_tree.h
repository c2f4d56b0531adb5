// What a look reads: a listing of files with stamps that tell whether they changed, and the
// contents of those that did. MemoryTree holds a store in memory; PosixTree is a directory on disk
// with, where asked for, the deleted files that a process still has open and its log files.
// Errors: a file that goes away between listing and reading is read as empty; other failures are a
// Status.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/status.h"

namespace atrest::disktruth {

struct TreeEntry {
  enum class Kind {
    kStored,     // a file below the directory
    kDirectory,  // directly in it: a channel
    kOpen,       // deleted, but open in the process
    kLog,        // outside the directory
    kOther,      // a link, pipe, socket or device below the directory: never read
  };
  std::string path;  // from the directory, with '/'; for the others, whatever names them
  Kind kind = Kind::kStored;
  uint64_t size = 0;
  // Equal stamps and sizes mean equal contents. 0: not known, so the contents are compared.
  uint64_t stamp = 0;
  // Equal ones mean that in between the file only grew. 0: not known.
  uint64_t rewrite = 0;
};

class Tree {
 public:
  virtual ~Tree() = default;
  // Sorted by path.
  virtual Result<std::vector<TreeEntry>> List() = 0;
  // The bytes from FROM on.
  virtual Result<Bytes> Read(const TreeEntry& entry, uint64_t from) = 0;
};

class MemoryTree : public Tree {
 public:
  // A file at PATH, with the directories above it. Replaces what was there.
  void Put(const std::string& path, Bytes bytes, TreeEntry::Kind kind = TreeEntry::Kind::kStored);
  void Remove(const std::string& path);
  void MakeDirectory(const std::string& path);
  // REQUIRES: there is such a file.
  const Bytes& At(const std::string& path) const { return files_.at(path).bytes; }
  size_t reads() const { return reads_; }

  Result<std::vector<TreeEntry>> List() override;
  Result<Bytes> Read(const TreeEntry& entry, uint64_t from) override;

 private:
  struct Held {
    TreeEntry::Kind kind = TreeEntry::Kind::kStored;
    Bytes bytes;
    uint64_t stamp = 0;
  };
  std::map<std::string, Held> files_;
  uint64_t last_stamp_ = 0;
  size_t reads_ = 0;
};

class PosixTree : public Tree {
 public:
  struct Options {
    std::optional<int> process;     // whose deleted but open files are looked at too (/proc)
    std::vector<std::string> logs;  // files outside the directory
  };
  explicit PosixTree(std::string directory) : PosixTree(std::move(directory), Options()) {}
  PosixTree(std::string directory, Options options)
      : directory_(std::move(directory)), options_(std::move(options)) {}

  // From now on at the open files of PROCESS, or of none.
  void LookInto(std::optional<int> process) { options_.process = process; }

  Result<std::vector<TreeEntry>> List() override;
  Result<Bytes> Read(const TreeEntry& entry, uint64_t from) override;

 private:
  std::string PathOf(const TreeEntry& entry) const;
  void AddOpen(const std::string& folder, const std::vector<std::string>& names,
               std::vector<TreeEntry>& entries);

  std::string directory_;
  Options options_;
  std::map<std::string, std::string> open_;  // path in the listing -> path under /proc
};

}  // namespace atrest::disktruth
