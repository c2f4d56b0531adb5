#include "harness/runner/disk.h"

#include "harness/inspect/inspect.h"
#include "harness/inspect/kind_names.h"
#include "harness/inspect/raft_inspect.h"
#include "harness/runner/workspace.h"

namespace atrest::runner {
namespace {

verdict::DiskMessage Shown(const std::string& channel, const inspect::StoredMessage& stored,
                           const std::vector<std::string>& key_names) {
  verdict::DiskMessage message;
  message.channel = channel;
  message.sequence = stored.place.sequence;
  message.subject = stored.subject;
  message.data_size = stored.data_size.value_or(0);
  if (stored.cipher) {
    message.cipher = crypto::CipherName(*stored.cipher);
    message.nonce = AsText(stored.nonce);
  }
  for (const inspect::KeyNumber number : stored.opened_by)
    message.opened_by.push_back(key_names.at(number - 1));
  if (stored.payload) message.payload = AsText(*stored.payload);
  return message;
}

std::string Shown(const inspect::NonceReuse& reuse) {
  std::string text = "channel " + reuse.channel + ", nonce " + ToHex(reuse.nonce) + ", sequences";
  for (const inspect::Place& place : reuse.at) text += " " + std::to_string(place.sequence);
  return text;
}

std::vector<crypto::Secret> SecretsOf(const std::vector<std::string>& key_names,
                                      const std::map<std::string, std::string>& keys) {
  std::vector<crypto::Secret> secrets;
  for (const std::string& name : key_names) secrets.emplace_back(AsBytes(keys.at(name)));
  return secrets;
}

verdict::DiskLogEntry Shown(const inspect::StoredEntry& stored, bool is_freed,
                            const std::vector<std::string>& key_names) {
  verdict::DiskLogEntry entry;
  entry.index = stored.stored.index;
  entry.is_freed = is_freed;
  if (stored.cipher) entry.cipher = crypto::CipherName(*stored.cipher);
  for (const inspect::KeyNumber number : stored.opened_by)
    entry.opened_by.push_back(key_names.at(number - 1));
  if (!stored.operation) return entry;
  for (const wire::Message& message : stored.operation->messages) {
    entry.channel = message.subject;
    entry.sequences.push_back(message.sequence);
  }
  return entry;
}

// What the Raft directory DIRECTORY shows, into DISK; nothing where there is none.
Status AddRaft(env::FileSystem& files, const std::string& directory,
               const std::vector<std::string>& key_names,
               const std::map<std::string, std::string>& keys, verdict::Disk& disk) {
  if (!inspect::IsRaftDirectory(files, directory)) return Status();
  const auto raft = inspect::InspectRaft(files, directory, SecretsOf(key_names, keys),
                                         /*keep_payloads=*/true);
  if (!raft.ok()) return raft.status();
  const auto add = [&](const inspect::StoredEntry& stored, bool is_freed) {
    if (stored.stored.type == raftlog::LogType::kCommand)
      disk.entries.push_back(Shown(stored, is_freed, key_names));
  };
  for (const inspect::StoredEntry& stored : raft.value().entries) {
    add(stored, false);
    if (stored.stored.type == raftlog::LogType::kConfiguration) ++disk.configurations;
  }
  for (const inspect::RaftFreePage& page : raft.value().free_pages) {
    for (const inspect::StoredEntry& stored : page.entries) add(stored, true);
  }
  disk.snapshots += raft.value().snapshots.size();
  for (const inspect::RaftDamage& damage : raft.value().damage)
    disk.damage.push_back({damage.file, 0, "raft", damage.why});
  return Status();
}

}  // namespace

Result<verdict::Disk> LookAtNode(env::FileSystem& files, const std::string& directory,
                                 const std::vector<std::string>& key_names,
                                 const std::map<std::string, std::string>& keys,
                                 const std::vector<std::string>& texts) {
  auto disk = LookAtDisk(files, directory + "/store", key_names, keys, {});
  if (!disk.ok()) return disk;
  const auto clusters = files.List(directory + "/raft");
  for (const auto& cluster :
       clusters.ok() ? clusters.value() : std::vector<env::DirectoryEntry>()) {
    ATREST_TRY(AddRaft(files, directory + "/raft/" + cluster.name, key_names, keys, disk.value()));
  }
  disk.value().sizes.clear();
  ATREST_TRY(Scan(files, directory, texts, disk.value()));
  return disk;
}

Result<verdict::Disk> LookAtDisk(env::FileSystem& files, const std::string& directory,
                                 const std::vector<std::string>& key_names,
                                 const std::map<std::string, std::string>& keys,
                                 const std::vector<std::string>& texts,
                                 const std::string& ignored) {
  verdict::Disk disk;
  if (!files.Exists(directory)) {
    for (const std::string& text : texts) disk.hits.push_back({text, {}, {}});
    return disk;
  }
  inspect::InspectOptions options;
  options.keep_payloads = true;
  const auto inspection = inspect::Inspect(files, directory, SecretsOf(key_names, keys), options);
  if (!inspection.ok()) return inspection.status();
  const auto is_ignored = [&](const std::string& path) {
    return !ignored.empty() && path.starts_with(ignored + "/");
  };
  for (const inspect::Channel& channel : inspection.value().channels) {
    if (channel.name == ignored) continue;
    for (const inspect::StoredMessage& stored : channel.messages) {
      disk.messages.push_back(Shown(channel.name, stored, key_names));
    }
  }
  for (const inspect::Damage& damage : inspection.value().damage) {
    if (is_ignored(damage.file)) continue;
    disk.damage.push_back({damage.file, damage.offset, inspect::NameOf(damage.kind), damage.why});
  }
  for (const inspect::NonceReuse& reuse : inspection.value().nonce_reuse) {
    disk.nonce_reuse.push_back(Shown(reuse));
  }
  ATREST_TRY(Scan(files, directory, texts, disk));
  std::erase_if(disk.sizes, [&](const auto& file) { return is_ignored(file.first); });
  return disk;
}

}  // namespace atrest::runner
