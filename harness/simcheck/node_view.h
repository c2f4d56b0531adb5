// What one node's files hold now, read by the disk oracle's own readers (harness/disktruth) and
// followed from look to look: only files that changed are read, only what changed in them is parsed
// and opened. What a checker asks, and an Observer that is told of everything new.
// Ownership: a NodeReader borrows what a run shares and keeps the contents of the node's files.
// Errors: what cannot be read (a directory that is gone, a disk whose process was just killed)
// counts as it was before, or as empty where it was removed; foreign bytes never fail.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/disktruth/bolt_file.h"
#include "harness/disktruth/node_snapshot.h"
#include "harness/disktruth/raft_records.h"
#include "harness/disktruth/store_files.h"
#include "harness/simcheck/seal_book.h"
#include "harness/simcheck/sent_payloads.h"
#include "reference/sim/run_history.h"

namespace atrest::simcheck {

// A message in a store or in an operation.
struct MessageNow {
  uint64_t sequence = 0;
  int64_t timestamp = 0;
  PayloadId payload = 0;
  uint64_t size = 0;           // of the payload
  const Seal* seal = nullptr;  // of a stored payload that has the form of sealed data
  bool is_own = true;          // every key that was needed was given to this node
  StartSpan starts;            // of which one wrote it
};

struct LogRecord {
  uint64_t index = 0;          // of its place; the entry itself may say another
  bool is_entry = false;       // else it could not be read, and nothing below means anything
  disktruth::RaftEntry entry;  // without its views
  Bytes raw;
  size_t data_begin = 0;  // in RAW
  size_t data_size = 0;
  const Seal* seal = nullptr;  // of a Command that has the form of sealed data
  bool is_own = true;
  StartSpan starts;
  bool is_operation = false;                                 // a Command that could be read as one
  std::vector<std::pair<std::string, MessageNow>> messages;  // of a publish, by channel

  bool is_command() const {
    return is_entry && entry.type == disktruth::EntryType::kCommand && data_size > 0;
  }
  bool is_sealed() const { return seal != nullptr && seal->is_open(); }
  // Opened, where it was sealed and could be.
  ByteView Plain() const {
    return is_sealed() ? ByteView(seal->plain) : ByteView(raw).subspan(data_begin, data_size);
  }
};

struct SnapshotNow {
  bool has_meta = false;  // the files are there
  bool has_state = false;
  std::optional<disktruth::SnapshotMetaLine> meta;
  std::optional<disktruth::SnapshotState> state;
  uint64_t crc = 0;
  uint64_t size = 0;
};

// A Command in clear in pages that are free.
struct LingeringEntry {
  uint64_t offset = 0;
  uint64_t index = 0;
};

struct NodeView {
  bool has_server_record = false;  // server.dat is there
  bool has_begun_file = false;     // a file of the store that has not even its version
  bool has_log = false;            // raft.log is
  bool has_votes = false;          // and says of a term or a vote
  std::vector<disktruth::BoltDamage> log_damages;
  std::map<uint64_t, LogRecord> log;  // by index
  std::map<std::string, uint64_t> channel_ids;
  std::vector<disktruth::UnusedPages> unused;
  std::vector<LingeringEntry> lingering;
  std::map<std::string, std::map<uint64_t, MessageNow>> channels;  // by name and sequence
  std::map<std::string, SnapshotNow> snapshots;                    // by name; no unfinished ones

  uint64_t removals = 0;     // looks that may have found less than those before
  std::vector<KeyId> given;  // the keys that the node was ever given, the latest first
  // Since both directories were last removed.
  size_t first_start = 0;
  size_t first_damage = 0;
};

struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
};

// Told of what is new on a node's disk. The default is to pass over it.
class Observer {
 public:
  virtual ~Observer() = default;
  // FRESH of BYTES, the contents of a file, are other than before. NAME: "raft/raft.log",
  // "store/foo/msgs.1.dat".
  virtual void OnBytes(size_t, const std::string& /*name*/, ByteView /*bytes*/,
                       const std::vector<ByteRange>& /*fresh*/) {}
  // A seal that no node had so far, or that opens now; in use or not.
  virtual void OnSeal(const Seal&) {}
  virtual void OnEntry(size_t, const LogRecord&) {}
  virtual void OnStored(size_t, const std::string& /*channel*/, const MessageNow&) {}
  // Bytes of a channel's data that no server writes, or a record of another subject.
  virtual void OnStray(size_t, const std::string& /*channel*/, const disktruth::Stray&) {}
};

// What all nodes of a run share.
struct RunShared {
  RunKeys keys;
  SealBook seals{keys};
  SentPayloads payloads;
  std::vector<Observer*> observers;
};

class NodeReader {
 public:
  NodeReader(size_t number, RunShared& shared) : number_(number), shared_(shared) {}

  // Reads what has changed. NODE is the node's part of the history.
  void Update(const sim::NodeHistory& node);
  const NodeView& view() const { return view_; }

 private:
  struct FileNow {
    uint64_t change = 0;
    uint64_t rewrite = 0;
    Bytes bytes;
  };
  struct Slice {
    const FileNow* data = nullptr;
    const FileNow* index = nullptr;
    disktruth::DataFile records;
    std::map<uint64_t, MessageNow> known;  // by place, whenever it was read
    bool is_rewritten = false;
  };
  struct Listed {
    std::string path;
    env::DirectoryEntry entry;
  };

  void NoteStarts(const sim::NodeHistory& node);
  void NoteLook(const sim::NodeHistory& node);
  std::map<std::string, Listed> List(const sim::NodeHistory& node, bool* is_complete);
  void ReadFile(const sim::NodeHistory& node, const std::string& name, const Listed& listed);
  void Forget(const std::string& name);
  void Changed(const std::string& name, const FileNow& file, bool only_grew,
               const std::vector<ByteRange>& fresh);

  void ReadLog(ByteView bytes, const std::vector<ByteRange>& fresh);
  LogRecord ReadRecord(uint64_t index, ByteView raw);
  void ReadData(LogRecord& record, ByteView data);
  void ReadLingering(ByteView bytes, const std::vector<ByteRange>& fresh);
  void ReadUnused(ByteView bytes, const ByteRange& range, size_t end);
  void ReadSnapshotFile(const std::string& name, const FileNow* file);
  void ReadChannel(const std::string& channel);
  void ReadSlice(const std::string& channel, Slice& slice,
                 const std::map<uint64_t, MessageNow>& before);
  MessageNow ReadStored(const std::string& channel, const disktruth::StoredRecord& stored,
                        ByteView data);
  bool IsOwn(const Seal& seal) const;
  Sighting Here(std::string where) const { return {number_, starts_, std::move(where)}; }

  const size_t number_;
  RunShared& shared_;
  NodeView view_;
  std::map<std::string, FileNow> files_;
  std::map<std::string, std::map<uint64_t, Slice>> slices_;  // by channel and number
  std::set<std::string> changed_channels_;
  StartSpan starts_;          // that can have written what is new in this look
  bool always_seals_ = true;  // since both directories were last removed
  size_t keys_seen_ = 0;      // of starts
  size_t starts_seen_ = 0;
  size_t damages_seen_ = 0;
  uint64_t wipes_seen_ = 0;
  bool was_up_ = false;
};

}  // namespace atrest::simcheck
