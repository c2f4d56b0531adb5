#include "harness/capture/disguise.h"

#include <algorithm>

namespace atrest::capture {
namespace {

constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr size_t kLetterCount = sizeof(kLetters) - 1;
// More stand-ins of one size are not looked for.
constexpr uint64_t kTriesMax = 1'000'000;

constexpr const char* kWords[] = {"captured", "stand-in", "replaced", "disguise", "imitated"};

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool IsHigh(char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }

// NUMBER written in letters over the places of ORIGINAL that do not stay, the last of them lowest.
std::string Numbered(std::string text, const std::function<bool(char)>& stays, uint64_t number) {
  for (size_t at = text.size(); at-- > 0;) {
    if (stays(text[at])) continue;
    const uint64_t digit = number % kLetterCount;
    text[at] = IsContinuation(text[at]) ? static_cast<char>(0x80 + digit) : kLetters[digit];
    number /= kLetterCount;
  }
  return text;
}

char ClassOf(char first, char text) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte <= 2) return first;  // nothing, and the codes of ciphers
  if (byte < 0x20) return '\x03';
  return byte < 0x7F ? text : '\xFF';
}

}  // namespace

Result<std::string> Disguise::StandIn(const std::string& original,
                                      const std::function<bool(char)>& stays,
                                      std::set<std::string>& taken) {
  for (uint64_t number = 0; number < kTriesMax; ++number) {
    std::string candidate = Numbered(original, stays, number);
    if (taken.insert(candidate).second) return candidate;
  }
  return Status(Code::kInvalid, "there are too many names or keys of " +
                                    std::to_string(original.size()) + " bytes to replace them all");
}

Result<Disguise> Disguise::Make(const std::vector<crypto::Secret>& keys,
                                const std::set<std::string>& names,
                                const std::set<std::string>& payloads) {
  Disguise disguise;
  disguise.taken_names_ = names;
  for (const std::string& name : names) ATREST_TRY(disguise.Name(name).status());

  std::set<std::string> taken_keys;
  for (const crypto::Secret& key : keys) taken_keys.insert(std::string(AsText(key.view())));
  std::map<std::string, std::string> stand_ins;
  for (const crypto::Secret& key : keys) {
    const std::string original(AsText(key.view()));
    const bool is_blank = std::ranges::all_of(original, IsSpace);
    const auto stays = [&](char c) {
      return (!is_blank && IsSpace(c)) || (IsHigh(c) && !IsContinuation(c));
    };
    if (!stand_ins.contains(original) && !original.empty()) {
      auto made = disguise.StandIn(original, stays, taken_keys);
      if (!made.ok()) return made.status();
      stand_ins[original] = std::move(made).value();
    }
    disguise.keys_.push_back(stand_ins[original]);
  }
  disguise.unknown_key_ = "a key that nobody was given";

  for (const char* word : kWords) {
    disguise.word_ = word;
    const bool is_used = std::ranges::any_of(payloads, [&](const std::string& payload) {
      return payload.find(word) != std::string::npos;
    });
    if (!is_used) break;
  }
  return disguise;
}

Result<std::string> Disguise::Name(const std::string& original) {
  if (original.empty()) return original;
  const auto known = names_.find(original);
  if (known != names_.end()) return known->second;
  taken_names_.insert(original);
  auto made = StandIn(
      original, [](char c) { return c == '.' || c == ':'; }, taken_names_);
  if (made.ok()) names_[original] = made.value();
  return made;
}

std::string Disguise::Payload(const std::string& original) {
  if (original.empty()) return original;
  const auto known = payloads_.find(original);
  if (known != payloads_.end()) return known->second;
  const std::string text = word_ + " " + std::to_string(payloads_.size() + 1) + " ";
  std::string made;
  while (made.size() < original.size()) made += text;
  made.resize(original.size());
  made[0] = ClassOf(original[0], made[0]);
  return payloads_[original] = made;
}

}  // namespace atrest::capture
