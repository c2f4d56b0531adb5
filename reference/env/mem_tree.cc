#include "reference/env/mem_tree.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/base/check.h"

namespace atrest::env {
namespace {

// Linux: NAME_MAX, and PATH_MAX with its terminator.
constexpr size_t kNameSizeMax = 255;
constexpr size_t kPathSizeMax = 4095;

std::vector<std::string_view> Names(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    ATREST_CHECK(name != "..");
    if (!name.empty() && name != ".") names.push_back(name);
  }
  return names;
}

int PathError(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return EINVAL;
  if (path.empty()) return ENOENT;
  return path.size() > kPathSizeMax ? ENAMETOOLONG : 0;
}

// One step, from the inode found so far to its entry NAME.
void Step(MemLookup& at, std::string_view name) {
  at.directory = nullptr;
  if (at.error != 0) return;
  const std::shared_ptr<MemInode> from = std::exchange(at.inode, nullptr);
  if (!from->is_directory) {
    at.error = ENOTDIR;
    return;
  }
  at.directory = from;
  at.name = name;
  const auto entry = from->entries.find(name);
  if (entry != from->entries.end()) {
    at.inode = entry->second;
  } else {
    at.error = name.size() > kNameSizeMax ? ENAMETOOLONG : ENOENT;
  }
}

// Whether INODE is TOP or below it.
bool IsWithin(const MemInode& top, const MemInode* inode) {
  if (&top == inode) return true;
  for (const auto& [name, entry] : top.entries) {
    if (IsWithin(*entry, inode)) return true;
  }
  return false;
}

}  // namespace

MemLookup Lookup(const std::shared_ptr<MemInode>& root, const std::string& path) {
  MemLookup at;
  at.error = PathError(path);
  if (at.error != 0) return at;
  at.inode = root;
  for (const std::string_view name : Names(path)) Step(at, name);
  return at;
}

// In the order of the kernel's checks: both directories, then both names, then what they are.
int RenameError(const MemLookup& from, const MemLookup& to) {
  if (to.inode != nullptr && to.inode->is_directory) {
    return from.inode != nullptr ? EEXIST : from.error;
  }
  if (from.directory == nullptr) return from.error != 0 ? from.error : EBUSY;
  if (to.directory == nullptr) return to.error;
  if (from.inode == nullptr) return from.error;
  if (to.inode == nullptr && to.error != ENOENT) return to.error;
  if (!from.inode->is_directory) return 0;
  if (IsWithin(*from.inode, to.directory.get())) return EINVAL;
  return to.inode != nullptr ? ENOTDIR : 0;
}

std::shared_ptr<MemInode> CopyNames(const MemInode& top) {
  auto copy = std::make_shared<MemInode>(top);
  for (auto& [name, entry] : copy->entries) {
    if (entry->is_directory) entry = CopyNames(*entry);
  }
  return copy;
}

std::shared_ptr<MemInode> CopyTree(const MemInode& top) {
  auto copy = std::make_shared<MemInode>(top);
  for (auto& [name, entry] : copy->entries) entry = CopyTree(*entry);
  return copy;
}

void ForEachFile(MemInode& top, const std::function<void(MemInode&)>& visit) {
  if (!top.is_directory) visit(top);
  for (const auto& [name, entry] : top.entries) ForEachFile(*entry, visit);
}

}  // namespace atrest::env
