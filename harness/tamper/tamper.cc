#include "harness/tamper/tamper.h"

#include <algorithm>
#include <cstddef>

#include "harness/tamper/log_bytes.h"
#include "harness/tamper/record_bytes.h"

namespace atrest::tamper {
namespace {

constexpr uint64_t kFileMax = 1u << 30;

Status Refuse(const std::string& file, const std::string& why) {
  return Status(Code::kInvalid, "cannot tamper with " + file + ": " + why);
}

// The position AT means in a range of SIZE bytes: from the end if negative.
Result<size_t> Position(const std::string& file, int64_t at, size_t size) {
  const int64_t position = at < 0 ? at + static_cast<int64_t>(size) : at;
  if (position < 0 || position >= static_cast<int64_t>(size)) {
    return Refuse(file, "position " + std::to_string(at) + " is outside");
  }
  return static_cast<size_t>(position);
}

// A record of a message file, or a command of a Raft log.
std::optional<RecordPlace> Find(const std::string& file, ByteView bytes, uint64_t number) {
  return IsRaftLog(file) ? FindCommand(bytes, number) : FindRecord(bytes, number);
}

size_t EndOf(const RecordPlace& record) { return record.payload.offset + record.payload.size; }

// No checksum covers what is in a Raft log.
void Repair(const std::string& file, Bytes& bytes, const RecordPlace& record) {
  if (!IsRaftLog(file)) RepairChecksum(bytes, record);
}

class Operator {
 public:
  Operator(std::string directory, env::FileSystem& files)
      : directory_(std::move(directory)), files_(files) {}

  Status operator()(const scenario::FlipByte& op) const {
    return Edit(op.file, [&](Bytes& bytes) -> Status {
      const auto at = Position(op.file, op.at, bytes.size());
      if (!at.ok()) return at.status();
      bytes[at.value()] = static_cast<uint8_t>(bytes[at.value()] ^ op.mask);
      return Status();
    });
  }

  Status operator()(const scenario::Truncate& op) const {
    return Edit(op.file, [&](Bytes& bytes) -> Status {
      const uint64_t by = op.by.value_or(0);
      if (by > bytes.size()) return Refuse(op.file, "it is shorter than that");
      bytes.resize(op.size ? *op.size : bytes.size() - by);
      return Status();
    });
  }

  Status operator()(const scenario::AppendBytes& op) const {
    return Edit(op.file, [&](Bytes& bytes) {
      Append(bytes, AsBytes(op.bytes));
      return Status();
    });
  }

  Status operator()(const scenario::RemoveFile& op) const { return files_.Remove(Path(op.file)); }
  Status operator()(const scenario::RenameFile& op) const {
    return files_.Rename(Path(op.file), Path(op.to));
  }
  Status operator()(const scenario::MakeDirectory& op) const {
    return files_.MakeDirectories(Path(op.file));
  }

  Status operator()(const scenario::ChangeRecord& op) const {
    return Edit(op.file, [&](Bytes& bytes) -> Status {
      const auto record = Find(op.file, bytes, op.record);
      if (!record) return Refuse(op.file, "no record " + std::to_string(op.record));
      const auto range = op.from_data ? record->data : record->payload;
      const auto at = Position(op.file, op.offset, range.size);
      if (!at.ok()) return at.status();
      uint8_t& byte = bytes[range.offset + at.value()];
      byte = op.set ? *op.set : static_cast<uint8_t>(byte ^ op.flip.value_or(0));
      if (op.repair_crc) Repair(op.file, bytes, *record);
      return Status();
    });
  }

  Status operator()(const scenario::FillData& op) const {
    return Edit(op.file, [&](Bytes& bytes) -> Status {
      const auto record = Find(op.file, bytes, op.record);
      if (!record) return Refuse(op.file, "no record " + std::to_string(op.record));
      for (size_t i = 0; i < record->data.size; ++i)
        bytes[record->data.offset + i] = static_cast<uint8_t>(op.bytes[i % op.bytes.size()]);
      Repair(op.file, bytes, *record);
      return Status();
    });
  }

  Status operator()(const scenario::RemoveRecord& op) const {
    return Edit(op.file, [&](Bytes& bytes) -> Status {
      if (IsRaftLog(op.file)) {
        if (RemoveCommand(bytes, op.record)) return Status();
      } else if (const auto record = FindRecord(bytes, op.record)) {
        const auto at = bytes.begin();
        bytes.erase(at + static_cast<ptrdiff_t>(record->header),
                    at + static_cast<ptrdiff_t>(EndOf(*record)));
        return Status();
      }
      return Refuse(op.file, "no record " + std::to_string(op.record));
    });
  }

  Status operator()(const scenario::SwapRecords& op) const {
    return Edit(op.file, [&](Bytes& bytes) -> Status {
      const auto a = Find(op.file, bytes, op.a);
      const auto b = Find(op.file, bytes, op.b);
      if (!a || !b) return Refuse(op.file, "no such records");
      if (a->payload.size != b->payload.size) return Refuse(op.file, "the records differ in size");
      std::swap_ranges(bytes.data() + a->header, bytes.data() + EndOf(*a),
                       bytes.data() + b->header);
      return Status();
    });
  }

  Status operator()(const scenario::EmptyBucket& op) const {
    return Edit(op.file, [&](Bytes& bytes) -> Status {
      if (tamper::EmptyBucket(bytes, op.bucket)) return Status();
      return Refuse(op.file, "no bucket \"" + op.bucket + "\"");
    });
  }

  Status operator()(const scenario::SaveCopy& op) const {
    ATREST_TRY(files_.RemoveAll(CopyOf(op.name)));
    return Copy(Path(op.file), CopyOf(op.name));
  }
  Status operator()(const scenario::RestoreCopy& op) const {
    const std::string copy = op.node.empty() ? CopyOf(op.name) : CopyOf(op.node, op.name);
    if (!files_.Exists(copy)) return Refuse(op.file, "no copy \"" + op.name + "\"");
    ATREST_TRY(files_.RemoveAll(Path(op.file)));
    return Copy(copy, Path(op.file));
  }

  Status operator()(const scenario::SwapData& op) const {
    return MoveData(op.file, op.a, op.b, true);
  }
  Status operator()(const scenario::CopyData& op) const {
    return MoveData(op.file, op.a, op.b, false);
  }

 private:
  std::string Path(const std::string& file) const {
    return file == "." ? directory_ : directory_ + "/" + file;
  }
  // Beside the store: nothing of it is ever in the target's way.
  std::string CopyOf(const std::string& name) const { return directory_ + ".copies/" + name; }

  // The directories of nodes are beside each other.
  std::string CopyOf(const std::string& node, const std::string& name) const {
    return directory_.substr(0, directory_.rfind('/') + 1) + node + ".copies/" + name;
  }

  // A file, or a directory with all in it.
  Status Copy(const std::string& from, const std::string& to) const {
    const auto listed = files_.List(from);
    if (!listed.ok()) {
      const auto bytes = env::ReadWhole(files_, from, kFileMax);
      if (!bytes.ok()) return bytes.status();
      ATREST_TRY(files_.MakeDirectories(to.substr(0, to.rfind('/'))));
      return env::WriteWhole(files_, to, bytes.value());
    }
    ATREST_TRY(files_.MakeDirectories(to));
    for (const env::DirectoryEntry& entry : listed.value()) {
      if (entry.is_directory || entry.is_regular)
        ATREST_TRY(Copy(from + "/" + entry.name, to + "/" + entry.name));
    }
    return Status();
  }

  template <typename Change>
  Status Edit(const std::string& file, Change change) const {
    auto bytes = env::ReadWhole(files_, Path(file), kFileMax);
    if (!bytes.ok()) return bytes.status();
    ATREST_TRY(change(bytes.value()));
    return env::WriteWhole(files_, Path(file), bytes.value());
  }

  // Record B gets the data of A, and with SWAP A that of B.
  Status MoveData(const std::string& file, uint64_t a, uint64_t b, bool swap) const {
    return Edit(file, [&](Bytes& bytes) -> Status {
      const auto first = Find(file, bytes, a);
      const auto second = Find(file, bytes, b);
      if (!first || !second) return Refuse(file, "no such records");
      if (first->data.size != second->data.size)
        return Refuse(file, "the records' data differ in size");
      for (size_t i = 0; i < first->data.size; ++i) {
        uint8_t& from = bytes[first->data.offset + i];
        uint8_t& to = bytes[second->data.offset + i];
        const uint8_t kept = to;
        to = from;
        if (swap) from = kept;
      }
      Repair(file, bytes, *first);
      Repair(file, bytes, *second);
      return Status();
    });
  }

  std::string directory_;
  env::FileSystem& files_;
};

}  // namespace

Status Apply(const std::vector<scenario::TamperOperation>& operations, const std::string& directory,
             env::FileSystem& files) {
  const Operator apply(directory, files);
  for (const scenario::TamperOperation& operation : operations)
    ATREST_TRY(std::visit(apply, operation));
  return Status();
}

}  // namespace atrest::tamper
