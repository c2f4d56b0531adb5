#include "harness/driver/inproc_node_files.h"

namespace atrest::driver {

void InprocNodeFiles::Add(const std::string& node, env::FileSystem& files) {
  nodes_[node] = &files;
  (void)beside_.MakeDirectories(std::string(kNodesRoot) + "/" + node);  // for List
}

InprocNodeFiles::Place InprocNodeFiles::Find(const std::string& path) {
  const std::string root = std::string(kNodesRoot) + "/";
  if (!path.starts_with(root)) return {beside_, path};
  const size_t end = path.find('/', root.size());
  const auto node = nodes_.find(path.substr(root.size(), end - root.size()));
  if (node == nodes_.end()) return {beside_, path};
  return {*node->second, end == std::string::npos ? "/" : path.substr(end)};
}

Result<std::unique_ptr<env::File>> InprocNodeFiles::Open(const std::string& path, Mode mode) {
  const Place place = Find(path);
  return place.files.Open(place.path, mode);
}

Result<std::unique_ptr<env::File>> InprocNodeFiles::CreateTemporary(const std::string& directory,
                                                                    const std::string& prefix,
                                                                    std::string* path) {
  const Place place = Find(directory);
  auto file = place.files.CreateTemporary(place.path, prefix, path);
  if (file.ok()) *path = directory + path->substr(path->rfind('/'));
  return file;
}

Result<std::vector<env::DirectoryEntry>> InprocNodeFiles::List(const std::string& directory) {
  const Place place = Find(directory);
  return place.files.List(place.path);
}

bool InprocNodeFiles::Exists(const std::string& path) {
  const Place place = Find(path);
  return place.files.Exists(place.path);
}

Status InprocNodeFiles::MakeDirectories(const std::string& directory) {
  const Place place = Find(directory);
  return place.files.MakeDirectories(place.path);
}

Status InprocNodeFiles::Remove(const std::string& path) {
  const Place place = Find(path);
  return place.files.Remove(place.path);
}

Status InprocNodeFiles::RemoveAll(const std::string& path) {
  const Place place = Find(path);
  return place.files.RemoveAll(place.path);
}

Status InprocNodeFiles::SyncDirectory(const std::string& directory) {
  const Place place = Find(directory);
  return place.files.SyncDirectory(place.path);
}

Status InprocNodeFiles::Rename(const std::string& from, const std::string& to) {
  const Place first = Find(from);
  const Place second = Find(to);
  if (&first.files != &second.files)
    return Status(Code::kUnsupported, "rename " + from + " " + to + ": between two nodes");
  return first.files.Rename(first.path, second.path);
}

}  // namespace atrest::driver
