#include "harness/inspect/inspect.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "harness/inspect/journals.h"
#include "harness/inspect/layout.h"
#include "harness/inspect/messages.h"
#include "harness/inspect/nonce_reuse.h"
#include "reference/store/record_format.h"

namespace atrest::inspect {
namespace {

class Inspector {
 public:
  Inspector(env::FileSystem& files, const std::string& directory,
            const std::vector<crypto::Secret>& keys, const InspectOptions& options)
      : files_(files),
        directory_(directory),
        keys_(keys),
        options_(options),
        crc_(options.crc_polynomial) {}

  Result<Inspection> Run() {
    auto layout = ReadLayout(files_, directory_);
    if (!layout.ok()) return layout.status();
    if (layout.value().server) ATREST_TRY(Read(store::kServerFile, ReadServer, found_.server));
    if (layout.value().clients) ATREST_TRY(Read(store::kClientsFile, ReadClients, found_.clients));
    for (const auto& [name, files] : layout.value().channels) {
      ATREST_TRY(ReadChannel(name, files));
    }
    std::ranges::stable_sort(found_.damage, {}, [](const Damage& damage) {
      return std::tie(damage.file, damage.offset);
    });
    found_.other_files = std::move(layout.value().other_files);
    found_.payloads_kept = options_.keep_payloads;
    return std::move(found_);
  }

 private:
  Result<Bytes> ReadFile(const std::string& name) {
    return env::ReadWhole(files_, directory_ + "/" + name, std::numeric_limits<uint64_t>::max());
  }

  // Reads the journal NAME with READER into *INTO.
  template <typename T>
  Status Read(const std::string& name,
              T (*reader)(ByteView, const Crc32&, std::vector<DamagedBytes>&), T& into) {
    const auto file = ReadFile(name);
    if (!file.ok()) return file.status();
    std::vector<DamagedBytes> damage;
    into = reader(file.value(), crc_, damage);
    AddDamage(name, std::move(damage));
    return Status();
  }

  Status ReadChannel(const std::string& name, const ChannelFiles& files) {
    Channel channel;
    channel.name = name;
    const ChannelKeys keys(keys_, name);
    for (const auto& [number, has_index] : files.slices) {
      ATREST_TRY(AddSlice(number, has_index, keys, channel));
    }
    if (files.subscriptions) {
      const std::string path = name + "/" + store::kSubscriptionsFile;
      ATREST_TRY(Read(path, ReadSubscriptions, channel.subscriptions));
    }
    auto reuse = FindNonceReuse(files_, directory_, channel);
    if (!reuse.ok()) return reuse.status();
    std::ranges::move(reuse.value(), std::back_inserter(found_.nonce_reuse));
    found_.channels.push_back(std::move(channel));
    return Status();
  }

  Status AddSlice(uint64_t number, bool has_index, const ChannelKeys& keys, Channel& channel) {
    const std::string data_name = SliceName(channel.name, number, store::kDataSuffix);
    const std::string index_name = SliceName(channel.name, number, store::kIndexSuffix);
    const auto data = ReadFile(data_name);
    if (!data.ok()) return data.status();
    const auto index = has_index ? ReadFile(index_name) : Result<Bytes>(Bytes());
    if (!index.ok()) return index.status();

    SliceFiles files{number, data.value(), std::nullopt};
    if (has_index) files.index = index.value();
    SliceFindings findings{channel.slices, channel.messages};
    ReadSlice(files, crc_, keys, options_.keep_payloads, findings);
    AddDamage(data_name, std::move(findings.data_damage));
    AddDamage(index_name, std::move(findings.index_damage));
    return Status();
  }

  void AddDamage(const std::string& file, std::vector<DamagedBytes> damage) {
    for (DamagedBytes& bytes : damage) {
      found_.damage.push_back({file, bytes.offset, bytes.bytes, bytes.kind, std::move(bytes.why)});
    }
  }

  env::FileSystem& files_;
  const std::string& directory_;
  const std::vector<crypto::Secret>& keys_;
  const InspectOptions& options_;
  const Crc32 crc_;
  Inspection found_;
};

}  // namespace

Result<Inspection> Inspect(env::FileSystem& files, const std::string& directory,
                           const std::vector<crypto::Secret>& keys, const InspectOptions& options) {
  return Inspector(files, directory, keys, options).Run();
}

}  // namespace atrest::inspect
