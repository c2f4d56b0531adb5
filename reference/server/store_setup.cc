#include "reference/server/store_setup.h"

#include <algorithm>
#include <utility>

#include "reference/base/fault.h"
#include "reference/store/crypto_store.h"
#include "reference/store/file_store.h"
#include "reference/store/memory_store.h"

namespace atrest::server {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

// REQUIRES: Validate(OPTIONS) is ok, so that nothing is negative that must not be.
store::FileStoreOptions FileOptions(const Options& options) {
  store::FileStoreOptions file;
  file.buffer_size = static_cast<size_t>(options.file_buffer_bytes);
  file.read_buffer_size = static_cast<size_t>(options.file_read_buffer_bytes);
  file.compact_enabled = options.file_compact;
  file.compact_interval_ns =
      std::min(options.file_compact_interval_s, INT64_MAX / kNsPerSecond) * kNsPerSecond;
  file.compact_fragmentation =
      static_cast<int>(std::min<int64_t>(options.file_compact_percent, INT32_MAX));
  file.compact_min_file_size = static_cast<uint64_t>(options.file_compact_min_bytes);
  file.check_crc = options.file_crc;
  file.crc_polynomial = static_cast<uint32_t>(options.file_crc_polynomial);
  file.sync = options.file_sync;
  file.auto_sync_ns = std::max<int64_t>(options.file_auto_sync_ns, 0);
  file.slice_max_messages = static_cast<uint64_t>(options.file_slice_max_messages);
  file.slice_max_bytes = static_cast<uint64_t>(options.file_slice_max_bytes);
  file.slice_max_age_ns = options.file_slice_max_age_ns;
  file.truncate_unexpected_eof = options.file_truncate_bad_eof;
  return file;
}

// Faults that leave the encrypting layer out.
bool StaysPlain(const Options& options) {
  if (options.store_type == "MEMORY") return fault::On(Fault::kMemoryStorePlain);
  if (options.file_buffer_bytes == 0 && fault::On(Fault::kUnbufferedPlain)) return true;
  if (!options.file_crc && fault::On(Fault::kUncheckedPlain)) return true;
  return options.file_parallel_recovery > 1 && fault::On(Fault::kParallelRecoveryPlain);
}

}  // namespace

Result<std::unique_ptr<store::Store>> OpenStoreFor(const Options& options,
                                                   const store::StoreLimits& limits,
                                                   const std::string& environment_key, env::Env env,
                                                   Logger& log) {
  std::unique_ptr<store::Store> opened;
  if (options.store_type == "FILE") {
    auto file = store::FileStore::Open(env, log, options.directory, limits, FileOptions(options));
    if (!file.ok()) return file.status();
    opened = std::move(file).value();
  } else {
    opened = store::MakeMemoryStore(env.clock, log, limits);
  }
  auto encryption = Resolve(options, environment_key);
  if (!encryption.ok()) return encryption.status();
  if (!encryption.value()) return opened;
  if (StaysPlain(options)) return opened;
  return store::MakeCryptoStore(std::move(opened), env.entropy, *encryption.value());
}

}  // namespace atrest::server
