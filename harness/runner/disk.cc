#include "harness/runner/disk.h"

#include "harness/inspect/inspect.h"
#include "harness/inspect/kind_names.h"
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

}  // namespace

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
  std::vector<crypto::Secret> secrets;
  for (const std::string& name : key_names) secrets.emplace_back(AsBytes(keys.at(name)));
  inspect::InspectOptions options;
  options.keep_payloads = true;
  const auto inspection = inspect::Inspect(files, directory, secrets, options);
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
