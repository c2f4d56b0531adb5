#include "reference/raftlog/bolt_pager.h"

#include <algorithm>

#include "reference/base/fault.h"

namespace atrest::raftlog {
namespace {

// Loaded nodes that are kept; all are dropped when there are more.
constexpr size_t kCachedPagesMax = size_t{1} << 14;
// What is read to find a meta, whatever the page size.
constexpr size_t kMetaProbeSize = 4096;
// Of a new file: two metas, an empty freelist, an empty leaf.
constexpr uint64_t kNewFilePages = 4;
// Ids beyond this, a file of a quarter TiB and more, are damage: free pages cost memory.
constexpr PageId kPageIdMax = PageId{1} << 26;

Status Corrupt(std::string message) { return Status(Code::kCorrupt, std::move(message)); }

bool IsPageSize(uint32_t size) {
  return size >= kPageSizeMin && size <= kPageSizeMax && (size & (size - 1)) == 0;
}

Bytes NewFile(uint32_t page_size) {
  Bytes image(kNewFilePages * page_size);
  const auto page = [&](PageId id) {
    return std::span<uint8_t>(image).subspan(static_cast<size_t>(id) * page_size, page_size);
  };
  for (const uint64_t transaction : std::initializer_list<uint64_t>{0, 1}) {
    EncodeMeta({page_size, 3, 0, 2, kNewFilePages, transaction}, page(transaction));
  }
  EncodeFreelist({}, 2, 0, page(2));
  EncodeNode({}, 3, 0, page(3));
  return image;
}

uint64_t MappingSize(uint64_t size) {
  uint64_t mapping = kFileSizeMin;
  while (mapping < size && mapping < kMappingStep) mapping *= 2;
  if (size <= mapping) return mapping;
  return (size + kMappingStep - 1) / kMappingStep * kMappingStep;
}

// At most INTO.size() bytes at OFFSET, in a vector of their number.
Result<Bytes> ReadSome(const env::File& file, uint64_t offset, size_t size) {
  Bytes bytes(size);
  const auto count = file.ReadAt(offset, bytes);
  if (!count.ok()) return count.status();
  bytes.resize(count.value());
  return bytes;
}

}  // namespace

Result<std::unique_ptr<BoltPager>> BoltPager::Open(env::FileSystem& files, const std::string& path,
                                                   const BoltOptions& options) {
  ATREST_CHECK(IsPageSize(options.page_size));
  std::unique_ptr<BoltPager> pager(new BoltPager(files, path, options));
  ATREST_TRY(pager->OpenFile());
  ATREST_TRY(pager->Reload());
  return pager;
}

Status BoltPager::OpenFile() {
  using Mode = env::FileSystem::Mode;
  auto file = files_.Open(path_, options_.read_only ? Mode::kRead : Mode::kCreatePrivate);
  if (!file.ok()) return file.status();
  file_ = std::move(file).value();
  if (options_.read_only) return Status();
  const auto locked = file_->TryLock();
  if (!locked.ok()) return locked.status();
  if (!locked.value()) return Status(Code::kIo, "timeout");
  const auto unfinished = IsUnfinished();
  if (!unfinished.ok()) return unfinished.status();
  return unfinished.value() ? Initialise() : Status();
}

// A process that is killed while it makes the file leaves any part of the bytes of a new file, and
// zeros for the rest, but always the size: no other file is that small.
Result<bool> BoltPager::IsUnfinished() const {
  const auto size = file_->Size();
  if (!size.ok()) return size.status();
  if (size.value() == 0) return true;
  const Bytes image = NewFile(options_.page_size);
  if (size.value() != image.size()) return false;
  const auto bytes = ReadSome(*file_, 0, image.size());
  if (!bytes.ok()) return bytes.status();
  return bytes.value() != image &&
         std::equal(bytes.value().begin(), bytes.value().end(), image.begin(),
                    [](uint8_t is, uint8_t whole) { return is == 0 || is == whole; });
}

Status BoltPager::Initialise() {
  const Bytes image = NewFile(options_.page_size);
  ATREST_TRY(file_->Truncate(image.size()));
  ATREST_TRY(file_->WriteAt(0, image));
  ATREST_TRY(file_->Sync());
  grown_to_ = image.size();
  return Status();
}

Result<uint32_t> BoltPager::FindPageSize() const {
  bool can_read = false;
  auto first = ReadSome(*file_, 0, kMetaProbeSize);
  if (!first.ok()) return first.status();
  if (first.value().size() == kMetaProbeSize) {
    can_read = true;
    const auto meta = DecodeMeta(first.value());
    if (meta.ok()) return meta.value().page_size;
  }
  for (uint64_t at = kPageSizeMin; at <= kPageSizeMax; at *= 2) {
    if (at + kPageSizeMin >= file_size_) break;
    const auto second = ReadSome(*file_, at, kMetaProbeSize);
    if (!second.ok()) return second.status();
    can_read = true;
    const auto meta = DecodeMeta(second.value());
    if (meta.ok()) return meta.value().page_size;
  }
  if (!can_read) return Corrupt("invalid database");
  return kDefaultPageSize;
}

Status BoltPager::Reload() {
  cache_.clear();
  freed_.clear();
  free_ = {};
  ATREST_TRY(ReloadMetas());
  return ReloadFreePages();
}

Status BoltPager::ReloadMetas() {
  const auto size = file_->Size();
  if (!size.ok()) return size.status();
  file_size_ = size.value();
  const auto page_size = FindPageSize();
  if (!page_size.ok()) return page_size.status();
  if (!IsPageSize(page_size.value())) return Corrupt("panic: the page size is none");
  if (file_size_ < kMetaPages * page_size.value()) return Corrupt("file size too small");
  mapping_ = MappingSize(file_size_);
  metas_.clear();
  for (PageId id = 0; id < kMetaPages; ++id) {
    const auto bytes = ReadSome(*file_, id * page_size.value(), kPageHeaderSize + kMetaSize);
    if (!bytes.ok()) return bytes.status();
    metas_.push_back(DecodeMeta(bytes.value()));
  }
  const bool first = metas_[0].ok() && (!metas_[1].ok() || metas_[0].value().transaction >=
                                                               metas_[1].value().transaction);
  const Result<Meta>& newest = metas_[first ? 0 : 1];
  if (!newest.ok()) return metas_[0].status();
  meta_ = newest.value();
  if (meta_.page_size != page_size.value()) return Corrupt("panic: the metas differ in page size");
  if (meta_.high_water > kPageIdMax) return Corrupt("panic: the high-water mark is too high");
  return Status();
}

Status BoltPager::ReloadFreePages() {
  auto reachable = ReachablePages(meta_, [this](PageId id) { return Load(id); });
  if (!reachable.ok()) return reachable.status();
  if (meta_.freelist != kNoFreelist) ATREST_TRY(ClaimStoredFreelist(reachable.value()));
  PageId next = kMetaPages;
  for (const PageId used : reachable.value()) {
    if (used > next) ATREST_CHECK(free_.Add(next, used - next));
    next = used + 1;
  }
  if (meta_.high_water > next) ATREST_CHECK(free_.Add(next, meta_.high_water - next));
  return Status();
}

// The free pages are those that nothing reaches, whatever a stored list says; but a list that is
// damaged, or names a page in use, has the real server panic or overwrite it.
Status BoltPager::ClaimStoredFreelist(std::set<PageId>& used) const {
  const auto first = ReadRun(meta_.freelist, 1);
  if (!first.ok()) return first.status();
  const PageHeader header = DecodePageHeader(first.value());
  const auto whole = ReadRun(meta_.freelist, uint64_t{header.overflow} + 1);
  if (!whole.ok()) return whole.status();
  const auto ids = DecodeFreelist(whole.value());
  if (!ids.ok()) return ids.status();
  for (uint64_t i = 0; i <= header.overflow; ++i) {
    if (!used.insert(meta_.freelist + i).second) {
      return Corrupt("panic: page " + std::to_string(meta_.freelist + i) + ": multiple references");
    }
  }
  for (const PageId id : ids.value()) {
    if (id < kMetaPages) {
      return Corrupt("panic: invalid page allocation: " + std::to_string(id));
    }
    if (used.contains(id)) {
      return Corrupt("panic: page " + std::to_string(id) + ": reachable freed");
    }
  }
  return Status();
}

std::vector<PageId> BoltPager::FreeIds() const {
  std::vector<PageId> ids = free_.Ids();
  for (const Run& run : freed_) {
    for (uint64_t i = 0; i < run.count; ++i) ids.push_back(run.first + i);
  }
  std::ranges::sort(ids);
  return ids;
}

Result<Bytes> BoltPager::ReadRaw(PageId id) const {
  auto bytes = ReadSome(*file_, id * meta_.page_size, meta_.page_size);
  if (!bytes.ok()) return bytes;
  Bytes page = std::move(bytes).value();
  page.resize(meta_.page_size);
  return page;
}

// COUNT pages from ID on. A mapping has zeros between the end of the file and that of its last
// page, and nothing behind.
Result<Bytes> BoltPager::ReadRun(PageId id, uint64_t count) const {
  if (id < kMetaPages || id > kPageIdMax || (id + count - 1) * meta_.page_size >= file_size_) {
    return Corrupt("panic: page " + std::to_string(id) + " is not in the file");
  }
  const auto size = static_cast<size_t>(count * meta_.page_size);
  auto read = ReadSome(*file_, id * meta_.page_size, size);
  if (!read.ok()) return read;
  Bytes bytes = std::move(read).value();
  bytes.resize(size);
  return bytes;
}

Result<Page> BoltPager::Load(PageId id) {
  const auto cached = cache_.find(id);
  if (cached != cache_.end()) return cached->second;
  auto bytes = ReadRun(id, 1);
  if (!bytes.ok()) return bytes.status();
  const PageHeader header = DecodePageHeader(bytes.value());
  if (header.id != id) {
    return Corrupt("panic: assertion failed: Page expected to be: " + std::to_string(id) +
                   ", but self identifies as " + std::to_string(header.id));
  }
  if (header.overflow > 0) {
    bytes = ReadRun(id, uint64_t{header.overflow} + 1);
    if (!bytes.ok()) return bytes.status();
  }
  auto node = DecodeNode(bytes.value());
  if (!node.ok()) return node.status();
  const Page page{std::make_shared<const Node>(std::move(node).value()), header.overflow};
  if (cache_.size() >= kCachedPagesMax) cache_.clear();
  cache_.emplace(id, page);
  return page;
}

Status BoltPager::Begin() {
  ATREST_CHECK(!open_ && !options_.read_only);
  ATREST_TRY(broken_);
  for (const Run& run : freed_) {
    if (!free_.Add(run.first, run.count)) {
      return Corrupt("panic: page " + std::to_string(run.first) + " already freed");
    }
  }
  freed_.clear();
  taken_.clear();
  staged_.clear();
  next_ = meta_;
  ++next_.transaction;
  open_ = true;
  return Status();
}

PageId BoltPager::Allocate(uint64_t count) {
  ATREST_CHECK(open_);
  if (const auto id = free_.Take(count)) {
    taken_.push_back({*id, count});
    return *id;
  }
  const PageId id = next_.high_water;
  next_.high_water += count;
  const uint64_t needed = (next_.high_water + 1) * next_.page_size;
  if (needed >= mapping_) mapping_ = MappingSize(std::max(needed, file_size_));
  return id;
}

void BoltPager::Free(PageId id, uint64_t count) {
  ATREST_CHECK(open_);
  if (fault::On(Fault::kRaftlogFreedAtOnce) && free_.Add(id, count)) return;
  freed_.push_back({id, count});
}

void BoltPager::Stage(PageId id, uint64_t count, Node node) {
  ATREST_CHECK(open_);
  const auto overflow = static_cast<uint32_t>(count - 1);
  Bytes image(static_cast<size_t>(count * next_.page_size));
  EncodeNode(node, id, overflow, image);
  staged_[id] = {std::move(image), {std::make_shared<const Node>(std::move(node)), overflow}};
}

// The list must not be too short for itself, so it is measured before its own pages are taken.
void BoltPager::StageFreelist() {
  const uint64_t count = EncodedFreelistSize(FreeIds().size()) / next_.page_size + 1;
  const PageId id = Allocate(count);
  Bytes image(static_cast<size_t>(count * next_.page_size));
  EncodeFreelist(FreeIds(), id, static_cast<uint32_t>(count - 1), image);
  staged_[id] = {std::move(image), {nullptr, 0}};
  next_.freelist = id;
}

// As the real server does: to the size of its mapping, and in steps where that is large. The first
// time it truncates even a file that is large enough.
Status BoltPager::Grow() {
  if (next_.high_water == meta_.high_water) return Status();
  const uint64_t needed = (next_.high_water + 1) * next_.page_size;
  if (needed <= grown_to_) return Status();
  const uint64_t size = mapping_ <= kGrowthStep ? mapping_ : needed + kGrowthStep;
  ATREST_TRY(file_->Truncate(size));
  ATREST_TRY(file_->Sync());
  grown_to_ = file_size_ = size;
  return Status();
}

Status BoltPager::WriteStaged() {
  for (const auto& [id, staged] : staged_) {
    const uint64_t at = id * next_.page_size;
    ATREST_TRY(file_->WriteAt(at, staged.image));
    file_size_ = std::max(file_size_, at + staged.image.size());
  }
  return options_.sync ? file_->Sync() : Status();
}

Status BoltPager::WriteMeta() {
  Bytes image(next_.page_size);
  EncodeMeta(next_, image);
  ATREST_TRY(file_->WriteAt(next_.transaction % kMetaPages * next_.page_size, image));
  return options_.sync ? file_->Sync() : Status();
}

Status BoltPager::Write(PageId root) {
  next_.root = root;
  if (meta_.freelist != kNoFreelist) {
    const auto freelist = ReadRun(meta_.freelist, 1);
    if (!freelist.ok()) return freelist.status();
    Free(meta_.freelist, uint64_t{DecodePageHeader(freelist.value()).overflow} + 1);
    next_.freelist = kNoFreelist;
  }
  if (options_.store_freelist) StageFreelist();
  ATREST_TRY(Grow());
  if (fault::On(Fault::kRaftlogMetaFirst)) ATREST_TRY(WriteMeta());
  ATREST_TRY(WriteStaged());
  return WriteMeta();
}

Status BoltPager::Commit(PageId root) {
  ATREST_CHECK(open_);
  const Status written = Write(root);
  open_ = false;
  if (!written.ok()) {
    // Whether the meta reached the file is not known here: the file says.
    broken_ = Reload();
    return written;
  }
  meta_ = next_;
  metas_[meta_.transaction % kMetaPages] = meta_;
  for (const Run& run : freed_) cache_.erase(run.first);
  if (cache_.size() + staged_.size() > kCachedPagesMax) cache_.clear();
  for (auto& [id, staged] : staged_) {
    if (staged.page.node != nullptr) cache_[id] = std::move(staged.page);
  }
  return Status();
}

void BoltPager::Rollback() {
  ATREST_CHECK(open_);
  for (const Run& run : taken_) ATREST_CHECK(free_.Add(run.first, run.count));
  freed_.clear();
  open_ = false;
}

}  // namespace atrest::raftlog
