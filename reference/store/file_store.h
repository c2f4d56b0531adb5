// The file store: the real server's datastore directory, read and written byte for byte. FORMAT.md
// says what is on disk; specification, standalone.md section 1.
// For a standalone server, the in-process target of the harness, and the simulator (over an Env in
// memory).
// Nothing is decrypted here: payloads are bytes; crypto_store.h seals and opens them.
// Ownership: borrows its Env and Logger, which must outlive it. Holds files open.
// Errors: see store.h; the texts of refusals to open are the real server's, and its log lines go
// to the Logger.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "reference/base/crc32.h"
#include "reference/base/logger.h"
#include "reference/env/env.h"
#include "reference/store/store.h"

namespace atrest::store {

// Defaults are the real server's.
struct FileStoreOptions {
  size_t buffer_size = 2 * 1024 * 1024;  // bytes; 0: every record is written through
  size_t read_buffer_size =
      2 * 1024 * 1024;  // bytes read ahead on a lookup; 0: one record at a time
  bool compact_enabled = true;
  int64_t compact_interval_ns =
      300'000'000'000;             // the least time between two compactions of a file
  int compact_fragmentation = 50;  // per cent of removed records at which a journal is compacted
  uint64_t compact_min_file_size = 1024 * 1024;  // bytes of records; 0: any size
  bool check_crc = true;                         // on reading; checksums are always written
  uint32_t crc_polynomial = Crc32::kIeee;        // reversed notation; not stored anywhere
  bool sync = true;                              // Flush syncs
  int64_t auto_sync_ns = 60'000'000'000;         // 0: never
  uint64_t slice_max_messages = 0;  // 0 in all three: a quarter of the channel's limits
  uint64_t slice_max_bytes = 64 * 1024 * 1024;
  int64_t slice_max_age_ns = 0;
  // Reading ahead takes records to lie one behind the other, as the real server does. A process
  // that was killed between its write of messages and that of their index has left records in
  // between that are not indexed, and the messages behind them are then taken for others where
  // their sizes are the same. Without it reading ahead ends in front of such records.
  bool assume_adjacent = true;
  bool truncate_unexpected_eof = false;  // repair a torn tail at recovery; not twice in a row
};

class FileStore {
 public:
  // Prepares DIRECTORY (made if it is missing); reads nothing yet. Fails as the real server does:
  // kInvalid "for FILE stores, root directory must be specified", and the text for two consecutive
  // starts with truncate_unexpected_eof.
  static Result<std::unique_ptr<Store>> Open(env::Env env, Logger& log,
                                             const std::string& directory,
                                             const StoreLimits& limits,
                                             const FileStoreOptions& options);
};

}  // namespace atrest::store
