#include <algorithm>
#include <vector>

#include "harness/disktruth/file_checks.h"

namespace atrest::disktruth {
namespace {

using verdict::Level;

class SlicesCheck {
 public:
  SlicesCheck(const std::string& channel, const Circumstances& circumstances, Findings& findings)
      : channel_(channel), circumstances_(circumstances), findings_(findings) {}

  void See(const Slice& slice) {
    std::vector<bool> indexed(slice.data.records.size());
    if (slice.has_index) CompareIndex(slice, indexed);
    const bool any_indexed = std::ranges::find(indexed, true) != indexed.end();
    for (size_t number = 0; number < indexed.size(); ++number) {
      const StoredRecord& record = slice.data.records[number];
      if (!record.whole) continue;
      if (!indexed[number]) {
        Report(slice.data_path, record.offset, "K-index-rebuild", true,
               "an index entry for each record", Sequence(record) + " has none");
      }
      // A record that the index passed over is dead: it is not in the order of those that live.
      if (indexed[number] || !any_indexed) Order(slice, record);
      if (record.subject != channel_) {
        Report(slice.data_path, record.offset, "D-09", false, "the subject " + channel_,
               Sequence(record) + " has the subject " + record.subject);
      }
    }
  }

 private:
  static std::string Sequence(const StoredRecord& record) {
    return "sequence " + std::to_string(record.sequence);
  }

  // UNFINISHED: a target that was interrupted may have left this.
  void Report(const std::string& file, uint64_t offset, const char* requirement, bool unfinished,
              std::string expected, std::string seen) {
    const bool explained =
        circumstances_.tampered || (unfinished && circumstances_.may_be_unfinished);
    findings_.push_back({Check::kStructure, requirement, explained ? Level::kInfo : Level::kMust,
                         file, offset, std::move(expected), std::move(seen), ""});
  }

  void CompareIndex(const Slice& slice, std::vector<bool>& indexed) {
    const auto& records = slice.data.records;
    for (const IndexEntry& entry : slice.index.entries) {
      const auto found = std::ranges::lower_bound(records, entry.offset, {}, &StoredRecord::offset);
      if (found == records.end() || found->offset != entry.offset) {
        Report(slice.index_path, entry.position, "K-index-rebuild", false,
               "an offset at which a record begins",
               "sequence " + std::to_string(entry.sequence) + " at offset " +
                   std::to_string(entry.offset) + ", where none does");
        continue;
      }
      indexed[static_cast<size_t>(found - records.begin())] = true;
      if (!found->whole) continue;  // said by the check "clear"
      const bool agrees = entry.sequence == found->sequence && entry.size == found->size &&
                          entry.timestamp == found->timestamp;
      if (agrees) continue;
      Report(slice.index_path, entry.position, "K-index-rebuild", false,
             Describe(*found, *found, entry) + " as in the data", Describe(entry, *found, entry));
    }
  }

  // The sequence, and the first besides it that DATA and INDEX do not have alike: times are other
  // ones in every run.
  template <typename Which>
  static std::string Describe(const Which& which, const StoredRecord& data,
                              const IndexEntry& index) {
    const std::string sequence = "sequence " + std::to_string(which.sequence);
    if (data.size != index.size) return sequence + ", " + std::to_string(which.size) + " bytes";
    if (data.timestamp == index.timestamp) return sequence;
    return sequence + ", time " + std::to_string(which.timestamp);
  }

  void Order(const Slice& slice, const StoredRecord& record) {
    if (has_last_ && record.sequence <= last_sequence_) {
      Report(slice.data_path, record.offset, "K-slices", false,
             "a sequence above " + std::to_string(last_sequence_), Sequence(record));
    }
    if (has_last_ && record.timestamp < last_timestamp_) {
      Report(slice.data_path, record.offset, "K-time-order", false,
             "a time not before " + std::to_string(last_timestamp_),
             Sequence(record) + " at " + std::to_string(record.timestamp));
    }
    has_last_ = true;
    last_sequence_ = std::max(last_sequence_, record.sequence);
    last_timestamp_ = std::max(last_timestamp_, record.timestamp);
  }

  const std::string& channel_;
  const Circumstances& circumstances_;
  Findings& findings_;
  bool has_last_ = false;
  uint64_t last_sequence_ = 0;
  int64_t last_timestamp_ = INT64_MIN;
};

}  // namespace

void CheckSlices(const std::string& channel, const Slices& slices,
                 const Circumstances& circumstances, Findings& findings) {
  SlicesCheck check(channel, circumstances, findings);
  for (const auto& [number, slice] : slices) {
    if (slice.has_data) check.See(slice);
  }
}

}  // namespace atrest::disktruth
