// The machine itself: files, clock and entropy of the operating system (Linux). The only place of
// the reference that asks for them; everything else is given an Env (env.h).
// Errors: as env.h says. The operation in the text is Go's: open, read, write, truncate, sync,
// stat, rename, remove, mkdir, readdirent, and unlinkat for RemoveAll. A call that a signal
// interrupts is repeated; a short write is continued.
// Threads: as env.h says; two objects over one directory see each other's changes.
#pragma once

#include "reference/env/env.h"

namespace atrest::env {

// Descriptors are close-on-exec. Symbolic links are followed, except by List (which reports one as
// not a directory), Remove and RemoveAll (which remove the link).
class PosixFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, Mode mode) override;
  Result<std::unique_ptr<File>> CreateTemporary(const std::string& directory,
                                                const std::string& prefix,
                                                std::string* path) override;
  Result<std::vector<DirectoryEntry>> List(const std::string& directory) override;
  bool Exists(const std::string& path) override;
  Status MakeDirectories(const std::string& directory) override;
  Status Remove(const std::string& path) override;
  Status RemoveAll(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to) override;
};

class SystemClock : public Clock {
 public:
  int64_t NowNs() override;
};

// The kernel's generator, fit for keys and nonces.
class SystemEntropy : public Entropy {
 public:
  void Fill(std::span<uint8_t> into) override;
};

}  // namespace atrest::env
