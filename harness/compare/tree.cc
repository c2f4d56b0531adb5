#include "harness/compare/tree.h"

namespace atrest::compare {
namespace {

constexpr uint64_t kFileMax = 1u << 30;
constexpr int kDepthMax = 16;

Status Walk(env::FileSystem& files, const std::string& root, const std::string& below, int depth,
            Tree& tree) {
  if (depth > kDepthMax) return Status(Code::kInvalid, root + ": directories nested too deeply");
  const auto entries = files.List(below.empty() ? root : root + "/" + below);
  if (!entries.ok()) return entries.status();
  for (const env::DirectoryEntry& entry : entries.value()) {
    const std::string path = below.empty() ? entry.name : below + "/" + entry.name;
    if (entry.is_directory) {
      tree.directories.insert(path);
      ATREST_TRY(Walk(files, root, path, depth + 1, tree));
    } else if (entry.is_regular) {
      auto bytes = env::ReadWhole(files, root + "/" + path, kFileMax);
      if (!bytes.ok()) return bytes.status();
      tree.files[path] = std::move(bytes).value();
    }
  }
  return Status();
}

}  // namespace

Result<Tree> ReadTree(env::FileSystem& files, const std::string& directory) {
  Tree tree;
  if (!files.Exists(directory)) return tree;
  const Status walked = Walk(files, directory, "", 0, tree);
  if (!walked.ok()) return walked;
  return tree;
}

Status WriteTree(env::FileSystem& files, const std::string& directory, const Tree& tree) {
  ATREST_TRY(files.RemoveAll(directory));
  ATREST_TRY(files.MakeDirectories(directory));
  for (const std::string& path : tree.directories)
    ATREST_TRY(files.MakeDirectories(directory + "/" + path));
  for (const auto& [path, bytes] : tree.files)
    ATREST_TRY(env::WriteWhole(files, directory + "/" + path, bytes));
  return Status();
}

}  // namespace atrest::compare
