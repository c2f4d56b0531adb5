// The files of the nodes of a cluster in this process as one tree: /nodes/NODE/PATH is PATH on the
// disk of that node.
// Not for new names beside the nodes: what belongs to none of them is kept in memory.
// Ownership: the nodes' file systems are borrowed.
// Errors: as env/env.h; a rename from one node to another is kUnsupported.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/env/mem_file_system.h"

namespace atrest::driver {

inline constexpr char kNodesRoot[] = "/nodes";

class InprocNodeFiles : public env::FileSystem {
 public:
  // Before anything else is done with the node's path.
  void Add(const std::string& node, env::FileSystem& files);

  Result<std::unique_ptr<env::File>> Open(const std::string& path, Mode mode) override;
  Result<std::unique_ptr<env::File>> CreateTemporary(const std::string& directory,
                                                     const std::string& prefix,
                                                     std::string* path) override;
  Result<std::vector<env::DirectoryEntry>> List(const std::string& directory) override;
  bool Exists(const std::string& path) override;
  Status MakeDirectories(const std::string& directory) override;
  Status Remove(const std::string& path) override;
  Status RemoveAll(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to) override;

 private:
  struct Place {
    env::FileSystem& files;
    std::string path;
  };
  Place Find(const std::string& path);

  std::map<std::string, env::FileSystem*> nodes_;
  env::MemFileSystem beside_;
};

}  // namespace atrest::driver
