#include "harness/disktruth/disk_truth.h"

#include <algorithm>
#include <optional>

#include "harness/disktruth/record_checks.h"
#include "reference/base/check.h"

namespace atrest::disktruth {
namespace {

// The number of a file called msgs.NUMBER.SUFFIX, else nullopt.
std::optional<uint64_t> SliceNumber(std::string_view name, std::string_view suffix) {
  constexpr std::string_view kPrefix = "msgs.";
  constexpr size_t kDigitsMax = 18;
  if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) return std::nullopt;
  if (name.size() <= kPrefix.size() + suffix.size()) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(suffix.size());
  if (name.size() > kDigitsMax || name[0] == '0') return std::nullopt;
  uint64_t number = 0;
  for (const char digit : name) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  return number;
}

bool StartsWith(ByteView bytes, ByteView prefix) {
  return bytes.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

}  // namespace

DiskTruth::DiskTruth(Settings settings)
    : settings_(std::move(settings)), checksum_(settings_.crc_polynomial) {
  for (const auto& [name, key] : settings_.keys) {
    keys_.AddKey(name, key);
    canaries_.AddKey("key " + name, key);
    // Whoever has it can derive the keys of all channels.
    if (!key.empty()) AddDerivedKey(name, Derivation::kPlain, key, "");
  }
}

void DiskTruth::Start(const Mode& mode) {
  modes_.push_back(mode);
  modes_since_look_.push_back(&modes_.back());
  if (mode.limits) history_.Limit();
  if (mode.encrypt) keys_.AddKey("of start " + std::to_string(modes_.size()), mode.key);
}

void DiskTruth::Publish(const std::string& channel, std::string_view payload, bool acked) {
  ATREST_CHECK(!modes_.empty());
  const Mode& mode = modes_.back();
  const bool secret = mode.is_judged && mode.encrypt;
  if (secret) {
    canaries_.AddPayload(std::string(payload));
  } else {
    canaries_.Allow(std::string(payload));
  }
  AddChannel(channel);
  history_.Publish(channel, AsBytes(payload), acked, mode);
}

void DiskTruth::Deliver(const std::string& channel, uint64_t sequence, std::string_view payload) {
  ATREST_CHECK(!modes_.empty());
  history_.Deliver(channel, sequence, AsBytes(payload), modes_.back());
}

void DiskTruth::AddChannel(const std::string& channel) {
  if (!keys_.AddChannel(channel)) return;
  for (const auto& [name, key] : settings_.keys) {
    if (!key.empty()) AddDerivedKey(name, Derivation::kChannel, key, channel);
  }
}

void DiskTruth::AddDerivedKey(const std::string& name, Derivation how, const std::string& key,
                              const std::string& channel) {
  const Digest32 derived = Derive(how, key, channel);
  const std::string of = channel.empty() ? "" : " of channel " + channel;
  canaries_.AddKey("key " + name + " by " + NameOf(how) + of, std::string(AsText(derived)));
}

Result<Findings> DiskTruth::Look(Tree& tree, const std::string& step, Target target) {
  is_running_ = target == Target::kRunning;
  Findings findings;
  ATREST_TRY(Refresh(tree, Why::kLook, findings));
  // A running target may still hold in buffers what it has acked or delivered.
  if (settings_.follow_history && !is_running_) {
    for (const std::string& channel : history_.Channels()) history_.Judge(channel, findings);
  }
  modes_since_look_.clear();
  if (is_running_ && !modes_.empty()) modes_since_look_.push_back(&modes_.back());
  KeepUnsaid(step, findings);
  return findings;
}

Status DiskTruth::Adopt(Tree& tree) {
  is_running_ = false;
  Findings findings;
  for (auto& [name, channel] : channels_) channel.is_new = false;
  root_tampered_ = root_tampered_ || !files_.empty();
  is_adopting_ = true;
  const Status read = Refresh(tree, Why::kAdopt, findings);
  is_adopting_ = false;
  ATREST_TRY(read);
  KeepUnsaid("", findings);  // none of them is the target's doing
  return {};
}

Status DiskTruth::Refresh(Tree& tree, Why why, Findings& findings) {
  ATREST_TRY(ReadChanges(tree, findings));
  for (auto& [name, channel] : channels_) {
    if (!channel.changed && channel.was_unfinished && !is_running_) {
      CheckChannel(name, channel, findings);  // what a running target may leave, a stopped may not
    }
    channel.was_unfinished = is_running_ && (channel.was_unfinished || channel.changed);
    if (!channel.changed) continue;
    ReadChannel(name, channel, why, findings);
    history_.Touch(name);
    channel.changed = false;
    if (why == Why::kAdopt && !channel.is_new) {
      channel.tampered = true;
      history_.Excuse(name);
      nonces_.Forget(name);
    }
    channel.is_new = false;
  }
  return {};
}

void DiskTruth::KeepUnsaid(const std::string& step, Findings& findings) {
  std::erase_if(findings, [&](const Finding& finding) {
    return !said_.insert(verdict::NameOf(finding.level) + Describe(finding)).second;
  });
  for (Finding& finding : findings) finding.step = step;
}

Status DiskTruth::ReadChanges(Tree& tree, Findings& findings) {
  auto listed = tree.List();
  if (!listed.ok()) return listed.status();
  for (auto& [path, file] : files_) file.listed = false;
  for (const TreeEntry& entry : listed.value()) {
    if (entry.kind == TreeEntry::Kind::kDirectory) {
      if (channels_.try_emplace(entry.path).second) {
        AddChannel(entry.path);
        canaries_.AddClearName(entry.path);
      }
      files_[entry.path].listed = true;
      files_[entry.path].entry = entry;
      continue;
    }
    if (entry.kind == TreeEntry::Kind::kOther) {
      CheckUnknownFile(entry, findings);
      continue;
    }
    ATREST_TRY(ReadFile(tree, entry, findings));
  }
  ForgetUnlisted();
  return {};
}

Status DiskTruth::ReadFile(Tree& tree, const TreeEntry& entry, Findings& findings) {
  const auto [found, is_new] = files_.try_emplace(entry.path);
  FileState& file = found->second;
  file.listed = true;
  // A change that follows another within the file system's tick leaves the stamp as it is; what
  // the harness itself changes keeps sizes too.
  const bool same_stamp = !is_adopting_ && entry.stamp != 0 && entry.stamp == file.entry.stamp;
  if (!is_new && same_stamp && entry.size == file.entry.size) return {};
  const bool known_to_grow = !is_new && !is_adopting_ && entry.rewrite != 0 &&
                             entry.rewrite == file.entry.rewrite && entry.size >= file.bytes.size();
  const size_t old_size = file.bytes.size();
  auto bytes = tree.Read(entry, known_to_grow ? old_size : 0);
  if (!bytes.ok()) return bytes.status();
  file.entry = entry;
  const bool only_grew = known_to_grow || StartsWith(bytes.value(), file.bytes);
  if (known_to_grow) {
    file.bytes.insert(file.bytes.end(), bytes.value().begin(), bytes.value().end());
  } else {
    file.bytes = std::move(bytes).value();
  }
  if (!is_new && only_grew && file.bytes.size() == old_size) return {};
  if (!only_grew) {
    file.streams.clear();
    file.journal = {};
  }
  canaries_.Search(entry, file.bytes, only_grew ? old_size : 0, file.streams, findings);
  if (entry.kind == TreeEntry::Kind::kStored) Changed(file, only_grew, is_new, findings);
  return {};
}

void DiskTruth::CheckJournal(Journal which, FileState& file, bool tampered, Findings& findings) {
  ReadJournal(which, file.bytes, checksum_, file.journal);
  CheckStrays(file.entry.path, file.journal.strays, CircumstancesOf(tampered), findings);
}

void DiskTruth::Changed(FileState& file, bool only_grew, bool is_new, Findings& findings) {
  const TreeEntry& entry = file.entry;
  const size_t slash = entry.path.find('/');
  if (slash != std::string::npos) {
    ChangedInChannel(entry.path.substr(0, slash), entry.path.substr(slash + 1), file, only_grew,
                     is_new, findings);
    return;
  }
  if (entry.path == "server.dat") {
    CheckJournal(Journal::kServer, file, root_tampered_, findings);
  } else if (entry.path == "clients.dat") {
    CheckJournal(Journal::kClients, file, root_tampered_, findings);
  } else if (entry.path != ".rootdir.lck" && entry.path != ".truncate.lck") {
    CheckUnknownFile(entry, findings);
  } else if (!file.bytes.empty()) {
    CheckStrays(entry.path, {{0, file.bytes.size(), Stray::Kind::kGarbage, "a lock file"}},
                CircumstancesOf(root_tampered_), findings);
  }
}

void DiskTruth::ChangedInChannel(const std::string& name, const std::string& file_name,
                                 FileState& file, bool only_grew, bool is_new, Findings& findings) {
  const TreeEntry& entry = file.entry;
  ChannelState& channel = channels_[name];
  if (file_name == "subs.dat") {
    return CheckJournal(Journal::kSubscriptions, file, channel.tampered, findings);
  }
  channel.changed = true;
  const auto data = SliceNumber(file_name, ".dat");
  const auto index = SliceNumber(file_name, ".idx");
  if (!data && !index) return CheckUnknownFile(entry, findings);
  const uint64_t number = data ? *data : *index;
  Slice& slice = channel.slices[number];
  SliceState& state = channel.states[number];
  if (index) {
    slice.index_path = entry.path;
    slice.has_index = state.index_changed = true;
    state.index_only_grew = state.index_only_grew && only_grew && !is_new;
    return;
  }
  if (!is_new && !only_grew && !MayRewrite(channel)) {
    findings.push_back({Check::kStructure, "K-append-only", verdict::Level::kMust, entry.path, 0,
                        "what was written to stay, and new records behind it",
                        "bytes that have changed since the last look", ""});
  }
  slice.data_path = entry.path;
  slice.has_data = state.data_changed = true;
  state.data_only_grew = state.data_only_grew && only_grew && !is_new;
}

// Whether anything explains that a data file did not only grow: a torn tail that was cut off after
// a kill, a channel that was removed and came again, or the harness.
bool DiskTruth::MayRewrite(const ChannelState& channel) const {
  return is_adopting_ || channel.tampered || was_killed_ ||
         std::ranges::any_of(modes_, &Mode::limits);
}

ByteView DiskTruth::BytesOf(const std::string& path) const {
  const auto found = files_.find(path);
  return found != files_.end() ? ByteView(found->second.bytes) : ByteView();
}

Circumstances DiskTruth::CircumstancesOf(bool tampered) const {
  return {was_killed_ || is_running_, tampered};
}

void DiskTruth::ForgetUnlisted() {
  for (auto file = files_.begin(); file != files_.end();) {
    if (file->second.listed) {
      ++file;
      continue;
    }
    const std::string& path = file->first;
    const size_t slash = path.find('/');
    if (file->second.entry.kind == TreeEntry::Kind::kDirectory) {
      ChannelIsGone(path);
    } else if (slash != std::string::npos && channels_.contains(path.substr(0, slash))) {
      ChannelState& channel = channels_[path.substr(0, slash)];
      for (auto& [number, slice] : channel.slices) {
        SliceState& state = channel.states[number];
        if (slice.data_path == path) {
          slice.has_data = false;
          state.data_changed = channel.changed = true;
          state.data_only_grew = false;
        } else if (slice.index_path == path) {
          slice.has_index = false;
          state.index_changed = channel.changed = true;
          state.index_only_grew = false;
        }
      }
    }
    file = files_.erase(file);
  }
}

// Its keys are the same if it comes again, but its sequences begin again.
void DiskTruth::ChannelIsGone(const std::string& channel) {
  history_.Restart(channel);
  nonces_.Forget(channel);
}

void DiskTruth::ReadChannel(const std::string& name, ChannelState& channel, Why why,
                            Findings& findings) {
  for (auto& [number, state] : channel.states) {
    if (state.data_changed || state.index_changed) {
      ReadSlice(name, channel, number, why, findings);
    }
  }
  std::erase_if(channel.slices, [&](const auto& item) {
    return !item.second.has_data && !item.second.has_index && channel.states.erase(item.first) > 0;
  });
  CheckChannel(name, channel, findings);
}

void DiskTruth::CheckChannel(const std::string& name, const ChannelState& channel,
                             Findings& findings) const {
  const Circumstances circumstances = CircumstancesOf(channel.tampered);
  for (const auto& [number, slice] : channel.slices) {
    CheckStrays(slice.data_path, slice.data.strays, circumstances, findings);
    CheckStrays(slice.index_path, slice.index.strays, circumstances, findings);
  }
  CheckSlices(name, channel.slices, circumstances, findings);
}

void DiskTruth::ReadSlice(const std::string& name, ChannelState& channel, uint64_t number, Why why,
                          Findings& findings) {
  Slice& slice = channel.slices[number];
  SliceState& state = channel.states[number];
  if (!state.index_only_grew || !slice.index.strays.empty()) slice.index = {};
  if (slice.has_index && state.index_changed) {
    ReadIndex(BytesOf(slice.index_path), checksum_, slice.index);
  }
  const bool afresh = state.data_changed && (!state.data_only_grew || !slice.data.strays.empty());
  if (afresh) {
    for (KnownRecord* record : state.records) --record->copies;
    state.records.clear();
    slice.data = {};
  }
  if (slice.has_data && state.data_changed) {
    std::vector<uint64_t> resume;
    for (const IndexEntry& entry : slice.index.entries) resume.push_back(entry.offset);
    std::ranges::sort(resume);
    const size_t known = slice.data.records.size();
    ReadRecords(BytesOf(slice.data_path), checksum_, resume, slice.data);
    for (size_t record = known; record < slice.data.records.size(); ++record) {
      SeeRecord(name, slice, slice.data.records[record], why, state.records, findings);
    }
  }
  state.data_changed = state.index_changed = false;
  state.data_only_grew = state.index_only_grew = true;
}

void DiskTruth::SeeRecord(const std::string& channel, const Slice& slice,
                          const StoredRecord& stored, Why why, std::vector<KnownRecord*>& records,
                          Findings& findings) {
  if (!stored.whole) return;
  SeenRecord record;
  record.channel = channel;
  record.file = slice.data_path;
  record.stored = &stored;
  record.data = BytesOf(slice.data_path).subspan(stored.data_offset, stored.data_size);
  const std::string data = Identified(record.data);
  KnownRecord* known = history_.Find(channel, stored.sequence, stored.timestamp, data);
  if (known == nullptr) {
    if (why == Why::kLook) record.modes = modes_since_look_;
    Publication* publication = PublicationOf(record, data);
    if (why == Why::kAdopt) publication = nullptr;
    record.publication = publication;
    if (publication != nullptr && !record.by_order) record.modes = {publication->mode};
    KnownRecord added;
    added.data = data;
    added.payload = record.opening ? Identified(record.opening->payload) : data;
    known = &history_.Add(channel, stored.sequence, stored.timestamp, std::move(added));
    if (publication != nullptr) history_.Join(channel, *publication, *known);
    Judge(record, *known, why, findings);
  }
  ++known->copies;
  records.push_back(known);
}

// Which publish RECORD is; opens it on the way.
Publication* DiskTruth::PublicationOf(SeenRecord& record, const std::string& data) {
  const auto same_data = history_.Open(record.channel, data);
  if (record.data.empty()) return BestOf(same_data, record);
  std::vector<Publication*> plain = same_data;
  std::erase_if(plain, [](const Publication* candidate) { return candidate->mode->encrypt; });
  if (!plain.empty()) {
    record.is_plain = true;
    return BestOf(plain, record);
  }
  std::vector<std::string> first;
  for (const Mode* mode : record.modes) {
    if (mode->encrypt) first.push_back(mode->key);
  }
  const bool maybe_sealed =
      LooksSealed(record.data) || (!first.empty() && record.data.size() >= kOverheadBytes);
  if (maybe_sealed) record.opening = keys_.Open(record.data, record.channel, first);
  if (record.opening) {
    if (TriesEveryKey()) {
      Bytes recoded(record.data.begin(), record.data.end());
      recoded[0] = record.opening->code;
      record.more_openings = keys_.OpenAll(recoded, record.channel);
    }
    return BestOf(history_.Open(record.channel, Identified(record.opening->payload)), record);
  }
  if (!same_data.empty()) return same_data.front();
  if (!LooksSealed(record.data) || !settings_.follow_history) return nullptr;
  // It is nothing that was published in clear, so whoever wrote it meant to seal it.
  std::erase_if(record.modes, [](const Mode* mode) { return mode->is_judged && !mode->encrypt; });
  Publication* oldest = history_.OldestSealed(record.channel);
  record.by_order = oldest != nullptr;
  return oldest;
}

// The first record, and one in so many.
bool DiskTruth::TriesEveryKey() {
  return settings_.every_key_each > 0 && records_opened_++ % settings_.every_key_each == 0;
}

// Of equal payloads that were published more than once: one whose settings fit, so that a lost
// message is not taken for the one that came instead; of those one whose turn it was, or that was
// acked, as another need not be stored.
Publication* DiskTruth::BestOf(const std::vector<Publication*>& candidates, SeenRecord& record) {
  Publication* best = nullptr;
  int best_rank = -1;
  for (Publication* candidate : candidates) {
    const Mode& mode = *candidate->mode;
    const bool fits =
        !record.opening || (mode.encrypt && mode.key == record.opening->key &&
                            (mode.cipher.empty() || mode.cipher == CipherOf(record.opening->code)));
    const int rank = (fits ? 4 : 0) + (candidate->sequence == record.stored->sequence ? 2 : 0) +
                     (candidate->acked ? 1 : 0);
    if (rank > best_rank) {
      best = candidate;
      best_rank = rank;
    }
    if (candidate->mode != candidates.front()->mode) record.start_is_unclear = true;
  }
  return best;
}

void DiskTruth::Judge(SeenRecord& record, const KnownRecord& known, Why why, Findings& findings) {
  const bool judged = why == Why::kLook;
  if (!judged && !LooksSealed(record.data)) {
    canaries_.Allow(std::string(AsText(record.data)));
  }
  if (record.modes.size() == 1 && !record.start_is_unclear) {
    const auto mode = std::ranges::find_if(
        modes_, [&](const Mode& candidate) { return &candidate == record.modes.front(); });
    record.start = static_cast<size_t>(mode - modes_.begin()) + 1;
  }
  nonces_.See(record, history_.Unacked(record.channel), judged, findings);
  if (!judged) return;
  CheckRecordKey(record, keys_, findings);
  CheckRecordCipher(record, findings);
  if (!settings_.follow_history) return;
  const std::string twice = history_.SequenceTwice(record.channel, record.stored->sequence, known);
  if (!twice.empty()) {
    findings.push_back(At(record, Check::kHistory, "K-sequence-once",
                          "a sequence of its own for each payload", twice));
  }
  const bool settings_are_clear = std::ranges::all_of(record.modes, &Mode::is_judged);
  if (record.publication == nullptr && settings_are_clear) {
    findings.push_back(
        At(record, Check::kHistory, "K-stored-sent", "a payload that was published",
           std::to_string(record.data.size()) + " bytes of data that no publish explains"));
  }
}

std::map<std::string, std::map<uint64_t, Bytes>> DiskTruth::Messages() {
  std::map<std::string, std::map<uint64_t, Bytes>> messages;
  for (const auto& [name, channel] : channels_) {
    for (const auto& [number, slice] : channel.slices) {
      for (const StoredRecord& record : slice.data.records) {
        if (!record.whole) continue;
        const ByteView data =
            BytesOf(slice.data_path).subspan(record.data_offset, record.data_size);
        std::optional<Opening> opening;
        if (LooksSealed(data)) opening = keys_.Open(data, name, {});
        messages[name][record.sequence] =
            opening ? opening->payload : Bytes(data.begin(), data.end());
      }
    }
  }
  return messages;
}

}  // namespace atrest::disktruth
