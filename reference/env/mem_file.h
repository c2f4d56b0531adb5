// An open file of a MemFileSystem. Ownership, errors and threads: mem_file_system.h.
#pragma once

#include <memory>
#include <string>

#include "reference/env/mem_file_system.h"
#include "reference/env/mem_tree.h"

namespace atrest::env {

class MemFile : public File {
 public:
  MemFile(MemFileSystem& system, std::shared_ptr<MemInode> inode, std::string path, bool writable);
  MemFile(const MemFile&) = delete;
  MemFile& operator=(const MemFile&) = delete;
  ~MemFile() override;

  Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const override;
  Status WriteAt(uint64_t offset, ByteView bytes) override;
  Status Append(ByteView bytes) override;
  Status Truncate(uint64_t size) override;
  Status Sync() override;
  Result<bool> TryLock() override;
  Result<uint64_t> Size() const override;

 private:
  Status CheckOpen(const char* operation) const;

  MemFileSystem& system_;
  const std::shared_ptr<MemInode> inode_;
  const std::string path_;
  const bool writable_;
  const uint64_t restarts_;  // of the system when the file was opened
};

}  // namespace atrest::env
