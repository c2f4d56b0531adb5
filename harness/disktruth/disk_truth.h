// Disk truth: what a target with the known file format really wrote, judged against what it was
// asked to do. It reads the bytes themselves, with a parser, a checksum and a cipher (OpenSSL) that
// neither the reference nor the inspector has a part in, and follows a run from look to look, so
// that what has gone since still counts.
//
// Use: tell it each start, publish, delivery and kill as they happen; call Look whenever the files
// are to be judged (best while the target is stopped), and Adopt after the harness itself put or
// changed files. A look reads only files whose stamp has changed, and parses what was appended.
//
//   disktruth::DiskTruth truth({.keys = {{"K", "secret"}}});
//   truth.Start({.encrypt = true, .key = "secret", .cipher = "AES"});
//   truth.Publish("foo", payload, /*acked=*/true);
//   for (const Finding& finding : truth.Look(tree, "after stop", Target::kStopped).value()) ...
//
// The checks, a file each: canary_check, records_check, cipher_check, nonce_check, clear_check,
// structure_check, history. Format: standalone.md 1, 2, 3.8 and 3.9. Not for other formats, nor for
// Raft logs.
// Ownership: contents of files are kept from look to look. Findings are said once.
// Errors: a Status where the tree could not be read; whatever is in it, is a finding.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/disktruth/canary_check.h"
#include "harness/disktruth/disk_finding.h"
#include "harness/disktruth/file_checks.h"
#include "harness/disktruth/file_tree.h"
#include "harness/disktruth/history.h"
#include "harness/disktruth/key_ring.h"
#include "harness/disktruth/nonce_check.h"
#include "harness/disktruth/seen_record.h"
#include "reference/base/status.h"

namespace atrest::disktruth {

enum class Target { kStopped, kRunning };

class DiskTruth {
 public:
  struct Settings {
    std::map<std::string, std::string> keys = {};  // of the run, by name, wrong ones too
    uint32_t crc_polynomial = Checksum::kIeee;
    // The keys that must not open a record are tried where the right one fails, and on one record
    // in so many, from the first on (1: on each; 0: only where it fails).
    // What opens under one 256-bit key opens under another only if somebody made it so.
    uint64_t every_key_each = 1;
    // Whether Publish and Deliver are told everything; else that check is silent.
    bool follow_history = true;
  };
  explicit DiskTruth(Settings settings);
  DiskTruth(const DiskTruth&) = delete;
  DiskTruth& operator=(const DiskTruth&) = delete;

  // The target runs from now on, with MODE.
  void Start(const Mode& mode);
  // It ended in the middle of whatever it did.
  void Kill() { was_killed_ = true; }
  // Payloads of a channel in the order in which they were sent. REQUIRES: a Start before.
  void Publish(const std::string& channel, std::string_view payload, bool acked);
  void Deliver(const std::string& channel, uint64_t sequence, std::string_view payload);

  // What is found now and was not said before. STEP labels the findings.
  Result<Findings> Look(Tree& tree, const std::string& step, Target target);

  // Takes what is there for given: a golden store, or what tampering left. Call Look before the
  // files are changed, so that nothing the target did is taken for the harness's doing.
  Status Adopt(Tree& tree);

  // The messages that are stored now: by channel and sequence, opened where a key of the run does,
  // else as stored. Of several records of a sequence, the last.
  std::map<std::string, std::map<uint64_t, Bytes>> Messages();

 private:
  struct FileState {
    TreeEntry entry;
    Bytes bytes;
    CompressedParts streams;  // that went on at the end of the last look
    JournalFile journal;      // of one
    bool listed = false;
  };
  struct SliceState {
    bool data_changed = false;
    bool index_changed = false;
    bool data_only_grew = true;
    bool index_only_grew = true;
    std::vector<KnownRecord*> records;
  };
  struct ChannelState {
    Slices slices;
    std::map<uint64_t, SliceState> states;  // by slice number
    bool changed = false;
    bool is_new = true;
    bool tampered = false;
    bool was_unfinished = false;  // judged while the target ran
  };
  enum class Why { kLook, kAdopt };

  void AddChannel(const std::string& channel);
  // What is derived from a key is as good as the key, and no more to be found than it.
  void AddDerivedKey(const std::string& name, Derivation how, const std::string& key,
                     const std::string& channel);
  Status ReadChanges(Tree& tree, Findings& findings);
  Status ReadFile(Tree& tree, const TreeEntry& entry, Findings& findings);
  bool MayRewrite(const ChannelState& channel) const;
  void CheckJournal(Journal which, FileState& file, bool tampered, Findings& findings);
  void Changed(FileState& file, bool only_grew, bool is_new, Findings& findings);
  void ChangedInChannel(const std::string& channel, const std::string& file_name, FileState& file,
                        bool only_grew, bool is_new, Findings& findings);
  void ForgetUnlisted();
  void ChannelIsGone(const std::string& channel);

  void ReadChannel(const std::string& name, ChannelState& channel, Why why, Findings& findings);
  void CheckChannel(const std::string& name, const ChannelState& channel, Findings& findings) const;
  void ReadSlice(const std::string& name, ChannelState& channel, uint64_t number, Why why,
                 Findings& findings);
  void SeeRecord(const std::string& channel, const Slice& slice, const StoredRecord& stored,
                 Why why, std::vector<KnownRecord*>& records, Findings& findings);
  bool TriesEveryKey();
  Publication* PublicationOf(SeenRecord& record, const std::string& data);
  static Publication* BestOf(const std::vector<Publication*>& candidates, SeenRecord& record);
  void Judge(SeenRecord& record, const KnownRecord& known, Why why, Findings& findings);

  Circumstances CircumstancesOf(bool tampered) const;
  ByteView BytesOf(const std::string& path) const;
  Status Refresh(Tree& tree, Why why, Findings& findings);
  void KeepUnsaid(const std::string& step, Findings& findings);

  Settings settings_;
  Checksum checksum_;
  KeyRing keys_;
  CanaryCheck canaries_;
  NonceCheck nonces_;
  History history_;
  std::deque<Mode> modes_;  // by start
  std::vector<const Mode*> modes_since_look_;
  std::map<std::string, FileState> files_;
  std::map<std::string, ChannelState> channels_;
  std::set<std::string> said_;
  uint64_t records_opened_ = 0;
  bool was_killed_ = false;
  bool root_tampered_ = false;
  bool is_adopting_ = false;
  bool is_running_ = false;
};

}  // namespace atrest::disktruth
