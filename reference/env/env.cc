#include "reference/env/env.h"

namespace atrest::env {

Result<Bytes> ReadWhole(FileSystem& files, const std::string& path, uint64_t limit) {
  auto file = files.Open(path, FileSystem::Mode::kRead);
  if (!file.ok()) return file.status();
  const auto size = file.value()->Size();
  if (!size.ok()) return size.status();
  if (size.value() > limit) {
    return Status(Code::kCorrupt, "read " + path + ": " + std::to_string(size.value()) +
                                      " bytes are more than the limit of " + std::to_string(limit));
  }
  Bytes bytes(static_cast<size_t>(size.value()));
  const auto count = file.value()->ReadAt(0, bytes);
  if (!count.ok()) return count.status();
  bytes.resize(count.value());
  return bytes;
}

Status WriteWhole(FileSystem& files, const std::string& path, ByteView bytes) {
  auto file = files.Open(path, FileSystem::Mode::kCreate);
  if (!file.ok()) return file.status();
  ATREST_TRY(file.value()->Truncate(0));
  return file.value()->Append(bytes);
}

}  // namespace atrest::env
