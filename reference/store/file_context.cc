#include "reference/store/file_context.h"

#include <algorithm>
#include <array>
#include <vector>

#include "reference/base/fault.h"
#include "reference/store/record.h"
#include "reference/store/record_format.h"

namespace atrest::store {
namespace {

Status WriteVersion(env::File& file) {
  std::array<uint8_t, kFirstOffset> version;
  StoreLe32(version.data(), kFileVersion);
  return file.Append(version);
}

Status CheckVersion(const env::File& file) {
  std::array<uint8_t, kFirstOffset> bytes;
  const Result<size_t> read = file.ReadAt(0, bytes);
  const Status status = !read.ok()                    ? read.status()
                        : read.value() < kFirstOffset ? EofError(read.value())
                                                      : Status();
  if (!status.ok()) return status.WithPrefix("unable to verify file version: ");
  const uint32_t version = LoadLe32(bytes.data());
  if (version == kFileVersion || fault::On(Fault::kVersionNotChecked)) return Status();
  return Status(Code::kUnsupported,
                "unsupported file version: " + std::to_string(version) + " (supports [1..1])");
}

}  // namespace

std::string JoinPath(std::string_view directory, std::string_view name) {
  const std::string path = std::string(directory) + "/" + std::string(name);
  const bool rooted = path.front() == '/' && !directory.empty();
  std::vector<std::string_view> parts;
  const std::string_view view = path;
  for (size_t at = 0; at <= view.size();) {
    const size_t slash = std::min(view.find('/', at), view.size());
    const std::string_view part = view.substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !rooted) {
      parts.push_back(part);
    }
  }
  std::string joined;
  for (const std::string_view part : parts) {
    if (rooted || !joined.empty()) joined += '/';
    joined += part;
  }
  return joined;
}

Result<std::unique_ptr<env::File>> OpenVersioned(env::FileSystem& files, const std::string& path) {
  const bool existed = files.Exists(path);
  Result<std::unique_ptr<env::File>> opened = files.Open(path, env::FileSystem::Mode::kCreate);
  if (!opened.ok()) return opened;
  env::File& file = *opened.value();
  if (existed && fault::On(Fault::kEmptyFileAdopted)) {
    const Result<uint64_t> size = file.Size();
    if (size.ok() && size.value() == 0) ATREST_TRY(WriteVersion(file));
  }
  ATREST_TRY(existed ? CheckVersion(file) : WriteVersion(file));
  return opened;
}

Result<std::unique_ptr<env::File>> MakeTemporary(const FileContext& context,
                                                 const std::string& prefix, std::string* path) {
  Result<std::unique_ptr<env::File>> made =
      context.env.files.CreateTemporary(context.root, prefix, path);
  if (!made.ok()) return made;
  ATREST_TRY(WriteVersion(*made.value()));
  return made;
}

}  // namespace atrest::store
