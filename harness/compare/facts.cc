#include "harness/compare/facts.h"

#include <algorithm>
#include <cctype>

#include "reference/base/crc32.h"
#include "reference/base/utf8.h"

namespace atrest::compare {
namespace {

constexpr size_t kShownMax = 64;
constexpr size_t kBeginningShown = 16;

bool IsPlainText(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(text.substr(at));
    const bool printable = length > 1 || (text[at] >= ' ' && text[at] < 0x7F && text[at] != '"');
    if (length == 0 || !printable) return false;
    at += length;
  }
  return true;
}

std::string Instead(const Facts& facts, size_t at) {
  if (at >= facts.size()) return "(nothing)";
  return "(nothing; next is " + facts[at].field + ": " + facts[at].text + ")";
}

}  // namespace

std::optional<Mismatch> FirstMismatch(const Facts& left, const Facts& right) {
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    if (i < left.size() && i < right.size()) {
      if (left[i] == right[i]) continue;
      if (left[i].field == right[i].field)
        return Mismatch{left[i].field, left[i].text, right[i].text};
    }
    // The one whose field the other has not, further on, has it in excess.
    const bool left_has =
        i < left.size() && std::ranges::find(right, left[i].field, &Fact::field) == right.end();
    if (left_has || i >= right.size())
      return Mismatch{left[i].field, left[i].text, Instead(right, i)};
    return Mismatch{right[i].field, Instead(left, i), right[i].text};
  }
  return std::nullopt;
}

std::string KindOf(const std::string& field) {
  const size_t slash = field.rfind('/');
  std::string kind;
  for (const char c : field.substr(slash == std::string::npos ? 0 : slash)) {
    if (!std::isdigit(static_cast<unsigned char>(c))) kind += c;
  }
  return kind;
}

std::string Show(ByteView bytes) {
  const std::string_view text = AsText(bytes);
  if (bytes.size() > kShownMax) {
    return std::to_string(bytes.size()) + " bytes, " + ToHex(bytes.first(kBeginningShown)) +
           "..., checksum " + Hex32(Crc32(Crc32::kIeee).Of(bytes));
  }
  if (IsPlainText(text)) return "\"" + std::string(text) + "\"";
  return "hex " + ToHex(bytes);
}

}  // namespace atrest::compare
