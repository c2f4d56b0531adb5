// A directory of one owner, removed with all in it when that goes. A process that is killed leaves
// it behind.
// Errors: failing to make it is a CHECK. Threads: none shared.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "reference/base/check.h"

namespace atrest::env {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    path_ = (std::filesystem::temp_directory_path() / "atrest.XXXXXX").string();
    ATREST_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace atrest::env
