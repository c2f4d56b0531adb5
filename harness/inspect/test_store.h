// A file store in memory that a test makes byte by byte, right or wrong, and inspects: a base of
// test fixtures.
// Threads: none shared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/inspect/inspect.h"
#include "harness/inspect/kind_names.h"
#include "reference/base/check.h"
#include "reference/env/mem_file_system.h"
#include "reference/store/journal.h"
#include "reference/store/record.h"
#include "reference/wire/msg_proto.h"

namespace atrest::inspect {

class TestStore {
 protected:
  TestStore() { ATREST_CHECK(files_.MakeDirectories("d").ok()); }

  void Put(const std::string& name, const Bytes& bytes) {
    const std::string path = "d/" + name;
    ATREST_CHECK(files_.MakeDirectories(path.substr(0, path.rfind('/'))).ok());
    ATREST_CHECK(env::WriteWhole(files_, path, bytes).ok());
  }

  Inspection Look() {
    auto found = Inspect(files_, "d", keys_, options_);
    return std::move(found).value();
  }

  // "file kind offset+bytes", one for each damage.
  std::vector<std::string> LookForDamage() {
    std::vector<std::string> lines;
    for (const Damage& damage : Look().damage) {
      ATREST_CHECK(!damage.why.empty());
      lines.push_back(damage.file + " " + NameOf(damage.kind) + " " +
                      std::to_string(damage.offset) + "+" + std::to_string(damage.bytes));
    }
    return lines;
  }

  // The sequences of the first channel's messages.
  std::vector<uint64_t> LookForSequences() {
    const Inspection found = Look();
    std::vector<uint64_t> sequences;
    for (const StoredMessage& message : found.channels.at(0).messages) {
      sequences.push_back(message.place.sequence);
    }
    return sequences;
  }

  static Bytes Header() { return {1, 0, 0, 0}; }
  static Bytes Join(const std::vector<Bytes>& parts) {
    Bytes all;
    for (const Bytes& part : parts) Append(all, part);
    return all;
  }
  static Bytes Zeros(size_t size) { return Bytes(size); }

  static Bytes Untyped(ByteView payload) {
    Bytes record;
    store::AppendRecord(payload, Crc32(Crc32::kIeee), record);
    return record;
  }
  static Bytes Typed(uint8_t type, ByteView payload) {
    Bytes record;
    ATREST_CHECK(store::AppendTypedRecord(type, payload, Crc32(Crc32::kIeee), record).ok());
    return record;
  }
  template <typename T>
  static Bytes Encoded(const T& value) {
    Bytes bytes;
    Encode(value, bytes);
    return bytes;
  }

  // A record of 24 bytes: 8 of framing, 2 sequence, 5 subject, 3 data, 6 time.
  static constexpr uint64_t kRecordSize = 24;
  static wire::Message MakeMessage(uint64_t sequence, const Bytes& data = {'x'}) {
    wire::Message message;
    message.sequence = sequence;
    message.subject = "foo";
    message.data.emplace(data);
    message.timestamp_ns = int64_t{1} << 30;
    return message;
  }
  static Bytes MessageRecord(uint64_t sequence, const Bytes& data = {'x'}) {
    return Untyped(Encoded(MakeMessage(sequence, data)));
  }
  // The offset of the NUMBERth such record, from 1, of a data file.
  static uint64_t OffsetOf(uint64_t number) { return 4 + (number - 1) * kRecordSize; }
  static Bytes IndexRecordOf(uint64_t sequence, uint64_t offset, uint32_t size = kRecordSize - 8) {
    Bytes record;
    store::AppendIndexRecord({sequence, offset, int64_t{1} << 30, size}, Crc32(Crc32::kIeee),
                             record);
    return record;
  }
  // A slice of messages 1 to COUNT with its index.
  void PutSlice(uint64_t count) {
    Bytes data = Header();
    Bytes index = Header();
    for (uint64_t i = 1; i <= count; ++i) {
      Append(data, MessageRecord(i));
      Append(index, IndexRecordOf(i, OffsetOf(i)));
    }
    Put("foo/msgs.1.dat", data);
    Put("foo/msgs.1.idx", index);
  }
  // Changes the byte AT of the file NAME.
  void Flip(const std::string& name, uint64_t at) {
    Bytes bytes = env::ReadWhole(files_, "d/" + name, 1 << 20).value();
    bytes.at(at) ^= 1;
    Put(name, bytes);
  }
  void Cut(const std::string& name, uint64_t size) {
    Bytes bytes = env::ReadWhole(files_, "d/" + name, 1 << 20).value();
    bytes.resize(size);
    Put(name, bytes);
  }

  env::MemFileSystem files_;
  std::vector<crypto::Secret> keys_;
  InspectOptions options_;
};

}  // namespace atrest::inspect
