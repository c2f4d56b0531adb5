#include "reference/sim/sim_disk.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace atrest::sim {
namespace {

const std::set<std::string, std::less<>> kWrittenBack = {"server.dat", "clients.dat", "subs.dat"};
constexpr size_t kVersionBytes = 4;
constexpr uint64_t kFileSizeMax = uint64_t{1} << 30;

}  // namespace

// Reads go block by block, so that the one block can be taken from elsewhere.
class SimDisk::MisdirectedFile : public env::File {
 public:
  MisdirectedFile(std::unique_ptr<env::File> below, Misdirection way)
      : below_(std::move(below)), way_(way) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<uint8_t> into) const override {
    auto read = below_->ReadAt(offset, into);
    if (!read.ok()) return read;
    const uint64_t begin = std::max(offset, way_.from * kBlockSize);
    const uint64_t end = std::min(offset + read.value(), (way_.from + 1) * kBlockSize);
    if (begin >= end) return read;
    const uint64_t other = way_.to * kBlockSize + begin % kBlockSize;
    const auto part = into.subspan(begin - offset, end - begin);
    const auto misread = below_->ReadAt(other, part);
    return misread.ok() ? read : misread;
  }
  Status WriteAt(uint64_t offset, ByteView bytes) override {
    return below_->WriteAt(offset, bytes);
  }
  Status Append(ByteView bytes) override { return below_->Append(bytes); }
  Status Truncate(uint64_t size) override { return below_->Truncate(size); }
  Status Sync() override { return below_->Sync(); }
  Result<bool> TryLock() override { return below_->TryLock(); }
  Result<uint64_t> Size() const override { return below_->Size(); }

 private:
  std::unique_ptr<env::File> below_;
  Misdirection way_;
};

SimDisk::SimDisk() : memory_(env::MemFileSystem::Names::kDurableOnSync) {
  memory_.SetFaultHook([this](const env::Mutation& mutation) { return OnChange(mutation); });
}

env::Fault SimDisk::OnChange(const env::Mutation& mutation) {
  ++changes_;
  if (!crash_after_) return {};
  if (crash_directory_ && !mutation.path.starts_with(*crash_directory_ + "/")) return {};
  if (*crash_after_ > 0) {
    --*crash_after_;
    return {};
  }
  const size_t size = mutation.bytes.size();
  const bool is_version =
      mutation.kind == env::Mutation::Kind::kWrite && size == kVersionBytes && mutation.offset == 0;
  if (is_version && !crash_directory_) return {};  // the next change is as good
  crash_after_.reset();
  const bool is_first = mutation.path.ends_with(".dat") && mutation.offset == kVersionBytes;
  const bool is_whole = mutation.path.ends_with(".idx") || is_first;
  if (is_whole && !crash_directory_) return env::Fault::Stop(crash_part_permille_ < 500 ? 0 : size);
  return env::Fault::Stop(size * crash_part_permille_ / 1000);
}

void SimDisk::CrashAfter(uint64_t changes, uint32_t part_permille) {
  crash_directory_.reset();
  crash_after_ = changes;
  crash_part_permille_ = std::min<uint32_t>(part_permille, 1000);
}

void SimDisk::CrashWithin(const std::string& directory, uint64_t changes, uint32_t part_permille) {
  CrashAfter(changes, part_permille);
  crash_directory_ = directory;
}

void SimDisk::CollectSmall(const std::string& directory, Tree& tree) {
  const auto entries = memory_.List(directory.empty() ? "/" : directory);
  if (!entries.ok()) return;
  for (const env::DirectoryEntry& entry : entries.value()) {
    const std::string path = directory + "/" + entry.name;
    if (entry.is_directory) CollectSmall(path, tree);
    const bool is_messages = entry.name.starts_with("msgs.");
    if (!is_messages && !kWrittenBack.contains(entry.name)) continue;
    auto bytes = env::ReadWhole(memory_, path, kFileSizeMax);
    if (!bytes.ok()) continue;
    if (is_messages) bytes.value().resize(std::min(bytes.value().size(), kVersionBytes));
    tree[path] = std::move(bytes).value();
  }
}

void SimDisk::LosePower() {
  Tree small;
  CollectSmall("", small);
  memory_.LoseUnsynced();
  for (const auto& [path, bytes] : small) {
    // Where the name is gone, so is the file.
    auto file = memory_.Open(path, Mode::kReadWrite);
    if (!file.ok() || !file.value()->WriteAt(0, bytes).ok()) continue;
    (void)file.value()->Sync();
  }
}

Status SimDisk::FlipBit(const std::string& path, uint64_t offset, int bit) {
  auto file = memory_.Open(path, Mode::kReadWrite);
  if (!file.ok()) return file.status();
  uint8_t byte = 0;
  const auto read = file.value()->ReadAt(offset, {&byte, 1});
  if (!read.ok()) return read.status();
  if (read.value() == 0) return Status(Code::kInvalid, "no byte there");
  byte = static_cast<uint8_t>(byte ^ 1U << bit);
  ATREST_TRY(file.value()->WriteAt(offset, {&byte, 1}));
  return file.value()->Sync();
}

void SimDisk::Misdirect(const std::string& path, uint64_t from, uint64_t to) {
  misdirected_[path] = {from, to};
}

void SimDisk::CopyInto(const std::string& directory, const std::string& prefix, Tree& tree) {
  const auto entries = memory_.List(directory);
  if (!entries.ok()) return;
  for (const env::DirectoryEntry& entry : entries.value()) {
    const std::string path = directory + "/" + entry.name;
    if (entry.is_directory) {
      CopyInto(path, prefix + entry.name + "/", tree);
      continue;
    }
    auto bytes = env::ReadWhole(memory_, path, kFileSizeMax);
    if (bytes.ok()) tree[prefix + entry.name] = std::move(bytes).value();
  }
}

SimDisk::Tree SimDisk::Copy(const std::string& directory) {
  Tree tree;
  CopyInto(directory, "", tree);
  return tree;
}

Status SimDisk::Replace(const std::string& directory, const Tree& tree) {
  ATREST_TRY(memory_.RemoveAll(directory));
  ATREST_TRY(memory_.MakeDirectories(directory));
  for (const auto& [name, bytes] : tree) {
    const std::string path = directory + "/" + name;
    ATREST_TRY(memory_.MakeDirectories(path.substr(0, path.rfind('/'))));
    ATREST_TRY(env::WriteWhole(memory_, path, bytes));
    auto file = memory_.Open(path, Mode::kReadWrite);
    if (!file.ok()) return file.status();
    ATREST_TRY(file.value()->Sync());
  }
  return Status();
}

Result<std::unique_ptr<env::File>> SimDisk::Open(const std::string& path, Mode mode) {
  auto file = memory_.Open(path, mode);
  const auto way = misdirected_.find(path);
  if (!file.ok() || way == misdirected_.end()) return file;
  return std::unique_ptr<env::File>(
      std::make_unique<MisdirectedFile>(std::move(file).value(), way->second));
}

}  // namespace atrest::sim
