#include "harness/inspect/nonce_reuse.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "harness/inspect/layout.h"
#include "harness/inspect/messages.h"
#include "reference/store/record_format.h"

namespace atrest::inspect {
namespace {

using MessageSpan = std::span<const StoredMessage* const>;

// What the messages of one group have in common; 0 stands for no key.
auto GroupOf(const StoredMessage* message) {
  const KeyNumber key = message->opened_by.empty() ? 0 : message->opened_by[0];
  return std::make_tuple(*message->cipher, message->nonce, key);
}

class DataReader {
 public:
  DataReader(env::FileSystem& files, const std::string& directory, const std::string& channel)
      : files_(files), prefix_(directory + "/"), channel_(channel) {}

  // The stored data of MESSAGE.
  Result<Bytes> Read(const StoredMessage& message) {
    ATREST_TRY(Open(message.place.slice));
    Bytes payload(message.record_size);
    const auto read = file_->ReadAt(message.place.offset + store::kRecordHeaderSize, payload);
    if (!read.ok()) return read.status();
    payload.resize(read.value());
    return DataOf(payload);
  }

 private:
  Status Open(uint64_t slice) {
    if (file_ != nullptr && slice == slice_) return Status();
    const std::string path = prefix_ + SliceName(channel_, slice, store::kDataSuffix);
    auto file = files_.Open(path, env::FileSystem::Mode::kRead);
    if (!file.ok()) return file.status();
    file_ = std::move(file).value();
    slice_ = slice;
    return Status();
  }

  env::FileSystem& files_;
  const std::string prefix_;
  const std::string& channel_;
  std::unique_ptr<env::File> file_;
  uint64_t slice_ = 0;
};

Result<bool> HaveSameData(MessageSpan group, DataReader& reader) {
  const auto first = reader.Read(*group[0]);
  if (!first.ok()) return first.status();
  for (const StoredMessage* message : group.subspan(1)) {
    if (message->data_size != group[0]->data_size) return false;
    const auto data = reader.Read(*message);
    if (!data.ok()) return data.status();
    if (data.value() != first.value()) return false;
  }
  return true;
}

Result<NonceReuse> Describe(const std::string& channel, MessageSpan group, DataReader& reader) {
  const StoredMessage& first = *group[0];
  NonceReuse reuse;
  reuse.channel = channel;
  reuse.cipher = *first.cipher;
  reuse.nonce = first.nonce;
  if (!first.opened_by.empty()) reuse.key = first.opened_by[0];
  for (const StoredMessage* message : group) reuse.at.push_back(message->place);
  const auto same = HaveSameData(group, reader);
  if (!same.ok()) return same.status();
  reuse.same_bytes = same.value();
  return reuse;
}

}  // namespace

Result<std::vector<NonceReuse>> FindNonceReuse(env::FileSystem& files, const std::string& directory,
                                               const Channel& channel) {
  std::vector<const StoredMessage*> sealed;
  for (const StoredMessage& message : channel.messages) {
    if (message.cipher) sealed.push_back(&message);
  }
  // Stable: the messages of a group stay in the order of their places.
  std::ranges::stable_sort(sealed, {}, GroupOf);

  DataReader reader(files, directory, channel.name);
  std::vector<NonceReuse> found;
  for (size_t begin = 0, end = 0; begin < sealed.size(); begin = end) {
    while (end < sealed.size() && GroupOf(sealed[end]) == GroupOf(sealed[begin])) ++end;
    if (end - begin < 2) continue;
    auto reuse = Describe(channel.name, MessageSpan(sealed).subspan(begin, end - begin), reader);
    if (!reuse.ok()) return reuse.status();
    found.push_back(std::move(reuse).value());
  }
  std::ranges::sort(found, {}, [](const NonceReuse& reuse) {
    return std::make_pair(reuse.at[0].slice, reuse.at[0].offset);
  });
  return found;
}

}  // namespace atrest::inspect
