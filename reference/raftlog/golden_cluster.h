// For tests: the nodes that the real server wrote (fixtures/cluster), in memory.
// Threads: none shared.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/base/check.h"
#include "reference/env/env.h"

namespace atrest::raftlog {

// Relative to the root of the checkout, where tests run.
inline constexpr char kGoldenClusters[] = "fixtures/cluster";

// "SET/NODE"
inline std::vector<std::string> GoldenNodes() {
  std::vector<std::string> nodes;
  for (const auto& set : std::filesystem::directory_iterator(kGoldenClusters)) {
    for (const auto& node : std::filesystem::directory_iterator(set)) {
      if (node.is_directory()) {
        nodes.push_back(set.path().filename().string() + "/" + node.path().filename().string());
      }
    }
  }
  std::sort(nodes.begin(), nodes.end());
  ATREST_CHECK(!nodes.empty());
  return nodes;
}

inline Bytes ReadGolden(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  ATREST_CHECK(file.good());
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

inline std::filesystem::path GoldenRaftDirectory(const std::string& node) {
  return std::filesystem::path(kGoldenClusters) / node / "raft" / "gold";
}

inline Bytes GoldenRaftLog(const std::string& node) {
  return ReadGolden(GoldenRaftDirectory(node) / "raft.log");
}

// Names of its snapshots, sorted; most nodes have none.
inline std::vector<std::string> GoldenSnapshots(const std::string& node) {
  std::vector<std::string> names;
  const std::filesystem::path directory = GoldenRaftDirectory(node) / "snapshots";
  if (!std::filesystem::exists(directory)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// For INSTANTIATE_TEST_SUITE_P: "set_name_a".
inline std::string GoldenTestName(std::string node) {
  std::replace_if(
      node.begin(), node.end(), [](char c) { return c == '-' || c == '/'; }, '_');
  return node;
}

}  // namespace atrest::raftlog
