#include "harness/inspect/messages.h"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/inspect/decode.h"
#include "reference/wire/msg_proto.h"

namespace atrest::inspect {
namespace {

using store::IndexEntry;

// The records of an index by the offset they name; of several for one offset, the last.
class IndexByOffset {
 public:
  explicit IndexByOffset(const std::vector<IndexRecord>& records) {
    for (const IndexRecord& record : records) entries_.push_back(record.entry);
    std::ranges::stable_sort(entries_, {}, &IndexEntry::offset);
  }

  std::vector<uint64_t> Offsets() const {
    std::vector<uint64_t> offsets;
    for (const IndexEntry& entry : entries_) offsets.push_back(entry.offset);
    return offsets;
  }

  IndexState Compare(const Record& record, const wire::Message& message) const {
    const auto behind = std::ranges::upper_bound(entries_, record.offset, {}, &IndexEntry::offset);
    if (behind == entries_.begin() || std::prev(behind)->offset != record.offset) {
      return IndexState::kMissing;
    }
    const IndexEntry& entry = *std::prev(behind);
    const bool agrees = entry.sequence == message.sequence &&
                        entry.timestamp_ns == message.timestamp_ns &&
                        entry.size == record.payload.size();
    return agrees ? IndexState::kAgrees : IndexState::kDiffers;
  }

 private:
  std::vector<IndexEntry> entries_;
};

// Damage for each index record that names an offset at which no record was read.
void AddAstray(const IndexFile& index, const std::vector<Record>& records,
               std::vector<DamagedBytes>& damage) {
  for (const IndexRecord& record : index.records) {
    if (std::ranges::binary_search(records, record.entry.offset, {}, &Record::offset)) continue;
    damage.push_back(
        {record.position, 32, DamageKind::kIndex,
         "it names offset " + std::to_string(record.entry.offset) + ", where no record was read"});
  }
}

std::optional<crypto::Cipher> CipherOf(ByteView data) {
  if (data.size() < crypto::kOverhead) return std::nullopt;
  for (const crypto::Cipher cipher : {crypto::Cipher::kAes, crypto::Cipher::kChaCha}) {
    if (data[0] == static_cast<uint8_t>(cipher)) return cipher;
  }
  return std::nullopt;
}

}  // namespace

ChannelKeys::ChannelKeys(const std::vector<crypto::Secret>& keys, const std::string& channel) {
  for (const crypto::Secret& key : keys) {
    // Nothing is sealed, so that cipher and nonces are never used.
    envelopes_.emplace_back(crypto::Cipher::kAes, crypto::DeriveChannelKey(key, channel),
                            crypto::NonceSequence(std::array<uint8_t, 4>{}, 0));
  }
}

void ChannelKeys::Open(std::optional<ByteView> data, bool keep_payload,
                       StoredMessage& message) const {
  const ByteView stored = data.value_or(ByteView());
  message.cipher = CipherOf(stored);
  if (!message.cipher) {
    if (keep_payload) message.payload = Bytes(stored.begin(), stored.end());
    return;
  }
  std::ranges::copy(stored.subspan(1, crypto::kNonceSize), message.nonce.begin());
  for (size_t i = 0; i < envelopes_.size(); ++i) {
    Result<Bytes> opened = envelopes_[i].Open(stored);
    if (!opened.ok()) continue;
    message.opened_by.push_back(i + 1);
    if (message.plaintext_size) continue;
    message.plaintext_size = opened.value().size();
    if (keep_payload) message.payload = std::move(opened).value();
  }
}

void ReadSlice(const SliceFiles& files, const Crc32& crc, const ChannelKeys& keys,
               bool keep_payloads, SliceFindings& findings) {
  IndexFile index = files.index ? ReadIndex(*files.index, crc) : IndexFile();
  const IndexByOffset by_offset(index.records);
  RecordFile data = ReadRecords(files.data, store::Framing::kUntyped, crc, by_offset.Offsets());
  findings.data_damage = std::move(data.damage);
  findings.index_damage = std::move(index.damage);
  AddAstray(index, data.records, findings.index_damage);

  for (const Record& record : data.records) {
    Result<wire::Message> decoded = DecodeStrictly(record.payload, wire::DecodeMessage);
    if (!decoded.ok()) {
      if (!record.crc_ok) continue;
      findings.data_damage.push_back(
          record.AsDamage(DamageKind::kUndecodable, decoded.status().message()));
      continue;
    }
    wire::Message& message = decoded.value();
    StoredMessage& stored = findings.messages.emplace_back();
    stored.place = {files.number, record.offset, message.sequence};
    stored.record_size = static_cast<uint32_t>(record.payload.size());
    stored.timestamp_ns = message.timestamp_ns;
    stored.crc_ok = record.crc_ok;
    stored.index = by_offset.Compare(record, message);
    if (message.data) stored.data_size = message.data->size();
    keys.Open(message.data, keep_payloads, stored);
    stored.subject = std::move(message.subject);
    stored.reply = std::move(message.reply);
  }

  Slice& slice = findings.slices.emplace_back();
  slice.number = files.number;
  slice.data_size = files.data.size();
  if (files.index) slice.index_size = files.index->size();
  slice.records = data.records.size();
  slice.index_records = index.records.size();
  slice.data_padding = data.padding;
  slice.index_padding = index.padding;
}

Bytes DataOf(ByteView payload) {
  Result<wire::Message> message = DecodeStrictly(payload, wire::DecodeMessage);
  if (!message.ok() || !message.value().data) return {};
  return *std::move(message.value().data);
}

}  // namespace atrest::inspect
