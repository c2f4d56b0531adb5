// A bolt database: named buckets of keys and values in one file, read as the last transaction left
// them and changed by one transaction at a time. Buckets hold no buckets of their own here: one
// level is what the server uses. Specification: cluster.md 1.1; FORMAT.md.
// Ownership: owns the pager; a transaction refers to its database and must not outlive it.
// Errors: those of bolt_pager.h; kNotFound "bucket not found". What is read is a copy.
// Threads: one. A visitor must not write.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/raftlog/bolt_pager.h"
#include "reference/raftlog/bolt_tree.h"

namespace atrest::raftlog {

class BoltDb;

// Nothing is changed before Commit; without it, all is forgotten when the transaction goes.
class BoltTransaction {
 public:
  BoltTransaction(BoltTransaction&& other) noexcept;
  BoltTransaction& operator=(BoltTransaction&&) = delete;
  ~BoltTransaction();

  Status CreateBucketIfNotExists(std::string_view bucket);
  // REQUIRES: key is not empty and at most kKeySizeMax bytes.
  Status Put(std::string_view bucket, std::string_view key, Bytes value);
  // Ok if KEY does not exist.
  Status Delete(std::string_view bucket, std::string_view key);
  // The transaction is over, whatever the outcome.
  Status Commit();

 private:
  friend class BoltDb;
  explicit BoltTransaction(BoltDb& db);

  struct Bucket {
    BoltTree tree;
    uint64_t sequence = 0;
  };
  Result<BoltTree*> Find(std::string_view bucket);
  Status StageBucket(const std::string& name, Bucket& bucket);
  Result<PageId> StageAll();

  BoltDb* db_;  // null: over
  BoltTree root_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

class BoltDb {
 public:
  // False ends the visit.
  using Visitor = std::function<bool(std::string_view key, ByteView value)>;

  static Result<std::unique_ptr<BoltDb>> Open(env::FileSystem& files, const std::string& path,
                                              const BoltOptions& options);

  Result<std::vector<std::string>> BucketNames();
  Result<std::optional<Bytes>> Get(std::string_view bucket, std::string_view key);
  Result<std::optional<std::string>> FirstKey(std::string_view bucket);
  Result<std::optional<std::string>> LastKey(std::string_view bucket);
  // Every key from FROM on, in order.
  Status Visit(std::string_view bucket, std::string_view from, const Visitor& visitor);

  // REQUIRES: no other transaction is open; not read-only.
  Result<BoltTransaction> Begin();

  const BoltPager& pager() const { return *pager_; }

 private:
  friend class BoltTransaction;

  explicit BoltDb(std::unique_ptr<BoltPager> pager) : pager_(std::move(pager)) {}
  // Nullopt if there is no such bucket.
  Result<std::optional<BucketValue>> FindBucket(std::string_view name);
  Result<NodePtr> RootOf(std::string_view bucket);
  Result<NodePtr> FindLeaf(NodePtr node, std::string_view key);
  Result<std::optional<std::string>> EdgeKey(std::string_view bucket, bool last);
  Result<bool> VisitNode(const Node& node, std::string_view from, int depth,
                         const std::function<bool(const Element&)>& visitor);

  std::unique_ptr<BoltPager> pager_;
};

}  // namespace atrest::raftlog
