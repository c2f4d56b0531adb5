#include "harness/capture/rewrite.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "harness/inspect/framing.h"
#include "reference/crypto/aead.h"
#include "reference/crypto/envelope.h"

namespace atrest::capture {
namespace {

constexpr size_t kVersionSize = 4;
constexpr size_t kHeaderSize = 8;
constexpr size_t kCrcAt = 4;  // within a header
constexpr uint64_t kSubject = 2;
constexpr uint64_t kReply = 3;
constexpr uint64_t kData = 4;
// A tag that no protobuf has, so that what could not be decoded still cannot.
constexpr uint8_t kUndecodable = 0x07;

// One length-delimited field of a protobuf message: where its bytes are.
struct Blob {
  uint64_t number = 0;
  size_t offset = 0;
  size_t size = 0;
};

std::optional<uint64_t> Varint(ByteView bytes, size_t& at) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && at < bytes.size(); shift += 7) {
    const uint8_t byte = bytes[at++];
    if (shift < 64) value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

// Those of PAYLOAD, in order; nullopt if it is no protobuf.
std::optional<std::vector<Blob>> BlobsOf(ByteView payload) {
  std::vector<Blob> blobs;
  for (size_t at = 0; at < payload.size();) {
    const auto tag = Varint(payload, at);
    if (!tag) return std::nullopt;
    uint64_t size = 0;
    switch (*tag & 7) {
      case 0:
        if (!Varint(payload, at)) return std::nullopt;
        break;
      case 1:
        size = 8;
        break;
      case 2: {
        const auto length = Varint(payload, at);
        if (!length || *length > payload.size() - at) return std::nullopt;
        size = *length;
        blobs.push_back({*tag >> 3, at, size});
        break;
      }
      case 3:
      case 4:
        break;  // what is in a group is looked at as if it were not
      case 5:
        size = 4;
        break;
      default:
        return std::nullopt;
    }
    if (size > payload.size() - at) return std::nullopt;
    at += size;
  }
  return blobs;
}

void PutCrc(Bytes& file, size_t record, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) file[record + kCrcAt + i] = static_cast<uint8_t>(value >> (8 * i));
}

// REQUIRES: TEXT has the size of what is there.
void Put(Bytes& file, size_t at, const std::string& text) {
  std::ranges::copy(text, file.begin() + static_cast<ptrdiff_t>(at));
}
std::string TextAt(const Bytes& file, size_t at, size_t size) {
  return std::string(AsText(ByteView(file).subspan(at, size)));
}

// What a record's payload becomes: changes FILE, whose payload begins at AT.
using ChangeBlobs =
    std::function<Status(Bytes& file, size_t at, size_t record, const std::vector<Blob>& blobs)>;

// Every record in turn, and the bytes around them.
Result<Bytes> Rewrite(Bytes file, store::Framing framing, const std::vector<uint64_t>& resume_at,
                      const Crc32& crc, const ChangeBlobs& change) {
  const Bytes original = file;
  const auto read = inspect::ReadRecords(original, framing, crc, resume_at);
  std::vector<bool> is_covered(file.size());
  const auto cover = [&](size_t begin, size_t size) {
    const size_t end = std::min(file.size(), begin + size);
    for (size_t at = begin; at < end; ++at) is_covered[at] = true;
  };
  cover(0, kVersionSize);
  for (const auto& damage : read.damage) cover(damage.offset, kHeaderSize);
  for (const inspect::Record& record : read.records) {
    cover(record.offset, kHeaderSize + record.payload.size());
    const size_t at = record.offset + kHeaderSize;
    if (const auto blobs = BlobsOf(record.payload)) {
      ATREST_TRY(change(file, at, record.offset, *blobs));
    } else {
      std::fill_n(file.begin() + static_cast<ptrdiff_t>(at), record.payload.size(), kUndecodable);
    }
    if (record.crc_ok)
      PutCrc(file, record.offset, crc.Of(ByteView(file).subspan(at, record.payload.size())));
  }
  for (size_t at = 0; at < file.size(); ++at) {
    if (!is_covered[at] && file[at] != 0) file[at] = kUndecodable;
  }
  return file;
}

Status PutName(Bytes& file, size_t at, size_t size, Disguise& disguise) {
  const auto name = disguise.Name(TextAt(file, at, size));
  if (!name.ok()) return name.status();
  Put(file, at, name.value());
  return {};
}

// PLAINTEXT sealed as STORED was, under the stand-in of a key.
std::string Sealed(const inspect::StoredMessage& stored, const std::string& key,
                   const std::string& channel, const std::string& plaintext) {
  const crypto::Secret derived = crypto::DeriveChannelKey(crypto::Secret(AsBytes(key)), channel);
  Bytes sealed;
  sealed.reserve(plaintext.size() + crypto::kOverhead);
  sealed.push_back(*stored.cipher == crypto::Cipher::kAes ? 1 : 2);
  sealed.insert(sealed.end(), stored.nonce.begin(), stored.nonce.end());
  crypto::Aead(*stored.cipher, crypto::Aead::Direction::kSeal, derived.view())
      .Seal(stored.nonce, AsBytes(plaintext), sealed);
  return std::string(AsText(sealed));
}

// The stand-in of the data of one message; CHANNEL is its channel's stand-in.
std::string DataFor(const inspect::StoredMessage& stored, const std::string& data,
                    const std::string& channel, Disguise& disguise) {
  if (!stored.cipher) return disguise.Payload(data);
  if (!stored.opened_by.empty() && stored.payload) {
    const std::string plaintext(AsText(*stored.payload));
    return Sealed(stored, disguise.Key(stored.opened_by.front()), channel,
                  disguise.Payload(plaintext));
  }
  // Sealed with a key that nobody gave, damaged, or something that looks so.
  const std::string plaintext = disguise.Payload(data.substr(crypto::kOverhead));
  return Sealed(stored, disguise.unknown_key(), channel, plaintext);
}

}  // namespace

Result<Bytes> RewriteMessages(Bytes file, const std::string& channel, const SliceMessages& messages,
                              const std::vector<uint64_t>& resume_at, const Crc32& crc,
                              Disguise& disguise) {
  const auto renamed = disguise.Name(channel);
  if (!renamed.ok()) return renamed.status();
  const auto change = [&](Bytes& changed, size_t at, size_t record,
                          const std::vector<Blob>& blobs) -> Status {
    const auto known = messages.find(record);
    const Blob* last_data = nullptr;  // the one that counts
    for (const Blob& blob : blobs) {
      if (blob.number == kData) last_data = &blob;
    }
    for (const Blob& blob : blobs) {
      const size_t place = at + blob.offset;
      if (blob.number == kSubject || blob.number == kReply) {
        ATREST_TRY(PutName(changed, place, blob.size, disguise));
        continue;
      }
      const std::string data = TextAt(changed, place, blob.size);
      const bool counts = &blob == last_data && known != messages.end();
      Put(changed, place,
          counts ? DataFor(*known->second, data, renamed.value(), disguise)
                 : disguise.Payload(data));
    }
    return {};
  };
  return Rewrite(std::move(file), store::Framing::kUntyped, resume_at, crc, change);
}

Result<Bytes> RewriteJournal(Bytes file, const Crc32& crc, Disguise& disguise) {
  const auto change = [&](Bytes& changed, size_t at, size_t,
                          const std::vector<Blob>& blobs) -> Status {
    for (const Blob& blob : blobs)
      ATREST_TRY(PutName(changed, at + blob.offset, blob.size, disguise));
    return {};
  };
  return Rewrite(std::move(file), store::Framing::kTyped, {}, crc, change);
}

Result<Bytes> RewriteServer(Bytes file, const std::string& cluster_id, const Crc32& crc,
                            Disguise& disguise) {
  const auto renamed = disguise.Name(cluster_id);
  if (!renamed.ok()) return renamed.status();
  const auto change = [&](Bytes& changed, size_t at, size_t,
                          const std::vector<Blob>& blobs) -> Status {
    for (const Blob& blob : blobs) {
      std::string text = "." + TextAt(changed, at + blob.offset, blob.size) + ".";
      const std::string part = "." + cluster_id + ".";
      for (size_t found = text.find(part); found != std::string::npos;
           found = text.find(part, found + 1))
        text.replace(found + 1, cluster_id.size(), renamed.value());
      Put(changed, at + blob.offset, text.substr(1, blob.size));
    }
    return {};
  };
  return Rewrite(std::move(file), store::Framing::kUntyped, {}, crc, change);
}

}  // namespace atrest::capture
