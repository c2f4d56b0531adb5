#include "reference/server/go_flags.h"

#include <utility>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/server/go_values.h"

namespace atrest::server {
namespace {

struct Word {
  std::string name;
  std::optional<std::string> value;  // what stands after '='
};

Status Invalid(std::string text) { return Status(Code::kInvalid, std::move(text)); }

// nullopt: TEXT is no flag. REQUIRES: not "--".
Result<std::optional<Word>> Split(const std::string& text) {
  if (text.size() < 2 || text[0] != '-') return std::optional<Word>();
  std::string name = text.substr(text[1] == '-' ? 2 : 1);
  if (name.empty() || name[0] == '-' || name[0] == '=') return Invalid("bad flag syntax: " + text);
  Word word;
  const size_t equals = name.find('=');
  if (equals != std::string::npos) {
    word.value = name.substr(equals + 1);
    const size_t second = word.value->find('=');
    if (second != std::string::npos && fault::On(Fault::kValueEndsAtEquals))
      word.value->resize(second);
    name.resize(equals);
  }
  word.name = std::move(name);
  return std::optional<Word>(std::move(word));
}

Result<GoValue> BoolValue(const Word& word) {
  if (!word.value) return GoValue(true);
  const auto value = ParseGoBool(*word.value);
  if (value) return GoValue(*value);
  return Invalid("invalid boolean value " + GoQuote(*word.value) + " for -" + word.name +
                 ": parse error");
}

Result<GoValue> ScalarValue(GoKind kind, const std::string& name, const std::string& text) {
  if (kind == GoKind::kString) return GoValue(text);
  const auto value = kind == GoKind::kInt ? ParseGoInt(text) : ParseGoDuration(text);
  if (value.ok()) return GoValue(value.value());
  // The flag package keeps the reason for integers only.
  const std::string why = kind == GoKind::kInt ? value.status().message() : "parse error";
  return Invalid("invalid value " + GoQuote(text) + " for flag -" + name + ": " + why);
}

// The value of WORD; NEXT is where the following word is, and moves if that is the value.
Result<GoValue> ValueOf(GoKind kind, const Word& word, std::span<const std::string> args,
                        size_t& next) {
  if (kind == GoKind::kBool) return BoolValue(word);
  if (word.value) return ScalarValue(kind, word.name, *word.value);
  const bool is_dash = next < args.size() && args[next].starts_with('-') && kind == GoKind::kString;
  if (next >= args.size() || (is_dash && fault::On(Fault::kDashValueRefused)))
    return Invalid("flag needs an argument: -" + word.name);
  return ScalarValue(kind, word.name, args[next++]);
}

}  // namespace

Result<std::vector<std::string>> ParseGoFlags(std::span<const std::string> args,
                                              const GoFlags& flags) {
  size_t next = 0;
  while (next < args.size()) {
    if (args[next] == "--") {
      ++next;
      break;
    }
    const auto word = Split(args[next]);
    if (!word.ok()) return word.status();
    if (!word.value()) break;
    ++next;
    const Word& flag = *word.value();
    const auto kind = flags.kind(flag.name);
    if (!kind) return Invalid("flag provided but not defined: -" + flag.name);
    const auto value = ValueOf(*kind, flag, args, next);
    if (!value.ok()) return value.status();
    ATREST_TRY(flags.set(flag.name, value.value()));
  }
  const auto rest = args.subspan(next);
  return std::vector<std::string>(rest.begin(), rest.end());
}

}  // namespace atrest::server
