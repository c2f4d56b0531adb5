#include "harness/simcheck/node_view.h"

#include <algorithm>
#include <cstring>

namespace atrest::simcheck {
namespace {

using disktruth::BoltPair;
using disktruth::EntryType;

constexpr size_t kPage = 4096;
constexpr char kRaft[] = "raft/";
constexpr char kStore[] = "store/";
constexpr char kLogName[] = "raft/raft.log";
constexpr char kSnapshots[] = "raft/snapshots/";
constexpr size_t kDepthMax = 3;
constexpr size_t kVersionBytes = 4;  // that every file of a store begins with

struct SliceName {
  std::string channel;
  uint64_t number = 0;
  bool is_index = false;
};

// "store/CHANNEL/msgs.N.dat" or ".idx".
std::optional<SliceName> SliceOf(const std::string& name) {
  static constexpr std::string_view kMessages = "msgs.";
  if (!name.starts_with(kStore)) return std::nullopt;
  const size_t begin = std::strlen(kStore);
  const size_t slash = name.find('/', begin);
  if (slash == std::string::npos || name.compare(slash + 1, kMessages.size(), kMessages) != 0) {
    return std::nullopt;
  }
  SliceName slice;
  slice.channel = name.substr(begin, slash - begin);
  size_t at = slash + 1 + kMessages.size();
  for (; at < name.size() && name[at] >= '0' && name[at] <= '9'; ++at) {
    slice.number = slice.number * 10 + static_cast<uint64_t>(name[at] - '0');
  }
  slice.is_index = name.substr(at) == ".idx";
  if (!slice.is_index && name.substr(at) != ".dat") return std::nullopt;
  return slice;
}

// What of NOW is other than BEFORE, by pages.
std::vector<ByteRange> FreshIn(ByteView before, ByteView now) {
  std::vector<ByteRange> fresh;
  for (size_t begin = 0; begin < now.size(); begin += kPage) {
    const size_t end = std::min(begin + kPage, now.size());
    const bool is_same = end <= before.size() &&
                         std::memcmp(before.data() + begin, now.data() + begin, end - begin) == 0;
    if (is_same) continue;
    if (!fresh.empty() && fresh.back().end == begin) {
      fresh.back().end = end;
    } else {
      fresh.push_back({begin, end});
    }
  }
  return fresh;
}

// BYTES become what the file holds, from byte FROM on.
bool ReadFrom(env::FileSystem& files, const std::string& path, size_t from, Bytes& bytes) {
  auto file = files.Open(path, env::FileSystem::Mode::kRead);
  if (!file.ok()) return false;
  const auto size = file.value()->Size();
  if (!size.ok()) return false;
  bytes.resize(size.value());
  from = std::min(from, bytes.size());
  const auto read = file.value()->ReadAt(from, std::span(bytes).subspan(from));
  const bool is_read = read.ok() && from + read.value() == bytes.size();
  if (!is_read) bytes.resize(from);
  return is_read;
}

}  // namespace

void NodeReader::NoteStarts(const sim::NodeHistory& node) {
  const size_t last = node.starts.empty() ? 0 : node.starts.size() - 1;
  starts_ = {std::min(was_up_ ? starts_seen_ - 1 : starts_seen_, last), last};
  if (node.wipes != wipes_seen_) {
    view_.first_start = starts_seen_;
    view_.first_damage = damages_seen_;
    always_seals_ = true;
  }
  for (; keys_seen_ < node.starts.size(); ++keys_seen_) {
    const sim::NodeSettings& settings = node.starts[keys_seen_].settings;
    const std::string& key = settings.key;
    always_seals_ = always_seals_ && settings.encrypts;
    if (key.empty()) continue;
    const KeyId id = shared_.keys.Add(key, node.id);
    std::erase(view_.given, id);
    view_.given.insert(view_.given.begin(), id);
  }
}

void NodeReader::NoteLook(const sim::NodeHistory& node) {
  wipes_seen_ = node.wipes;
  damages_seen_ = node.damages.size();
  starts_seen_ = node.starts.size();
  was_up_ = node.is_up && starts_seen_ > 0;
}

std::map<std::string, NodeReader::Listed> NodeReader::List(const sim::NodeHistory& node,
                                                           bool* is_complete) {
  std::map<std::string, Listed> listed;
  struct Directory {
    std::string path;
    std::string name;
    size_t depth;
  };
  std::vector<Directory> pending = {{node.raft_directory, kRaft, 1},
                                    {node.store_directory, kStore, 1}};
  *is_complete = true;
  while (!pending.empty()) {
    const Directory directory = pending.back();
    pending.pop_back();
    const auto entries = node.files->List(directory.path);
    if (!entries.ok()) {
      *is_complete = *is_complete && entries.status().code() == Code::kNotFound;
      continue;
    }
    for (const env::DirectoryEntry& entry : entries.value()) {
      const std::string path = directory.path + "/" + entry.name;
      if (entry.is_directory && directory.depth < kDepthMax && path != node.raft_directory) {
        pending.push_back({path, directory.name + entry.name + "/", directory.depth + 1});
      } else if (entry.is_regular) {
        listed.emplace(directory.name + entry.name, Listed{path, entry});
      }
    }
  }
  return listed;
}

void NodeReader::Update(const sim::NodeHistory& node) {
  NoteStarts(node);
  bool is_complete = false;
  const auto listed = List(node, &is_complete);
  // What is read later may be of the starts since the last look that could read.
  if (!is_complete) return;
  NoteLook(node);
  std::vector<std::string> gone;
  for (const auto& [name, file] : files_) {
    if (!listed.contains(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) Forget(name);
  for (const auto& [name, file] : listed) ReadFile(node, name, file);
  for (const std::string& channel : changed_channels_) ReadChannel(channel);
  changed_channels_.clear();
  view_.has_server_record = files_.contains("store/server.dat");
  view_.has_begun_file = std::ranges::any_of(files_, [](const auto& file) {
    return file.first.starts_with(kStore) && file.second.bytes.size() < kVersionBytes;
  });
}

void NodeReader::ReadFile(const sim::NodeHistory& node, const std::string& name,
                          const Listed& listed) {
  FileNow& file = files_[name];
  // Where changes are not counted, everything is read again.
  const bool is_counted = listed.entry.change != 0;
  const bool is_known = file.change != 0 || !file.bytes.empty();
  if (is_counted && is_known && file.change == listed.entry.change) return;
  const bool only_grew = is_counted && is_known && file.rewrite == listed.entry.rewrite;
  const size_t old_size = file.bytes.size();
  std::vector<ByteRange> fresh;
  if (only_grew) {
    if (!ReadFrom(*node.files, listed.path, old_size, file.bytes)) return;
    fresh.push_back({old_size, file.bytes.size()});
  } else {
    Bytes bytes;
    if (!ReadFrom(*node.files, listed.path, 0, bytes)) return;
    fresh = FreshIn(file.bytes, bytes);
    file.bytes = std::move(bytes);
  }
  file.change = listed.entry.change;
  file.rewrite = listed.entry.rewrite;
  for (Observer* observer : shared_.observers) {
    observer->OnBytes(number_, name, file.bytes, fresh);
  }
  Changed(name, file, only_grew, fresh);
}

void NodeReader::Changed(const std::string& name, const FileNow& file, bool only_grew,
                         const std::vector<ByteRange>& fresh) {
  if (name == kLogName) {
    ReadLog(file.bytes, fresh);
  } else if (name.starts_with(kSnapshots)) {
    ReadSnapshotFile(name, &file);
  } else if (const auto found = SliceOf(name)) {
    Slice& slice = slices_[found->channel][found->number];
    (found->is_index ? slice.index : slice.data) = &file;
    if (!found->is_index && !only_grew) slice.is_rewritten = true;
    changed_channels_.insert(found->channel);
  }
}

void NodeReader::Forget(const std::string& name) {
  if (name == kLogName) {
    view_.has_log = false;
    view_.has_votes = false;
    view_.log.clear();
    ++view_.removals;
    view_.log_damages.clear();
    view_.channel_ids.clear();
    view_.unused.clear();
    view_.lingering.clear();
  } else if (name.starts_with(kSnapshots)) {
    ReadSnapshotFile(name, nullptr);
  } else if (const auto found = SliceOf(name)) {
    Slice& slice = slices_[found->channel][found->number];
    (found->is_index ? slice.index : slice.data) = nullptr;
    slice.is_rewritten = true;
    changed_channels_.insert(found->channel);
  }
  files_.erase(name);
}

void NodeReader::ReadLog(ByteView bytes, const std::vector<ByteRange>& fresh) {
  disktruth::BoltFile bolt;
  disktruth::ReadBoltFile(bytes, bolt);
  view_.has_log = true;
  view_.log_damages = bolt.damages;
  view_.unused = bolt.unused;
  view_.has_votes = !bolt.buckets["conf"].empty();
  view_.channel_ids.clear();
  for (const BoltPair& pair : bolt.buckets["channels"]) {
    if (pair.value.size() == 8) {
      view_.channel_ids[std::string(AsText(pair.key))] = LoadBe64(pair.value.data());
    }
  }
  std::map<uint64_t, LogRecord> log;
  std::vector<uint64_t> new_entries;
  for (const BoltPair& pair : bolt.buckets["logs"]) {
    if (pair.key.size() != 8) continue;
    const uint64_t index = LoadBe64(pair.key.data());
    auto known = view_.log.extract(index);
    if (!known.empty() && Equal(known.mapped().raw, pair.value)) {
      log.insert(log.end(), std::move(known));
    } else {
      log.emplace_hint(log.end(), index, ReadRecord(index, pair.value));
      new_entries.push_back(index);
    }
  }
  if (!view_.log.empty()) ++view_.removals;
  view_.log = std::move(log);
  ReadLingering(bytes, fresh);
  for (const uint64_t index : new_entries) {
    for (Observer* observer : shared_.observers) observer->OnEntry(number_, view_.log.at(index));
  }
}

LogRecord NodeReader::ReadRecord(uint64_t index, ByteView raw) {
  LogRecord record;
  record.index = index;
  record.raw.assign(raw.begin(), raw.end());
  record.starts = starts_;
  const auto entry = disktruth::ReadRaftEntry(record.raw);
  record.is_entry = entry && entry->size == raw.size();
  if (!record.is_entry) return record;
  record.entry = *entry;
  record.entry.data = {};
  record.data_size = entry->data.size();
  if (record.data_size > 0) {
    record.data_begin = static_cast<size_t>(entry->data.data() - record.raw.data());
  }
  if (record.is_command()) ReadData(record, entry->data);
  return record;
}

void NodeReader::ReadData(LogRecord& record, ByteView data) {
  if (disktruth::LooksSealed(data)) {
    bool is_new = false;
    record.seal =
        &shared_.seals.See(data, kRaftPlace, view_.given,
                           Here("raft.log, entry " + std::to_string(record.index)), &is_new);
    record.is_own = IsOwn(*record.seal);
    for (Observer* observer : shared_.observers) {
      if (is_new) observer->OnSeal(*record.seal);
    }
  }
  const auto operation = disktruth::ReadOperation(record.Plain());
  record.is_operation = operation.has_value();
  if (!operation) return;
  for (const disktruth::OperationMessage& message : operation->messages) {
    const std::string channel(message.channel);
    MessageNow now;
    now.sequence = message.sequence;
    now.timestamp = message.timestamp;
    now.payload = shared_.payloads.Of(channel, message.payload);
    now.size = message.payload.size();
    now.is_own = record.is_own;
    now.starts = record.starts;
    record.messages.emplace_back(channel, now);
  }
}

// What pages that are free still hold. Pages that did not change have been read when they were in
// use; but where some start left entries in clear, it matters which of them linger.
void NodeReader::ReadLingering(ByteView bytes, const std::vector<ByteRange>& fresh) {
  const std::vector<ByteRange> all = {{0, bytes.size()}};
  const std::vector<ByteRange>& ranges = always_seals_ ? fresh : all;
  std::erase_if(view_.lingering, [&](const LingeringEntry& entry) {
    return !always_seals_ || std::ranges::any_of(fresh, [&](const ByteRange& range) {
      return entry.offset >= range.begin && entry.offset < range.end;
    });
  });
  auto range = ranges.begin();
  for (const disktruth::UnusedPages& pages : view_.unused) {
    const size_t end = pages.offset + pages.size;
    while (range != ranges.end() && range->end <= pages.offset) ++range;
    for (auto at = range; at != ranges.end() && at->begin < end; ++at) {
      ReadUnused(bytes, {std::max<size_t>(at->begin, pages.offset), std::min<size_t>(at->end, end)},
                 end);
    }
  }
}

// Entries that begin in RANGE, of unused pages up to END. Those that were partly written over do
// not open.
void NodeReader::ReadUnused(ByteView bytes, const ByteRange& range, size_t end) {
  const ByteView run = bytes.subspan(range.begin, end - range.begin);
  for (const disktruth::FoundEntry& found :
       disktruth::FindRaftEntries(run, range.end - range.begin)) {
    const disktruth::RaftEntry& entry = found.entry;
    if (entry.type != EntryType::kCommand || entry.data.empty()) continue;
    if (!disktruth::LooksSealed(entry.data)) {
      if (disktruth::ReadOperation(entry.data)) {
        view_.lingering.push_back({range.begin + found.offset, entry.index});
      }
      continue;
    }
    bool is_new = false;
    const Seal& seal = shared_.seals.See(
        entry.data, kRaftPlace, view_.given,
        Here("raft.log, a free page, entry " + std::to_string(entry.index)), &is_new);
    for (Observer* observer : shared_.observers) {
      if (is_new) observer->OnSeal(seal);
    }
  }
}

void NodeReader::ReadSnapshotFile(const std::string& name, const FileNow* file) {
  const size_t begin = std::strlen(kSnapshots);
  const size_t slash = name.find('/', begin);
  if (slash == std::string::npos) return;
  const std::string snapshot = name.substr(begin, slash - begin);
  if (snapshot.ends_with(".tmp")) return;
  SnapshotNow& now = view_.snapshots[snapshot];
  if (name.substr(slash) == "/meta.json") {
    now.has_meta = file != nullptr;
    now.meta.reset();
    if (file != nullptr) now.meta = disktruth::ReadSnapshotMeta(file->bytes);
  } else if (name.substr(slash) == "/state.bin") {
    now.has_state = file != nullptr;
    now.state.reset();
    if (file != nullptr) {
      now.state = disktruth::ReadSnapshotState(file->bytes);
      now.crc = disktruth::Crc64(file->bytes);
      now.size = file->bytes.size();
    }
  }
  if (!now.has_meta && !now.has_state) view_.snapshots.erase(snapshot);
}

void NodeReader::ReadChannel(const std::string& channel) {
  auto& slices = slices_[channel];
  auto& messages = view_.channels[channel];
  const bool again =
      std::ranges::any_of(slices, [](const auto& slice) { return slice.second.is_rewritten; });
  std::map<uint64_t, MessageNow> before;
  if (again) before.swap(messages);
  if (again) ++view_.removals;
  for (auto& [number, slice] : slices) {
    if (again) slice.records = {};
    slice.is_rewritten = false;
    if (slice.data != nullptr) ReadSlice(channel, slice, before);
  }
  std::erase_if(slices, [](const auto& slice) {
    return slice.second.data == nullptr && slice.second.index == nullptr;
  });
  if (slices.empty()) view_.channels.erase(channel);
}

// What is new in SLICE. BEFORE: the messages that were known when the files were read last.
void NodeReader::ReadSlice(const std::string& channel, Slice& slice,
                           const std::map<uint64_t, MessageNow>& before) {
  const ByteView bytes = slice.data->bytes;
  disktruth::IndexFile index;
  if (slice.index != nullptr) ReadIndex(slice.index->bytes, disktruth::Checksum(), index);
  std::vector<uint64_t> resume;
  for (const disktruth::IndexEntry& entry : index.entries) resume.push_back(entry.offset);
  std::ranges::sort(resume);
  const size_t records = slice.records.records.size();
  const size_t strays = slice.records.strays.size();
  ReadRecords(bytes, disktruth::Checksum(), resume, slice.records);
  for (size_t at = strays; at < slice.records.strays.size(); ++at) {
    for (Observer* observer : shared_.observers) {
      observer->OnStray(number_, channel, slice.records.strays[at]);
    }
  }
  for (size_t at = records; at < slice.records.records.size(); ++at) {
    const disktruth::StoredRecord& stored = slice.records.records[at];
    if (!stored.whole) continue;
    const ByteView data =
        stored.has_data ? bytes.subspan(stored.data_offset, stored.data_size) : ByteView();
    MessageNow now = ReadStored(channel, stored, data);
    // A sequence may be there twice: where a process ended before the index had it.
    const auto is_same = [&now](const MessageNow& one) {
      return one.sequence == now.sequence && one.payload == now.payload && one.seal == now.seal;
    };
    const auto here = slice.known.find(stored.offset);
    const auto known = before.find(now.sequence);
    if (here != slice.known.end() && is_same(here->second)) {
      now.starts = here->second.starts;
    } else if (known != before.end() && is_same(known->second)) {
      now.starts = known->second.starts;
    }
    slice.known[stored.offset] = now;
    view_.channels[channel][now.sequence] = now;
    for (Observer* observer : shared_.observers) {
      if (stored.subject != channel) {
        observer->OnStray(number_, channel,
                          {stored.offset, stored.size, disktruth::Stray::Kind::kField,
                           "a record of another subject"});
      }
      observer->OnStored(number_, channel, now);
    }
  }
}

MessageNow NodeReader::ReadStored(const std::string& channel, const disktruth::StoredRecord& stored,
                                  ByteView data) {
  MessageNow now;
  now.sequence = stored.sequence;
  now.timestamp = stored.timestamp;
  now.starts = starts_;
  ByteView plain = data;
  if (disktruth::LooksSealed(data)) {
    bool is_new = false;
    const Seal& seal = shared_.seals.See(
        data, channel, view_.given,
        Here("channel " + channel + ", sequence " + std::to_string(stored.sequence)), &is_new);
    now.seal = &seal;
    now.is_own = IsOwn(seal);
    if (seal.is_open()) plain = seal.plain;
    for (Observer* observer : shared_.observers) {
      if (is_new) observer->OnSeal(seal);
    }
  }
  now.size = plain.size();
  now.payload = shared_.payloads.Of(channel, plain);
  return now;
}

bool NodeReader::IsOwn(const Seal& seal) const {
  return std::ranges::all_of(seal.keys, [&](KeyId key) {
    return std::ranges::find(view_.given, key) != view_.given.end();
  });
}

}  // namespace atrest::simcheck
