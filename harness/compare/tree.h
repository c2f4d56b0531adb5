// A directory held in memory: to compare the stores of two targets, and to exchange them. Regular
// files and directories only; what else stands there is passed over. Modes and times are not kept.
// Errors: the Status of the file system.
// Threads: pure functions on the given file system.
#pragma once

#include <map>
#include <set>
#include <string>

#include "reference/base/bytes.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::compare {

struct Tree {
  std::set<std::string> directories;   // paths relative to the root, '/'-separated
  std::map<std::string, Bytes> files;  // by such a path
};

// An absent DIRECTORY is an empty tree.
Result<Tree> ReadTree(env::FileSystem& files, const std::string& directory);

// Makes DIRECTORY hold exactly TREE.
Status WriteTree(env::FileSystem& files, const std::string& directory, const Tree& tree);

}  // namespace atrest::compare
