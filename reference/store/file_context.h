// What all parts of one file store share: its Env, its Logger, its directory, its options and
// checksum table; and the few operations that concern any of its files.
// Ownership: the FileStore owns the FileContext, its parts borrow it.
// Threads: one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reference/base/crc32.h"
#include "reference/base/logger.h"
#include "reference/env/env.h"
#include "reference/store/file_store.h"

namespace atrest::store {

struct FileContext {
  env::Env env;
  Logger& log;
  std::string root;  // as the caller gave it
  FileStoreOptions options;
  Crc32 crc;

  void LogError(const std::string& text) const { log.Log(LogLevel::kError, text); }
};

// DIRECTORY/NAME, lexically cleaned as the real server's paths are: no "." and no doubled slashes.
std::string JoinPath(std::string_view directory, std::string_view name);

// Opens PATH for reading and writing. A file that did not exist is made and holds its version; one
// that did must start with it: "unable to verify file version: EOF", "unsupported file version: 2
// (supports [1..1])".
Result<std::unique_ptr<env::File>> OpenVersioned(env::FileSystem& files, const std::string& path);

// A temporary file in the store's directory that holds only its version; its path comes back in
// *PATH.
Result<std::unique_ptr<env::File>> MakeTemporary(const FileContext& context,
                                                 const std::string& prefix, std::string* path);

}  // namespace atrest::store
