#include "harness/disktruth/canary_check.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/disktruth/inflate.h"
#include "reference/base/check.h"

namespace atrest::disktruth {
namespace {

constexpr size_t kSecretMin = 12;
constexpr size_t kDistinctMin = 6;
constexpr size_t kWholeMax = 64;
constexpr size_t kPartBytes = 32;
// What is looked at of a compressed stream.
constexpr size_t kInflatedMax = 1 << 22;
// Bytes before the end of a file that the header of a compressed stream may have begun in.
constexpr size_t kStreamHeaderMax = 280;
constexpr std::string_view kBase62 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// A step of SplitMix64.
uint64_t NextRandom(uint64_t& state) {
  uint64_t value = state += 0x9E3779B97F4A7C15;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return value ^ value >> 31;
}

bool CannotBeChance(std::string_view text) {
  if (text.size() < kSecretMin) return false;
  std::array<bool, 256> seen = {};
  size_t distinct = 0;
  for (const char byte : text) {
    bool& known = seen[static_cast<uint8_t>(byte)];
    distinct += known ? 0 : 1;
    known = true;
  }
  return distinct >= kDistinctMin;
}

// The part of the base64 of TEXT that does not depend on what stands before and behind it, where
// BEFORE bytes (modulo 3) stand before it.
std::string Base64(std::string_view text, size_t before, std::string_view last_two) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const std::string bytes = std::string(before, '\0') + std::string(text);
  const size_t begin = (before * 8 + 5) / 6;
  const size_t end = bytes.size() * 8 / 6;
  std::string encoded;
  encoded.reserve(end - begin);
  for (size_t at = begin; at < end; ++at) {
    const size_t bit = at * 6;
    const unsigned high = static_cast<uint8_t>(bytes[bit / 8]);
    const unsigned low = bit / 8 + 1 < bytes.size() ? static_cast<uint8_t>(bytes[bit / 8 + 1]) : 0;
    const unsigned value = (high << 8 | low) >> (10 - bit % 8) & 63;
    encoded += value < 62 ? kLetters[value] : last_two[value - 62];
  }
  return encoded;
}

std::string Hex(std::string_view text, std::string_view digits) {
  std::string hex;
  hex.reserve(text.size() * 2);
  for (const char byte : text) {
    hex += digits[static_cast<uint8_t>(byte) >> 4];
    hex += digits[static_cast<uint8_t>(byte) & 15];
  }
  return hex;
}

// Little-endian without the last zero, which big-endian UTF-16 contains too.
std::string Utf16(std::string_view text) {
  std::string wide;
  wide.reserve(text.size() * 2);
  for (const char byte : text) {
    if (!wide.empty()) wide += '\0';
    wide += byte;
  }
  return wide;
}

std::vector<std::string> PartsOf(const std::string& text) {
  if (text.size() <= kWholeMax) return {text};
  return {text.substr(0, kPartBytes), text.substr((text.size() - kPartBytes) / 2, kPartBytes),
          text.substr(text.size() - kPartBytes)};
}

}  // namespace

std::string MakeCanary(uint64_t seed, size_t size) {
  ATREST_CHECK(size >= 16);
  uint64_t state = seed;
  std::string canary;
  canary.reserve(size);
  while (canary.size() < size) {
    canary += kBase62[NextRandom(state) % kBase62.size()];
    if (canary.size() <= 3) continue;
    const std::string_view text = canary;
    const size_t last = text.size() - 3;
    if (text.find(text.substr(last)) < last) canary.pop_back();
  }
  return canary;
}

void CanaryCheck::AddPayload(const std::string& payload) {
  if (payload.size() < kSecretMin || allowed_.contains(payload)) return;
  if (!by_payload_.try_emplace(payload, secrets_.size()).second) return;
  Add(payload, {"a payload of " + std::to_string(payload.size()) + " bytes", false, true, payload});
}

void CanaryCheck::Allow(const std::string& payload) {
  if (payload.size() < kSecretMin) return;
  allowed_.insert(payload);
  const auto found = by_payload_.find(payload);
  if (found != by_payload_.end()) secrets_[found->second].active = false;
}

void CanaryCheck::AddKey(const std::string& name, const std::string& key) {
  Add(key, {name, true, true, key});
}

void CanaryCheck::Add(const std::string& text, Secret secret) {
  const size_t number = secrets_.size();
  secrets_.push_back(std::move(secret));
  for (const std::string& part : PartsOf(text)) {
    if (!CannotBeChance(part)) continue;
    AddForm(part, "as it is", number);
    for (size_t before = 0; before < 3; ++before) {
      std::string usual = Base64(part, before, "+/");
      std::string for_urls = Base64(part, before, "-_");
      if (for_urls != usual) AddForm(std::move(for_urls), "in base64 for URLs", number);
      AddForm(std::move(usual), "in base64", number);
    }
    AddForm(Hex(part, "0123456789abcdef"), "in hexadecimal", number);
    AddForm(Hex(part, "0123456789ABCDEF"), "in hexadecimal", number);
    AddForm(Utf16(part), "in UTF-16", number);
  }
}

void CanaryCheck::AddForm(std::string pattern, const char* name, size_t secret) {
  forms_.push_back({secret, name});
  search_.Add(std::move(pattern), forms_.size() - 1);
}

bool CanaryCheck::IsInAName(const std::string& text) const {
  return std::ranges::any_of(clear_names_, [&](const std::string& name) {
    return name.find(text) != std::string::npos || text.find(name) != std::string::npos;
  });
}

void CanaryCheck::Search(const TreeEntry& entry, ByteView bytes, size_t old_size,
                         CompressedParts& going_on, Findings& findings) const {
  std::set<size_t> found;  // one hit for a secret and a file
  SearchIn(entry, bytes, old_size > overlap() ? old_size - overlap() : 0, {}, found, findings);
  const size_t from = old_size > kStreamHeaderMax ? old_size - kStreamHeaderMax : 0;
  CompressedParts streams = CompressedStreams(bytes, from);
  for (const size_t begin : going_on) {
    if (std::ranges::find(streams, begin) == streams.end()) streams.push_back(begin);
  }
  going_on.clear();
  for (const size_t begin : streams) {
    const Inflated inflated = Inflate(bytes.subspan(begin), kInflatedMax);
    SearchIn(entry, inflated.bytes, 0, begin, found, findings);
    if (inflated.goes_on) going_on.push_back(begin);
  }
}

void CanaryCheck::SearchIn(const TreeEntry& entry, ByteView bytes, size_t from,
                           std::optional<size_t> stream, std::set<size_t>& found,
                           Findings& findings) const {
  search_.Find(bytes, from, [&](size_t tag, size_t offset) {
    const Form& form = forms_[tag];
    const Secret& secret = secrets_[form.secret];
    if (!secret.active || found.contains(form.secret) || IsInAName(secret.text)) return;
    found.insert(form.secret);
    const bool in_log = entry.kind == TreeEntry::Kind::kLog;
    const bool in_store = !in_log && !secret.is_key;
    const char* requirement = in_store ? "D-01" : in_log ? "H-secret-in-log" : "H-key-on-disk";
    const char* where = entry.kind == TreeEntry::Kind::kOpen ? " in a deleted file" : "";
    findings.push_back(
        {Check::kCanary, requirement, in_store ? verdict::Level::kMust : verdict::Level::kShould,
         entry.path, offset,
         secret.is_key ? "no key in any file" : "no payload published under encryption in any file",
         secret.what + ", " + form.name + (stream ? " in compressed data" : "") + where, ""});
  });
}

}  // namespace atrest::disktruth
