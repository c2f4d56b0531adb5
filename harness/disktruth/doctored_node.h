// The files of a cluster node that a test makes piece by piece, as a server would or with something
// wrong in them: bolt files, entries, operations, snapshots (cluster.md 1 and 2). The base of the
// tests that read nodes. That the readers agree with the real server is shown by the golden nodes.
// Threads: none shared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/disktruth/doctored_store.h"
#include "harness/disktruth/node_snapshot.h"
#include "harness/disktruth/raft_records.h"

namespace atrest::disktruth {

// A bolt file of three levels: metas, a root page with the buckets, a leaf page (with as much
// overflow as it takes) for each.
class DoctoredBolt {
 public:
  static constexpr size_t kPage = 4096;

  void Put(const std::string& bucket, const std::string& key, const std::string& value) {
    buckets_[bucket][key] = value;
  }
  void Erase(const std::string& bucket, const std::string& key) { buckets_[bucket].erase(key); }
  // What was put so far has been written: it stays in pages that what follows does not reach.
  void Leave() { Write(); }

  Bytes File() {
    const Bytes left = pages_;
    const uint64_t root = Write();
    const uint64_t pages = 2 + pages_.size() / kPage;
    Bytes file(2 * kPage);
    for (const uint64_t meta : {uint64_t{0}, uint64_t{1}}) {
      uint8_t* at = file.data() + meta * kPage;
      StoreLe64(at, meta);
      at[8] = 4;
      at += 16;
      StoreLe32(at, 0xED0CDAED);
      StoreLe32(at + 4, 2);
      StoreLe32(at + 8, kPage);
      StoreLe64(at + 16, root);
      StoreLe64(at + 32, UINT64_MAX);
      StoreLe64(at + 40, pages);
      StoreLe64(at + 48, 10 + meta);
      uint64_t sum = 0xcbf29ce484222325;
      for (size_t byte = 0; byte < 56; ++byte) sum = (sum ^ at[byte]) * 0x100000001b3;
      StoreLe64(at + 56, sum);
    }
    Append(file, pages_);
    pages_ = left;
    return file;
  }

 private:
  // A leaf page of ITEMS with FLAGS; its id.
  uint64_t WriteLeaf(const std::map<std::string, std::string>& items, uint32_t flags) {
    const uint64_t id = 2 + pages_.size() / kPage;
    Bytes page(16 + items.size() * 16);
    size_t element = 16;
    for (const auto& [key, value] : items) {
      StoreLe32(page.data() + element, flags);
      StoreLe32(page.data() + element + 4, static_cast<uint32_t>(page.size() - element));
      StoreLe32(page.data() + element + 8, static_cast<uint32_t>(key.size()));
      StoreLe32(page.data() + element + 12, static_cast<uint32_t>(value.size()));
      Append(page, AsBytes(key));
      Append(page, AsBytes(value));
      element += 16;
    }
    page.resize((page.size() + kPage - 1) / kPage * kPage);
    StoreLe64(page.data(), id);
    page[8] = 2;
    page[10] = static_cast<uint8_t>(items.size());
    page[11] = static_cast<uint8_t>(items.size() >> 8);
    StoreLe32(page.data() + 12, static_cast<uint32_t>(page.size() / kPage - 1));
    Append(pages_, page);
    return id;
  }

  uint64_t Write() {
    std::map<std::string, std::string> roots;
    for (const auto& [name, items] : buckets_) {
      Bytes root(16);
      StoreLe64(root.data(), WriteLeaf(items, 0));
      roots[name] = AsText(root);
    }
    return WriteLeaf(roots, 1);
  }

  std::map<std::string, std::map<std::string, std::string>> buckets_;
  Bytes pages_;  // from page 2 on
};

inline std::string IndexKey(uint64_t index) {
  Bytes key(8);
  StoreBe64(key.data(), index);
  return std::string(AsText(key));
}

inline void AppendBe(Bytes& to, uint64_t value, unsigned bytes) {
  for (unsigned left = bytes; left > 0; --left) {
    to.push_back(static_cast<uint8_t>(value >> (8 * (left - 1))));
  }
}

inline void AppendRaw(Bytes& to, ByteView raw) {
  if (raw.size() < 32) {
    to.push_back(static_cast<uint8_t>(0xA0 | raw.size()));
  } else if (raw.size() < 65536) {
    to.push_back(0xDA);
    AppendBe(to, raw.size(), 2);
  } else {
    to.push_back(0xDB);
    AppendBe(to, raw.size(), 4);
  }
  Append(to, raw);
}

inline void AppendUnsigned(Bytes& to, uint64_t value) {
  if (value <= 0x7F) {
    to.push_back(static_cast<uint8_t>(value));
    return;
  }
  const unsigned power = value <= 0xFF ? 0 : value <= 0xFFFF ? 1 : value <= 0xFFFFFFFF ? 2 : 3;
  to.push_back(static_cast<uint8_t>(0xCC + power));
  AppendBe(to, value, 1U << power);
}

struct DoctoredEntry {
  uint64_t index = 1;
  uint64_t term = 2;
  EntryType type = EntryType::kCommand;
  std::optional<EntryTime> at = EntryTime{1700000000, 5};
  Bytes data = {};

  Bytes Encoded() const {
    Bytes out = {0x86};
    const auto name = [&out](std::string_view text) { AppendRaw(out, AsBytes(text)); };
    name("AppendedAt");
    if (at) {
      out.push_back(0xA8);
      AppendBe(out, uint64_t{at->nanoseconds} << 34 | static_cast<uint64_t>(at->seconds), 8);
    } else {
      out.push_back(0xC0);
    }
    name("Data");
    if (data.empty()) {
      out.push_back(0xC0);
    } else {
      AppendRaw(out, data);
    }
    name("Extensions");
    out.push_back(0xC0);
    name("Index");
    AppendUnsigned(out, index);
    name("Term");
    AppendUnsigned(out, term);
    name("Type");
    AppendUnsigned(out, static_cast<uint64_t>(type));
    return out;
  }
};

struct DoctoredMessage {
  uint64_t sequence = 0;
  std::string channel;
  std::string payload;
  int64_t timestamp = 0;
};

inline Bytes EncodedMessage(const DoctoredMessage& message) {
  Bytes out;
  AppendVarintField(out, 1, message.sequence);
  AppendBytesField(out, 2, AsBytes(message.channel));
  if (!message.payload.empty()) AppendBytesField(out, 4, AsBytes(message.payload));
  AppendVarintField(out, 5, static_cast<uint64_t>(message.timestamp));
  return out;
}

inline Bytes PublishOperation(const std::vector<DoctoredMessage>& messages, uint64_t channel_id) {
  Bytes batch;
  for (const DoctoredMessage& message : messages) {
    AppendBytesField(batch, 1, EncodedMessage(message));
  }
  Bytes out;
  AppendBytesField(out, 2, batch);
  AppendVarintField(out, 10, channel_id);
  return out;
}

inline Bytes Configuration(const std::vector<std::string>& ids) {
  Bytes out = {0x81};
  AppendRaw(out, AsBytes("Servers"));
  out.push_back(static_cast<uint8_t>(0x90 | ids.size()));
  for (const std::string& id : ids) {
    out.push_back(0x83);
    AppendRaw(out, AsBytes("Address"));
    AppendRaw(out, AsBytes("gold." + id + ".gold"));
    AppendRaw(out, AsBytes("ID"));
    AppendRaw(out, AsBytes(id));
    AppendRaw(out, AsBytes("Suffrage"));
    out.push_back(0);
  }
  return out;
}

struct DoctoredSnapshot {
  uint64_t index = 0;
  uint64_t term = 2;
  std::vector<SnapshotChannel> channels = {};
  std::string more = {};  // field 4, which no snapshot has

  std::string Name() const {
    return std::to_string(term) + "-" + std::to_string(index) + "-1700000000000";
  }
  Bytes State() const {
    Bytes message;
    for (const SnapshotChannel& channel : channels) {
      Bytes part;
      AppendBytesField(part, 1, AsBytes(channel.name));
      AppendVarintField(part, 2, channel.first);
      AppendVarintField(part, 3, channel.last);
      AppendVarintField(part, 6, channel.id);
      AppendBytesField(message, 2, part);
    }
    AppendBytesField(message, 3, Bytes(1800 - std::min<size_t>(message.size(), 1799)));
    if (!more.empty()) AppendBytesField(message, 4, AsBytes(more));
    Bytes state(4);
    StoreLe32(state.data(), static_cast<uint32_t>(message.size()));
    Append(state, message);
    return state;
  }
  Bytes Meta() const {
    const Bytes state = State();
    Bytes crc;
    AppendBe(crc, Crc64(state), 8);
    return ToBytes("{\"Version\":1,\"ID\":\"" + Name() + "\",\"Index\":" + std::to_string(index) +
                   ",\"Term\":" + std::to_string(term) +
                   ",\"Peers\":\"kA==\",\"Configuration\":{\"Servers\":[{\"Suffrage\":0,\"ID\":"
                   "\"a\",\"Address\":\"gold.a.gold\"}]},\"ConfigurationIndex\":1,\"Size\":" +
                   std::to_string(state.size()) + ",\"CRC\":\"" + Base64(crc) + "\"}\n");
  }

 private:
  // Of eight bytes.
  static std::string Base64(ByteView bytes) {
    static constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    uint64_t bits = 0;
    unsigned count = 0;
    for (const uint8_t byte : bytes) {
      bits = bits << 8 | byte;
      for (count += 8; count >= 6; count -= 6) text += kLetters[bits >> (count - 6) & 63];
    }
    if (count > 0) text += kLetters[bits << (6 - count) & 63];
    text.resize((text.size() + 3) / 4 * 4, '=');
    return text;
  }
};

}  // namespace atrest::disktruth
