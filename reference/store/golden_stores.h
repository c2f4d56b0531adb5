// For tests: the stores that the real server wrote (fixtures/stores), in memory.
// Threads: none shared.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "reference/env/mem_file_system.h"
#include "reference/store/file_store.h"

namespace atrest::store {

// Relative to the root of the checkout, where tests run.
inline constexpr char kGoldenStores[] = "fixtures/stores";

inline std::vector<std::string> GoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kGoldenStores)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  ATREST_CHECK(!names.empty());
  return names;
}

inline Bytes ReadFixture(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  ATREST_CHECK(file.good());
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// The names of all files of a golden store, from its directory on.
inline std::vector<std::string> GoldenFiles(const std::string& name) {
  const std::filesystem::path root = std::filesystem::path(kGoldenStores) / name / "store";
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) {
      files.push_back(std::filesystem::relative(entry.path(), root).generic_string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline Bytes GoldenFile(const std::string& name, const std::string& file) {
  return ReadFixture(std::filesystem::path(kGoldenStores) / name / "store" / file);
}

// Copies a golden store to "d".
inline void LoadGolden(const std::string& name, env::FileSystem& files) {
  for (const std::string& file : GoldenFiles(name)) {
    const std::string path = "d/" + file;
    ATREST_CHECK(files.MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ATREST_CHECK(env::WriteWhole(files, path, GoldenFile(name, file)).ok());
  }
}

}  // namespace atrest::store
