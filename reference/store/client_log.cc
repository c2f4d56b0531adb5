#include "reference/store/client_log.h"

#include "reference/store/bad_record.h"
#include "reference/store/buffered_writer.h"
#include "reference/store/record_format.h"

namespace atrest::store {
namespace {

constexpr size_t kCompactionBufferSize = 10 * 1024 * 1024;

}  // namespace

ClientLog::ClientLog(const FileContext& context)
    : context_(context), path_(JoinPath(context.root, kClientsFile)) {}

Status ClientLog::Open() {
  if (file_ != nullptr) return Status();
  Result<std::unique_ptr<env::File>> file = OpenVersioned(context_.env.files, path_);
  if (!file.ok()) return file.status();
  file_ = std::move(file).value();
  return Status();
}

Status ClientLog::Recover() {
  clients_.clear();
  file_size_ = deletions_ = 0;
  RecordReader reader(*file_, Framing::kTyped, context_.crc, context_.options.check_crc,
                      kFirstOffset);
  while (reader.Next()) {
    file_size_ += kRecordHeaderSize + reader.payload().size();
    ATREST_TRY(Apply(static_cast<ClientRecord>(reader.type()), reader.payload()));
  }
  if (reader.stop() == ReadStop::kEnd) return Status();
  if (reader.stop() == ReadStop::kZeroPadding) return file_->Truncate(reader.offset());
  return HandleBadRecord(context_, *file_, path_, Framing::kTyped, reader);
}

Status ClientLog::Apply(ClientRecord type, ByteView payload) {
  switch (type) {
    case ClientRecord::kAdd: {
      Result<ClientInfo> client = DecodeClientInfo(payload);
      if (!client.ok()) return client.status();
      const std::string id = client.value().id;
      clients_[id] = std::move(client).value();
      return Status();
    }
    case ClientRecord::kDelete: {
      const Result<std::string> id = DecodeClientDelete(payload);
      if (!id.ok()) return id.status();
      clients_.erase(id.value());
      ++deletions_;
      return Status();
    }
  }
  return Status(Code::kCorrupt,
                "invalid client record type: " + std::to_string(static_cast<int>(type)));
}

Status ClientLog::Append(ClientRecord type, ByteView payload) {
  Bytes record;
  ATREST_TRY(AppendTypedRecord(static_cast<uint8_t>(type), payload, context_.crc, record));
  ATREST_TRY(Open());
  ATREST_TRY(file_->Append(record));
  file_size_ += record.size();
  return Status();
}

Status ClientLog::Add(const ClientInfo& client) {
  Bytes payload;
  Encode(client, payload);
  ATREST_TRY(Append(ClientRecord::kAdd, payload));
  clients_[client.id] = client;
  return Status();
}

Status ClientLog::Delete(const std::string& id) {
  Bytes payload;
  EncodeClientDelete(id, payload);
  const Status written = Append(ClientRecord::kDelete, payload);
  // Forgotten even if the record was not written: a compaction then makes up for it.
  clients_.erase(id);
  ++deletions_;
  return ShouldCompact() ? Compact() : written;
}

bool ClientLog::ShouldCompact() const {
  const FileStoreOptions& options = context_.options;
  if (!options.compact_enabled || file_size_ < options.compact_min_file_size) return false;
  const uint64_t fragmentation = deletions_ * 100 / (deletions_ + clients_.size());
  if (options.compact_fragmentation > 0 &&
      fragmentation < static_cast<uint64_t>(options.compact_fragmentation)) {
    return false;
  }
  return !compacted_ns_ ||
         context_.env.clock.NowNs() - *compacted_ns_ >= options.compact_interval_ns;
}

Result<uint64_t> ClientLog::WriteCompacted(env::File& file) const {
  BufferedWriter writer(kCompactionBufferSize, kCompactionBufferSize);
  writer.Attach(&file);
  uint64_t size = 0;
  for (const auto& [id, client] : clients_) {
    Bytes payload;
    Encode(client, payload);
    Bytes record;
    ATREST_TRY(
        AppendTypedRecord(static_cast<uint8_t>(ClientRecord::kAdd), payload, context_.crc, record));
    size += record.size();
    ATREST_TRY(writer.Write(record));
  }
  ATREST_TRY(writer.Flush());
  return size;
}

Status ClientLog::Compact() {
  file_.reset();
  std::string path;
  Result<std::unique_ptr<env::File>> made = MakeTemporary(context_, kClientsFile, &path);
  if (!made.ok()) return made.status();
  const Result<uint64_t> size = WriteCompacted(*made.value());
  std::move(made).value().reset();
  const Status replaced = size.ok() ? context_.env.files.Rename(path, path_) : size.status();
  if (!replaced.ok()) {
    (void)context_.env.files.Remove(path);
    return replaced;
  }
  deletions_ = 0;
  file_size_ = size.value();
  compacted_ns_ = context_.env.clock.NowNs();
  return Status();
}

std::vector<ClientInfo> ClientLog::Clients() const {
  std::vector<ClientInfo> all;
  for (const auto& [id, client] : clients_) all.push_back(client);
  return all;
}

}  // namespace atrest::store
