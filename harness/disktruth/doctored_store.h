// A store in memory that a test makes record by record, as a server would or with one thing wrong
// in it: the base of the disk oracle's tests. The sealing is OpenSSL's, like the opening; that both
// agree with the real server is shown by the vectors and golden stores.
// Threads: none shared.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/disktruth/disk_truth.h"
#include "reference/base/check.h"

namespace atrest::disktruth {

inline Bytes Sealed(uint8_t code, const Digest32& key, ByteView nonce, ByteView plain) {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const EVP_CIPHER* cipher = code == 1 ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
  ATREST_CHECK(EVP_EncryptInit_ex(context, cipher, nullptr, key.data(), nonce.data()) == 1);
  Bytes out = {code};
  Append(out, nonce);
  const size_t begin = out.size();
  out.resize(begin + plain.size() + 16);
  int written = 0;
  if (!plain.empty()) {
    ATREST_CHECK(EVP_EncryptUpdate(context, out.data() + begin, &written, plain.data(),
                                   static_cast<int>(plain.size())) == 1);
  }
  uint8_t* tag = out.data() + begin + plain.size();
  ATREST_CHECK(EVP_EncryptFinal_ex(context, tag, &written) == 1);
  ATREST_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1);
  EVP_CIPHER_CTX_free(context);
  return out;
}

inline Bytes Nonce(uint32_t prefix, uint64_t counter) {
  Bytes nonce(kNonceBytes);
  StoreLe32(nonce.data(), prefix);
  StoreBe64(nonce.data() + 4, counter);
  return nonce;
}

inline void AppendVarint(Bytes& to, uint64_t value) {
  for (; value > 0x7F; value >>= 7) to.push_back(static_cast<uint8_t>(value | 0x80));
  to.push_back(static_cast<uint8_t>(value));
}

inline void AppendBytesField(Bytes& to, unsigned number, ByteView bytes) {
  to.push_back(static_cast<uint8_t>(number << 3 | 2));
  AppendVarint(to, bytes.size());
  Append(to, bytes);
}

inline void AppendVarintField(Bytes& to, unsigned number, uint64_t value) {
  to.push_back(static_cast<uint8_t>(number << 3));
  AppendVarint(to, value);
}

inline Bytes Framed(ByteView payload, uint32_t type = 0) {
  Bytes frame(8);
  StoreLe32(frame.data(), type << 24 | static_cast<uint32_t>(payload.size()));
  StoreLe32(frame.data() + 4, Checksum()(payload));
  Append(frame, payload);
  return frame;
}

// What a record holds. A test changes what it wants wrong.
struct RecordParts {
  uint64_t sequence = 0;
  std::string subject;
  int64_t timestamp = 0;
  std::optional<Bytes> data;
  Bytes more;  // behind the last field
};

class DoctoredStore {
 public:
  static constexpr const char* kKey = "correct horse";
  static constexpr const char* kOther = "battery staple";

  DoctoredStore() : truth({.keys = {{"K", kKey}, {"L", kOther}}, .every_key_each = 0}) {
    tree.Put("server.dat", ServerFile());
    tree.Put("clients.dat", Header());
  }

  static Bytes Header() { return {1, 0, 0, 0}; }
  static Bytes ServerFile() {
    Bytes info;
    AppendBytesField(info, 1, AsBytes("test-cluster"));
    Bytes file = Header();
    Append(file, Framed(info));
    return file;
  }

  static Mode Encrypted(const std::string& cipher = "AES", const std::string& key = kKey) {
    Mode mode;
    mode.encrypt = true;
    mode.key = key;
    mode.cipher = cipher;
    mode.cipher_chosen = true;
    return mode;
  }

  // Starts the target: a new prefix of nonces, and counters that begin behind the last sequence.
  void Start(const Mode& mode) {
    truth.Start(mode);
    mode_ = mode;
    ++prefix_;
    for (auto& [name, channel] : channels_) channel.counter = channel.sequence;
  }

  // The parts of the next record of CHANNEL, as they should be.
  RecordParts Next(const std::string& channel, const std::string& payload) {
    Channel& state = channels_[channel];
    RecordParts parts;
    parts.sequence = ++state.sequence;
    parts.subject = channel;
    parts.timestamp = ++time_;
    if (payload.empty()) return parts;
    if (!mode_.encrypt) {
      parts.data = ToBytes(payload);
      return parts;
    }
    parts.data = Sealed(Code(), Derive(Derivation::kChannel, mode_.key, channel),
                        Nonce(prefix_, ++state.counter), AsBytes(payload));
    return parts;
  }

  // Writes a record to slice 1 of CHANNEL and, unless told otherwise, to its index.
  void Write(const std::string& channel, const RecordParts& parts, bool index = true) {
    const std::string stem = channel + "/msgs.1";
    Bytes data = Have(stem + ".dat");
    Bytes message;
    AppendVarintField(message, 1, parts.sequence);
    AppendBytesField(message, 2, AsBytes(parts.subject));
    if (parts.data) AppendBytesField(message, 4, *parts.data);
    AppendVarintField(message, 5, static_cast<uint64_t>(parts.timestamp));
    Append(message, parts.more);
    const uint64_t offset = data.size();
    Append(data, Framed(message));
    tree.Put(stem + ".dat", data);
    if (index) Index(channel, parts.sequence, offset, parts.timestamp, message.size());
  }

  void Index(const std::string& channel, uint64_t sequence, uint64_t offset, int64_t time,
             size_t size) {
    const std::string path = channel + "/msgs.1.idx";
    Bytes entry(32);
    StoreLe64(entry.data(), sequence);
    StoreLe64(entry.data() + 8, offset);
    StoreLe64(entry.data() + 16, static_cast<uint64_t>(time));
    StoreLe32(entry.data() + 24, static_cast<uint32_t>(size));
    StoreLe32(entry.data() + 28, Checksum()(ByteView(entry).first(28)));
    Bytes index = Have(path);
    Append(index, entry);
    tree.Put(path, index);
  }

  // Publishes PAYLOAD and stores it as it should be.
  void Store(const std::string& channel, const std::string& payload) {
    truth.Publish(channel, payload, true);
    Write(channel, Next(channel, payload));
  }

  // A file of the store, or its header if there is none.
  Bytes Have(const std::string& path) {
    for (const TreeEntry& entry : tree.List().value()) {
      if (entry.path == path) return tree.At(path);
    }
    return Header();
  }

  void AppendTo(const std::string& path, ByteView bytes) {
    Bytes have = Have(path);
    Append(have, bytes);
    tree.Put(path, have);
  }

  Findings LookFully(Target target = Target::kStopped) {
    auto found = truth.Look(tree, "look", target);
    ATREST_CHECK(found.ok());
    return std::move(found).value();
  }

  // "CHECK REQUIREMENT", one for each finding that is not kInfo.
  std::vector<std::string> Look(Target target = Target::kStopped) {
    std::vector<std::string> lines;
    for (const Finding& finding : LookFully(target)) {
      if (finding.level == verdict::Level::kInfo) continue;
      lines.push_back(std::string(NameOf(finding.check)) + " " + finding.requirement);
    }
    return lines;
  }

  uint8_t Code() const { return mode_.cipher == "CHACHA" ? 2 : 1; }
  uint32_t prefix() const { return prefix_; }
  uint64_t& counter(const std::string& channel) { return channels_[channel].counter; }

  MemoryTree tree;
  DiskTruth truth;

 private:
  struct Channel {
    uint64_t sequence = 0;
    uint64_t counter = 0;
  };
  Mode mode_;
  std::map<std::string, Channel> channels_;
  uint32_t prefix_ = 0xA0;
  int64_t time_ = 1700000000000000000;
};

}  // namespace atrest::disktruth
