#include "harness/inspect/layout.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "reference/store/record_format.h"

namespace atrest::inspect {
namespace {

// Of the names that belong to a store and hold no records.
constexpr std::string_view kRootLock = ".rootdir.lck";

struct SliceFile {
  uint64_t number;
  bool is_index;
};

std::optional<SliceFile> ParseSliceFile(std::string_view name) {
  constexpr std::string_view kPrefix = store::kSlicePrefix;
  const bool is_index = name.ends_with(store::kIndexSuffix);
  if (!name.starts_with(kPrefix) || !(is_index || name.ends_with(store::kDataSuffix))) {
    return std::nullopt;
  }
  if (name.size() < kPrefix.size() + 4) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size(), name.size() - kPrefix.size() - 4);
  uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, number);
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  if (error != std::errc() || parsed != end || digits[0] == '0' || number > kMax) {
    return std::nullopt;
  }
  return SliceFile{number, is_index};
}

class Listing {
 public:
  Listing(env::FileSystem& files, const std::string& root) : files_(files), root_(root) {}

  Result<Layout> Read() {
    auto entries = files_.List(root_);
    if (!entries.ok()) return entries.status();
    for (const env::DirectoryEntry& entry : entries.value()) {
      if (entry.is_directory) {
        ATREST_TRY(ReadChannel(entry.name));
      } else if (!entry.is_regular) {
        layout_.other_files.push_back(entry.name);
      } else if (entry.name == store::kServerFile) {
        layout_.server = true;
      } else if (entry.name == store::kClientsFile) {
        layout_.clients = true;
      } else if (entry.name != kRootLock && entry.name != store::kTruncateWitness) {
        layout_.other_files.push_back(entry.name);
      }
    }
    std::ranges::sort(layout_.other_files);
    return std::move(layout_);
  }

 private:
  Status ReadChannel(const std::string& name) {
    auto entries = files_.List(root_ + "/" + name);
    if (!entries.ok()) return entries.status();
    ChannelFiles& channel = layout_.channels[name];
    std::set<uint64_t> indexes;
    for (const env::DirectoryEntry& entry : entries.value()) {
      const std::string path = name + "/" + entry.name;
      const auto slice = ParseSliceFile(entry.name);
      if (entry.is_directory) {
        ATREST_TRY(AddOthers(path));
      } else if (!entry.is_regular) {
        layout_.other_files.push_back(path);
      } else if (entry.name == store::kSubscriptionsFile) {
        channel.subscriptions = true;
      } else if (!slice) {
        layout_.other_files.push_back(path);
      } else if (slice->is_index) {
        indexes.insert(slice->number);
      } else {
        channel.slices[slice->number] = false;
      }
    }
    for (const uint64_t number : indexes) {
      const auto data = channel.slices.find(number);
      if (data != channel.slices.end()) {
        data->second = true;
      } else {
        layout_.other_files.push_back(SliceName(name, number, store::kIndexSuffix));
      }
    }
    return Status();
  }

  // Every file below PATH, at any depth.
  Status AddOthers(const std::string& path) {
    std::vector<std::string> pending = {path};
    while (!pending.empty()) {
      const std::string directory = std::exchange(pending.back(), {});
      pending.pop_back();
      auto entries = files_.List(root_ + "/" + directory);
      if (!entries.ok()) return entries.status();
      for (const env::DirectoryEntry& entry : entries.value()) {
        (entry.is_directory ? pending : layout_.other_files)
            .push_back(directory + "/" + entry.name);
      }
    }
    return Status();
  }

  env::FileSystem& files_;
  const std::string& root_;
  Layout layout_;
};

}  // namespace

std::string SliceName(const std::string& channel, uint64_t number, const char* suffix) {
  return channel + "/" + store::kSlicePrefix + std::to_string(number) + suffix;
}

Result<Layout> ReadLayout(env::FileSystem& files, const std::string& directory) {
  return Listing(files, directory).Read();
}

}  // namespace atrest::inspect
