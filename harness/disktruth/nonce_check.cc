#include "harness/disktruth/nonce_check.h"

#include <algorithm>

namespace atrest::disktruth {
namespace {

constexpr size_t kPrefixBytes = 4;

uint64_t CounterOf(const std::array<uint8_t, kNonceBytes>& nonce) {
  return LoadBe64(nonce.data() + kPrefixBytes);
}

std::string Shown(uint64_t from, uint64_t to) {
  return std::to_string(from) + (from == to ? "" : " to " + std::to_string(to));
}

}  // namespace

void NonceCheck::See(const SeenRecord& record, uint64_t unacked, bool judged, Findings& findings) {
  if (!record.opening) return;
  Nonce nonce;
  std::copy_n(record.data.begin() + 1, nonce.size(), nonce.begin());
  JudgeReuse(record, nonce, judged, findings);
  JudgePrefix(record, nonce, judged, findings);
  JudgeCounter(record, nonce, unacked, judged, findings);
}

void NonceCheck::JudgeReuse(const SeenRecord& record, const Nonce& nonce, bool judged,
                            Findings& findings) {
  const std::string place = record.file + ", sequence " + std::to_string(record.stored->sequence);
  const auto [first, is_new] =
      uses_.try_emplace({record.opening->derived, record.opening->code, nonce}, place);
  if (is_new || !judged) return;
  Finding finding = At(record, Check::kNonces, "H-nonce-reuse", "a nonce that was never used",
                       ToHex(nonce) + ", used before in " + first->second);
  finding.level = verdict::Level::kShould;
  findings.push_back(std::move(finding));
}

void NonceCheck::JudgePrefix(const SeenRecord& record, const Nonce& nonce, bool judged,
                             Findings& findings) {
  if (record.start == 0) return;
  const uint32_t prefix = LoadLe32(nonce.data());
  const auto [found, is_new] = prefixes_.try_emplace({record.channel, prefix}, record.start);
  if (is_new || found->second == record.start || !judged) return;
  findings.push_back(At(record, Check::kNonces, "K-nonce-counter",
                        "another random prefix of the nonces after each start",
                        "the prefix of start " + std::to_string(found->second) + " in start " +
                            std::to_string(record.start)));
  found->second = record.start;  // once a start
}

void NonceCheck::JudgeCounter(const SeenRecord& record, const Nonce& nonce, uint64_t unacked,
                              bool judged, Findings& findings) {
  const uint64_t counter = CounterOf(nonce);
  const uint64_t sequence = record.stored->sequence;
  const auto [found, is_first] = last_.try_emplace(record.channel);
  const Last last = found->second;
  found->second = {nonce, sequence, last.unused};
  // The counter that a channel opened after SEQUENCE-1 messages begins with, or one further back if
  // the messages in between were empty or plain.
  uint64_t from = is_first ? 1 : std::min(last.sequence + 1, sequence);
  uint64_t to = sequence;
  if (!is_first && std::equal(nonce.begin(), nonce.begin() + kPrefixBytes, last.nonce.begin())) {
    from = to = CounterOf(last.nonce) + 1;
    // Messages that were removed before any look.
    if (sequence > last.sequence) to += sequence - last.sequence - 1;
  }
  const uint64_t expected = to;
  if (unacked > last.unused) to += unacked - last.unused;
  if (counter > expected && counter <= to) found->second.unused += counter - expected;
  if (!judged) return;
  // At the end of the counter's range it carries into the prefix.
  const bool carries = !is_first && CounterOf(last.nonce) == UINT64_MAX;
  if (carries || (counter >= from && counter <= to)) return;
  findings.push_back(At(record, Check::kNonces, "K-nonce-counter",
                        "a nonce with the counter " + Shown(from, to),
                        "the counter " + std::to_string(counter)));
}

}  // namespace atrest::disktruth
