// Where the harness finds its own data and how a scenario's store directory is filled and searched.
// Threads: pure functions on the given file systems.
#pragma once

#include <string>
#include <vector>

#include "harness/verdict/observation.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::runner {

// Copies the files below FROM (in FROM_FILES) to TO (in TO_FILES), directories first.
Status CopyTree(env::FileSystem& from_files, const std::string& from, env::FileSystem& to_files,
                const std::string& to);

// Every regular file below DIRECTORY, as paths relative to it, sorted. An absent directory has
// none.
Result<std::vector<std::string>> ListFiles(env::FileSystem& files, const std::string& directory);

// Fills DISK's sizes, and its hits for each of TEXTS: in the contents of every file, and in the
// names of files and directories.
Status Scan(env::FileSystem& files, const std::string& directory,
            const std::vector<std::string>& texts, verdict::Disk& disk);

// TEXT with every DIRECTORY in it replaced by PLACEHOLDER: what is logged must not depend on where
// a store happens to be.
std::string ReplacePath(std::string text, const std::string& directory,
                        const std::string& placeholder);

}  // namespace atrest::runner
