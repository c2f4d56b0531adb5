#include "harness/runner/workspace.h"

#include <algorithm>

namespace atrest::runner {
namespace {

constexpr uint64_t kFileMax = 1u << 30;
constexpr int kDepthMax = 16;

Status Walk(env::FileSystem& files, const std::string& directory, const std::string& below,
            int depth, std::vector<std::string>& found) {
  if (depth > kDepthMax)
    return Status(Code::kInvalid, directory + ": directories nested too deeply");
  const auto entries = files.List(below.empty() ? directory : directory + "/" + below);
  if (!entries.ok()) return entries.status();
  for (const env::DirectoryEntry& entry : entries.value()) {
    const std::string path = below.empty() ? entry.name : below + "/" + entry.name;
    if (entry.is_directory) {
      ATREST_TRY(Walk(files, directory, path, depth + 1, found));
    } else if (entry.is_regular) {
      found.push_back(path);
    }
  }
  return Status();
}

}  // namespace

Result<std::vector<std::string>> ListFiles(env::FileSystem& files, const std::string& directory) {
  std::vector<std::string> found;
  if (!files.Exists(directory)) return found;
  const Status walked = Walk(files, directory, "", 0, found);
  if (!walked.ok()) return walked;
  std::ranges::sort(found);
  return found;
}

std::string ReplacePath(std::string text, const std::string& directory,
                        const std::string& placeholder) {
  for (size_t at = 0; (at = text.find(directory, at)) != std::string::npos;
       at += placeholder.size()) {
    text.replace(at, directory.size(), placeholder);
  }
  return text;
}

Status CopyTree(env::FileSystem& from_files, const std::string& from, env::FileSystem& to_files,
                const std::string& to) {
  if (!from_files.Exists(from)) return Status(Code::kNotFound, from + " does not exist");
  const auto paths = ListFiles(from_files, from);
  if (!paths.ok()) return paths.status();
  ATREST_TRY(to_files.MakeDirectories(to));
  for (const std::string& path : paths.value()) {
    const size_t slash = path.rfind('/');
    if (slash != std::string::npos)
      ATREST_TRY(to_files.MakeDirectories(to + "/" + path.substr(0, slash)));
    const auto bytes = env::ReadWhole(from_files, from + "/" + path, kFileMax);
    if (!bytes.ok()) return bytes.status();
    ATREST_TRY(env::WriteWhole(to_files, to + "/" + path, bytes.value()));
  }
  return Status();
}

Status Scan(env::FileSystem& files, const std::string& directory,
            const std::vector<std::string>& texts, verdict::Disk& disk) {
  const auto paths = ListFiles(files, directory);
  if (!paths.ok()) return paths.status();
  for (const std::string& text : texts) disk.hits.push_back({text, {}, {}});
  for (const std::string& path : paths.value()) {
    const auto bytes = env::ReadWhole(files, directory + "/" + path, kFileMax);
    if (!bytes.ok()) return bytes.status();
    disk.sizes.emplace_back(path, bytes.value().size());
    for (verdict::ScanHit& hit : disk.hits) {
      if (path.find(hit.text) != std::string::npos) hit.names.push_back(path);
      const size_t at = AsText(bytes.value()).find(hit.text);
      if (at != std::string_view::npos) {
        hit.contents.push_back(path + " at " + std::to_string(at));
      }
    }
  }
  return Status();
}

}  // namespace atrest::runner
