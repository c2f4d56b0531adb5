#include "harness/runner/disk_tree.h"

#include <algorithm>
#include <utility>

#include "reference/env/posix_env.h"

namespace atrest::runner {
namespace {

using disktruth::TreeEntry;

constexpr uint64_t kFileMax = uint64_t{1} << 30;
constexpr size_t kOutputMax = size_t{16} << 20;

// A target's directory in a file system that may count changes. Where it does not, every file is
// read at every look, and what did not change is not judged again.
class EnvTree : public disktruth::Tree {
 public:
  EnvTree(env::FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  Result<std::vector<TreeEntry>> List() override {
    std::vector<TreeEntry> entries;
    if (files_.Exists(directory_)) ATREST_TRY(ListBelow("", entries));
    return entries;
  }

  Result<Bytes> Read(const TreeEntry& entry, uint64_t from) override {
    const auto file = files_.Open(directory_ + "/" + entry.path, env::FileSystem::Mode::kRead);
    if (file.status().code() == Code::kNotFound) return Bytes();  // removed since it was listed
    if (!file.ok()) return file.status();
    const auto size = file.value()->Size();
    if (!size.ok()) return size.status();
    if (size.value() > kFileMax) return Status(Code::kCorrupt, entry.path + " is too large");
    Bytes bytes(size.value() > from ? size.value() - from : 0);
    const auto count = file.value()->ReadAt(from, bytes);
    if (!count.ok()) return count.status();
    bytes.resize(count.value());
    return bytes;
  }

 private:
  Status ListBelow(const std::string& folder, std::vector<TreeEntry>& entries) {
    const auto listed = files_.List(directory_ + "/" + folder);
    if (listed.status().code() == Code::kNotFound) return {};
    if (!listed.ok()) return listed.status();
    for (const env::DirectoryEntry& entry : listed.value()) {
      const std::string path = folder + entry.name;
      if (entry.is_directory) {
        if (folder.empty()) entries.push_back({path, TreeEntry::Kind::kDirectory, 0, 0, 0});
        ATREST_TRY(ListBelow(path + "/", entries));
        continue;
      }
      const auto kind = entry.is_regular ? TreeEntry::Kind::kStored : TreeEntry::Kind::kOther;
      entries.push_back({path, kind, entry.size, entry.change, entry.rewrite});
    }
    return {};
  }

  env::FileSystem& files_;
  std::string directory_;
};

}  // namespace

DiskTree::DiskTree(driver::Driver& driver) : driver_(driver), ignored_(driver.barrier_channel()) {
  if (dynamic_cast<env::PosixFileSystem*>(&driver.files()) != nullptr) {
    auto posix = std::make_unique<disktruth::PosixTree>(driver.directory());
    posix_ = posix.get();
    files_ = std::move(posix);
  } else {
    files_ = std::make_unique<EnvTree>(driver.files(), driver.directory());
  }
}

void DiskTree::AddLog(const std::vector<verdict::LogLine>& lines) {
  for (const verdict::LogLine& line : lines) {
    if (output_.size() > kOutputMax) return;
    Append(output_, AsBytes(line.text));
    output_.push_back('\n');
  }
}

Result<std::vector<TreeEntry>> DiskTree::List() {
  if (posix_ != nullptr) posix_->LookInto(driver_.process());
  auto entries = files_->List();
  if (!entries.ok()) return entries;
  if (!ignored_.empty()) {
    std::erase_if(entries.value(), [&](const TreeEntry& entry) {
      return entry.path == ignored_ || entry.path.starts_with(ignored_ + "/") ||
             entry.path.find("/" + ignored_ + "/") != std::string::npos;
    });
  }
  const std::string more = driver_.TakeOutput();
  if (output_.size() <= kOutputMax) Append(output_, AsBytes(more));
  if (!output_.empty()) {
    // It only grows: its size is all that changes.
    entries.value().push_back({kOutput, TreeEntry::Kind::kLog, output_.size(), output_.size(), 1});
  }
  return entries;
}

Result<Bytes> DiskTree::Read(const TreeEntry& entry, uint64_t from) {
  if (entry.kind != TreeEntry::Kind::kLog) return files_->Read(entry, from);
  const ByteView output = output_;
  const ByteView rest = output.subspan(std::min<uint64_t>(from, output.size()));
  return Bytes(rest.begin(), rest.end());
}

}  // namespace atrest::runner
