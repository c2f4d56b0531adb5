// The subscriptions of one channel in subs.dat: a journal that is replayed at recovery and
// rewritten when too much of it no longer counts. Specification, standalone.md 1.5; record
// payloads in journal.h.
// Ownership: borrows its FileContext. Holds one file open once it has written.
// Errors: see store.h. A failed compaction is not reported; it is tried again later.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/store/buffered_writer.h"
#include "reference/store/file_context.h"
#include "reference/store/record.h"
#include "reference/store/store.h"

namespace atrest::store {

class SubscriptionLog : public SubscriptionStore {
 public:
  // Makes subs.dat where there is none. With RECOVER also replays it. A refusal reads
  // "unable to recover subscription store for [CHANNEL]: ..." ("create" without RECOVER).
  static Result<std::unique_ptr<SubscriptionLog>> Open(const FileContext& context,
                                                       const std::string& channel,
                                                       uint64_t max_subscriptions, bool recover);

  Status Create(SubscriptionState& subscription) override;
  Status Update(const SubscriptionState& subscription) override;
  Status Delete(uint64_t id) override;
  Status AddPending(uint64_t id, uint64_t sequence) override;
  Status AckPending(uint64_t id, uint64_t sequence) override;
  Status Flush() override;
  void Tick() override;

  // Flushes and syncs; closes the file. The log is not to be used after it.
  Status Close();

  // By id.
  std::vector<RecoveredSubscription> Subscriptions() const;

 private:
  SubscriptionLog(const FileContext& context, const std::string& channel,
                  uint64_t max_subscriptions);

  Status OpenFile();
  Status Replay();
  Status Apply(SubscriptionRecord type, ByteView payload);
  Status ApplyState(SubscriptionRecord type, ByteView payload);
  Status ApplyDelete(ByteView payload);
  void Set(const SubscriptionState& subscription);
  void SetPending(RecoveredSubscription& subscription, uint64_t sequence);

  Status Append(SubscriptionRecord type, ByteView payload);
  Status AppendState(SubscriptionRecord type, const SubscriptionState& subscription);
  Status AppendUpdate(SubscriptionRecord type, uint64_t id, uint64_t sequence);
  void CountRecord(SubscriptionRecord type);
  Status FlushFile(bool force_sync);
  bool ShouldCompact() const;
  void Compact();
  Status WriteLive(BufferedWriter& writer, uint64_t* size, uint64_t* records);
  Result<uint64_t> WriteCompacted(env::File& file, uint64_t* records);

  const FileContext& context_;
  const std::string path_;
  const uint64_t max_subscriptions_;
  std::unique_ptr<env::File> file_;  // null while closed
  BufferedWriter writer_;
  bool active_ = false;  // something was written since the last flush

  std::map<uint64_t, RecoveredSubscription> subscriptions_;
  uint64_t last_id_ = 0;
  uint64_t file_size_ = 0;         // of the records
  uint64_t records_ = 0;           // that state something
  uint64_t obsolete_records_ = 0;  // or that make others obsolete
  std::optional<int64_t> compacted_ns_;
  int64_t last_shrink_;
  int64_t last_auto_sync_;
};

}  // namespace atrest::store
