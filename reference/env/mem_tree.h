// The names and inodes of a file system in memory, for mem_file_system.cc.
// Ownership: directories own their entries; an open file shares its inode, which so outlives its
// name, as on POSIX.
// Errors: errno values. Threads: as mem_file_system.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reference/env/mem_content.h"

namespace atrest::env {

struct MemInode {
  bool is_directory = false;
  // Of a directory:
  std::map<std::string, std::shared_ptr<MemInode>, std::less<>> entries;
  // Of a file: what it is, and what a crash of the machine leaves of it.
  MemContent content;
  MemContent synced;
  // As of DirectoryEntry.
  uint64_t change = 0;
  uint64_t rewrite = 0;
};

// What a path leads to.
struct MemLookup {
  int error = 0;                        // ENOENT also where only the last name is missing
  std::shared_ptr<MemInode> inode;      // null if there is an error
  std::shared_ptr<MemInode> directory;  // that the last name is or would be in; null for the root
  std::string name;                     // the last name
};

// REQUIRES: no ".." in PATH.
MemLookup Lookup(const std::shared_ptr<MemInode>& root, const std::string& path);

// Why rename(2), as Go's os.Rename calls it, would refuse; 0 if it would not.
int RenameError(const MemLookup& from, const MemLookup& to);

// A copy of the directories below TOP that shares the inodes of files.
std::shared_ptr<MemInode> CopyNames(const MemInode& top);

// A copy of all inodes below TOP; contents are shared as MemContent shares them.
std::shared_ptr<MemInode> CopyTree(const MemInode& top);

// Every file below TOP.
void ForEachFile(MemInode& top, const std::function<void(MemInode&)>& visit);

}  // namespace atrest::env
