// Who is connected, in clients.dat: a journal of added and deleted clients, written through and
// never synced. Specification, standalone.md 1.4; record payloads in journal.h.
// Ownership: borrows its FileContext. Holds its file open.
// Errors: Status, with the operating system's or the record reader's text.
// Threads: one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/store/file_context.h"
#include "reference/store/journal.h"

namespace atrest::store {

class ClientLog {
 public:
  explicit ClientLog(const FileContext& context);

  // Opens clients.dat, and makes it where there is none.
  Status Open();
  // Replays it. "invalid client record type: N" for a type it does not know. REQUIRES: Open()
  // succeeded.
  Status Recover();
  Status Add(const ClientInfo& client);
  // Also rewrites the file if too many of its records are deletions.
  Status Delete(const std::string& id);
  void Close() { file_.reset(); }

  // By id.
  std::vector<ClientInfo> Clients() const;
  const std::string& path() const { return path_; }

 private:
  Status Apply(ClientRecord type, ByteView payload);
  Status Append(ClientRecord type, ByteView payload);
  bool ShouldCompact() const;
  Status Compact();
  Result<uint64_t> WriteCompacted(env::File& file) const;

  const FileContext& context_;
  const std::string path_;
  std::unique_ptr<env::File> file_;  // null while closed
  std::map<std::string, ClientInfo> clients_;
  uint64_t file_size_ = 0;  // of the records
  uint64_t deletions_ = 0;
  std::optional<int64_t> compacted_ns_;
};

}  // namespace atrest::store
