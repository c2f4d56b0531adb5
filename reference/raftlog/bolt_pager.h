// A bolt database file as pages: which meta counts, which pages are free, and the one write
// transaction that may be open. A transaction writes to free pages only, then makes itself valid by
// one write of the older meta: a process that is killed at any byte of any write leaves a file that
// opens as the last transaction left it (or as this one does). Pages that a transaction frees are
// allocated by the next one at the earliest. Specification: cluster.md 1.1 and FORMAT.md.
// Not for what is in the pages: bolt_tree.h changes them, bolt_db.h knows buckets.
// Ownership: the file system is borrowed. Nodes are shared and never change.
// Errors: of opening "invalid database", "version mismatch", "checksum error", "file size too
// small" and "timeout" (another process has the file's lock; the real server waits for it without
// end), which the real server reports, and those of bolt_page.h and bolt_check.h, at which it
// panics. A commit that fails changes nothing, unless the failure came behind the write of the
// meta: the file is read again and counts.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference/env/env.h"
#include "reference/raftlog/bolt_check.h"
#include "reference/raftlog/bolt_page.h"
#include "reference/raftlog/free_pages.h"

namespace atrest::raftlog {

struct BoltOptions {
  bool read_only = false;                 // takes no lock and makes no file
  bool sync = false;                      // a transaction is durable when Commit returns
  bool store_freelist = false;            // for readers that do not find the free pages themselves
  uint32_t page_size = kDefaultPageSize;  // of a new file
};

class BoltPager {
 public:
  static Result<std::unique_ptr<BoltPager>> Open(env::FileSystem& files, const std::string& path,
                                                 const BoltOptions& options);

  // As of the last commit.
  const Meta& meta() const { return meta_; }
  // What both meta pages hold, valid or not.
  const std::vector<Result<Meta>>& metas() const { return metas_; }
  uint64_t file_size() const { return file_size_; }
  // Ids of the pages below the high-water mark that no committed tree reaches, ascending.
  std::vector<PageId> FreeIds() const;
  // The page ID with its overflow pages, from a cache if it was loaded before.
  Result<Page> Load(PageId id);
  // The bytes of one page, whatever it is; zeros behind the end of the file.
  Result<Bytes> ReadRaw(PageId id) const;

  // A write transaction. REQUIRES of all but Begin: one was begun, and neither committed nor rolled
  // back.
  Status Begin();
  // COUNT adjacent pages.
  PageId Allocate(uint64_t count);
  void Free(PageId id, uint64_t count);
  // NODE will be written to ID, which was allocated with COUNT pages.
  void Stage(PageId id, uint64_t count, Node node);
  Status Commit(PageId root);
  void Rollback();

 private:
  struct Staged {
    Bytes image;
    Page page;  // no node: a freelist
  };
  struct Run {
    PageId first;
    uint64_t count;
  };

  BoltPager(env::FileSystem& files, const std::string& path, const BoltOptions& options)
      : files_(files), path_(path), options_(options) {}

  Status OpenFile();
  Status Initialise();
  Result<bool> IsUnfinished() const;
  Result<uint32_t> FindPageSize() const;
  // Reads the metas and finds the free pages.
  Status Reload();
  Status ReloadMetas();
  Status ReloadFreePages();
  // Adds the pages of the list itself to those that are USED.
  Status ClaimStoredFreelist(std::set<PageId>& used) const;

  Result<Bytes> ReadRun(PageId id, uint64_t count) const;
  void StageFreelist();
  Status Grow();
  Status WriteStaged();
  Status WriteMeta();
  Status Write(PageId root);

  env::FileSystem& files_;
  const std::string path_;
  const BoltOptions options_;
  std::unique_ptr<env::File> file_;
  std::vector<Result<Meta>> metas_;
  Meta meta_;
  uint64_t file_size_ = 0;
  uint64_t grown_to_ = 0;  // by this object; 0: not yet
  uint64_t mapping_ = 0;   // how large the real server's mapping would be
  std::map<PageId, Page> cache_;
  FreePages free_;
  std::vector<Run> freed_;  // by the open transaction, or else the last one; not allocated yet
  Status broken_;           // why the file could not be read again

  // Of the open transaction.
  bool open_ = false;
  Meta next_;
  std::vector<Run> taken_;  // from free_
  std::map<PageId, Staged> staged_;
};

}  // namespace atrest::raftlog
