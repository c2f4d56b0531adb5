#include "reference/raftlog/raft_log_faults.h"

#include "reference/base/fault.h"

namespace atrest::raftlog::faults {
namespace {

using fault::On;

// How the data of a publish begins (cluster.md 1.5).
constexpr uint8_t kPublishTag = 0x12;

bool HasCode(const Bytes& stored) {
  return stored[0] == static_cast<uint8_t>(crypto::Cipher::kAes) ||
         stored[0] == static_cast<uint8_t>(crypto::Cipher::kChaCha);
}

}  // namespace

bool StaysClear(const LogEntry& entry, bool is_first, int64_t now_ns) {
  const bool is_own = entry.appended_at == LogTimeOfNs(now_ns);
  return (entry.data[0] != kPublishTag && On(Fault::kRaftlogOnlyPublishes)) ||
         (!is_first && On(Fault::kRaftlogFirstOfWrite)) || (!is_own && On(Fault::kRaftlogOnlyOwn));
}

Bytes SealAs(crypto::Envelope& envelope, const LogEntry& entry, bool is_first) {
  crypto::NonceSequence& nonces = envelope.nonces();
  if (!is_first && On(Fault::kRaftlogNonceOfWrite)) nonces.set_counter(nonces.counter() - 1);
  if (nonces.counter() != entry.index && On(Fault::kRaftlogNonceOfIndex))
    nonces.set_counter(entry.index);
  return envelope.Seal(entry.data);
}

Result<Bytes> OpenAs(const crypto::Envelope& envelope, crypto::Cipher configured,
                     const Bytes& stored) {
  if (!HasCode(stored)) {
    if (!On(Fault::kRaftlogPlainRefused)) return envelope.Open(stored);
    return Status(Code::kCorrupt, "cipher: message authentication failed");
  }
  Bytes taken = stored;
  const auto code = static_cast<uint8_t>(configured);
  if (code != stored[0] && On(Fault::kRaftlogConfiguredCipher)) taken[0] = code;
  auto opened = envelope.Open(taken);
  if (!opened.ok() && On(Fault::kRaftlogUnopenedIsPlain)) return stored;
  return opened;
}

}  // namespace atrest::raftlog::faults
