#include "harness/compare/normaliser.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <tuple>

#include "harness/compare/facts.h"
#include "reference/crypto/secret.h"

namespace atrest::compare {
namespace {

constexpr size_t kNuidSize = 22;
constexpr size_t kPrefixSize = 4;

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsHexDigit(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

bool IsNuid(std::string_view text) {
  return text.size() == kNuidSize && std::ranges::all_of(text, IsAlphanumeric);
}

void ReplaceAll(std::string& text, const std::string& what, const std::string& by) {
  if (what.empty()) return;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

// 0x and 8 digits behind each BEFORE.
void HideChecksums(std::string& text, const std::string& before) {
  constexpr size_t kSize = 10;
  for (size_t at = 0; (at = text.find(before, at)) != std::string::npos;) {
    at += before.size();
    const bool is_value =
        text.size() - at >= kSize && text.compare(at, 2, "0x") == 0 &&
        std::all_of(text.begin() + static_cast<ptrdiff_t>(at) + 2,
                    text.begin() + static_cast<ptrdiff_t>(at + kSize), IsHexDigit);
    if (is_value) text.replace(at, kSize, "<checksum>");
  }
}

// How many bytes a line of a dump shows ("3d 00 1f", with or without their characters behind them);
// 0 if LINE is none.
size_t DumpedBytes(std::string_view line) {
  size_t count = 0;
  size_t at = 0;
  while (at + 2 <= line.size() && IsHexDigit(line[at]) && IsHexDigit(line[at + 1])) {
    ++count;
    at += 2;
    if (at < line.size() && line[at] != ' ') return 0;
    ++at;
  }
  const std::string_view rest = line.substr(std::min(at, line.size()));
  const size_t text_at = rest.find_first_not_of(' ');
  const bool is_dump = text_at == std::string_view::npos || rest.substr(text_at, 2) == "- ";
  return is_dump ? count : 0;
}

void HideDumps(std::string& text) {
  std::string result;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const size_t dumped = DumpedBytes(line);
    result += dumped > 0 ? "<" + std::to_string(dumped) + " bytes>" : line;
    if (end < text.size()) result += '\n';
    at = end + 1;
  }
  text = std::move(result);
}

}  // namespace

std::string Normaliser::Number(std::map<std::string, size_t>& seen, const std::string& value) {
  return std::to_string(seen.emplace(value, seen.size() + 1).first->second);
}

void Normaliser::ReplaceIdentifiers(std::string& text, const std::string& before) {
  for (size_t at = 0; (at = text.find(before, at)) != std::string::npos;) {
    at += before.size();
    // An inbox has one token, or that of its connection before its own.
    for (bool more = true; more;) {
      const std::string value = text.substr(at, kNuidSize);
      const bool ends = at + kNuidSize >= text.size() || !IsAlphanumeric(text[at + kNuidSize]);
      if (!IsNuid(value) || !ends) break;
      const std::string number = "<id " + Number(identifiers_, value) + ">";
      text.replace(at, kNuidSize, number);
      at += number.size();
      more = at < text.size() && text[at] == '.';
      if (more) ++at;
    }
  }
}

std::string Normaliser::Text(std::string text) {
  HideDumps(text);
  ReplaceAll(text, directory_, "<store>");
  for (const char* before : {"_INBOX.", "guid:\"", "connID:\""}) ReplaceIdentifiers(text, before);
  for (const char* before : {"expected crc to be ", ", got ", " CRC : "})
    HideChecksums(text, before);
  return text;
}

std::string Normaliser::Identifier(std::string_view value) {
  if (IsNuid(value)) return "<id " + Number(identifiers_, std::string(value)) + ">";
  return Show(AsBytes(value));
}

const std::vector<std::pair<std::string, crypto::Envelope>>& Normaliser::KeysOf(
    const std::string& channel) {
  const auto [found, is_new] = envelopes_.try_emplace(channel);
  if (is_new) {
    for (const auto& [name, bytes] : keys_) {
      found->second.emplace_back(
          name, crypto::Envelope(crypto::Cipher::kAes,
                                 crypto::DeriveChannelKey(crypto::Secret(AsBytes(bytes)), channel),
                                 crypto::NonceSequence({}, 1)));
    }
  }
  return found->second;
}

std::optional<std::string> Normaliser::Opened(const std::string& channel, ByteView data) {
  Bytes sealed(data.begin(), data.end());
  for (const uint8_t code : {data[0], uint8_t{1}, uint8_t{2}}) {
    if (code != 1 && code != 2) continue;
    sealed[0] = code;
    for (const auto& [name, envelope] : KeysOf(channel)) {
      const auto opened = envelope.Open(sealed);
      if (!opened.ok()) continue;
      return std::string(crypto::CipherName(static_cast<crypto::Cipher>(code))) + " by key " +
             name + " opens " + Show(opened.value());
    }
  }
  return std::nullopt;
}

std::string Normaliser::Payload(const std::string& channel, ByteView data) {
  const bool is_published = published_.contains(std::string(AsText(data)));
  if (is_published || data.size() < crypto::kOverhead) return Show(data);
  const std::optional<std::string> opened = Opened(channel, data);
  const bool has_code = data[0] == 1 || data[0] == 2;
  const std::string prefix(AsText(data.subspan(1, kPrefixSize)));
  if (!opened && !has_code && !prefixes_.contains(prefix)) return Show(data);
  return "code " + std::to_string(data[0]) + ", prefix " + Number(prefixes_, prefix) +
         ", counter " + std::to_string(LoadBe64(&data[1 + kPrefixSize])) + ", " +
         opened.value_or("no key opens its " + std::to_string(data.size()) + " bytes");
}

std::string Time(int64_t time_ns, int64_t& previous_ns) {
  const bool decreases = time_ns < previous_ns;
  previous_ns = time_ns;
  return decreases ? "earlier than the one before" : "in order";
}

std::string Checksum(bool right) { return right ? "right" : "wrong"; }

std::vector<std::string> OrderedLog(std::vector<std::string> lines) {
  const auto is_of_delivery = [](const std::string& line) {
    return line.starts_with("[ERR] Error looking up message ") ||
           line.starts_with("[ERR] Error getting message for redelivery ");
  };
  std::vector<std::string> of_delivery;
  std::ranges::copy_if(lines, std::back_inserter(of_delivery), is_of_delivery);
  std::ranges::sort(of_delivery);
  auto next = of_delivery.begin();
  for (std::string& line : lines) {
    if (is_of_delivery(line)) line = *next++;
  }
  return lines;
}

std::vector<JournalRecord> Ordered(std::vector<JournalRecord> records) {
  std::ranges::stable_sort(records, {}, &JournalRecord::owner);
  for (auto from = records.begin(); from != records.end();) {
    auto to = from;
    while (to != records.end() && to->kind != JournalRecord::Kind::kState &&
           to->owner == from->owner) {
      ++to;
    }
    std::sort(from, to, [](const JournalRecord& a, const JournalRecord& b) {
      return std::tie(a.kind, a.text) < std::tie(b.kind, b.text);
    });
    from = to == from ? to + 1 : to;
  }
  return records;
}

}  // namespace atrest::compare
