#include "reference/server/config_scanner.h"

#include "reference/base/bytes.h"
#include "reference/base/utf8.h"
#include "reference/server/config_value.h"

namespace atrest::server {
namespace {

using Kind = ConfigToken::Kind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsOneOf(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool IsBool(std::string_view text) {
  const std::string lower = AsciiLower(text);
  return lower == "true" || lower == "yes" || lower == "on" || lower == "false" || lower == "no" ||
         lower == "off";
}

}  // namespace

bool IsConfigBlank(char c) { return c == ' ' || c == '\t'; }
bool IsConfigNewline(char c) { return c == '\n' || c == '\r'; }
bool IsConfigSpace(char c) { return IsConfigBlank(c) || (c >= '\n' && c <= '\r'); }
bool IsConfigSeparator(char c) { return c == '=' || c == ':'; }

char ConfigScanner::Next() {
  if (AtEnd()) return '\0';
  const char c = text_[at_++];
  if (c == '\n') {
    ++line_;
    line_start_ = at_;
  }
  return c;
}

void ConfigScanner::SkipBlanks() {
  while (IsConfigBlank(Peek())) Next();
}

void ConfigScanner::SkipSpace() {
  while (IsConfigSpace(Peek())) Next();
}

bool ConfigScanner::SkipComment() {
  if (Peek() != '#' && !(Peek() == '/' && Peek(1) == '/')) return false;
  while (!AtEnd() && !IsConfigNewline(Peek())) Next();
  return true;
}

Status ConfigScanner::Error(const std::string& text) const {
  return Status(Code::kInvalid,
                "Parse error on line " + std::to_string(line_) + ": '" + text + "'");
}

std::string ConfigScanner::Shown() const {
  if (AtEnd()) return std::string(1, '\0');
  if (Peek() == '\n') return "\\n";
  const std::string_view rest = text_.substr(at_);
  const size_t length = Utf8Length(rest);
  return ReplaceBadUtf8(rest.substr(0, length == 0 ? 1 : length));
}

bool ConfigScanner::AtBareEnd() const {
  return AtEnd() || IsConfigBlank(Peek()) || IsConfigNewline(Peek()) || Peek() == '\0' ||
         IsOneOf(Peek(), ",;]}");
}

// Not ']': an integer that it follows directly is read as a string (options.md 2.2, trap).
bool ConfigScanner::AtNumberEnd() const { return AtBareEnd() && Peek() != ']'; }

void ConfigScanner::TakeDigits() {
  while (IsDigit(Peek())) Next();
}

Status ConfigScanner::Scalar(ConfigToken& token) {
  token = ConfigToken();
  token.at = position();
  const char first = Peek();
  if (first == '\'') {
    Next();
    return Quoted('\'', token.text);
  }
  if (first == '"') return DoubleQuoted(token);
  if (first == '(') return Block(token);
  if (first == '-') return NegativeNumber(token);
  if (IsDigit(first)) return Number(token);
  if (first == '.') return Error("Floats must start with a digit");
  if (IsConfigNewline(first)) return Error("Expected value but found new line");
  return Bare(at_, token);
}

Status ConfigScanner::Quoted(char quote, std::string& text) {
  const size_t start = at_;
  while (!AtEnd() && Peek() != quote) Next();
  if (AtEnd()) return Error("Unexpected EOF.");
  text = Since(start);
  Next();
  return Status();
}

// The rest of a bare value whose first characters, from START, were read as something else.
Status ConfigScanner::Bare(size_t start, ConfigToken& token) {
  bool escaped = false;
  token.text = Since(start);
  while (!AtBareEnd() && Peek() != '\'') {
    if (Peek() == '\\') {
      escaped = true;
      ATREST_TRY(Escape(token.text));
    } else {
      token.text += Next();
    }
  }
  token.kind = Kind::kString;
  if (Peek() == '\'') {
    Next();
  } else if (!escaped && IsBool(token.text)) {
    token.kind = Kind::kBool;
    token.text = AsciiLower(token.text);
  } else if (!escaped && token.text.starts_with('$')) {
    token.kind = Kind::kVariable;
    token.text.erase(0, 1);
  }
  return Status();
}

Status ConfigScanner::DoubleQuoted(ConfigToken& token) {
  Next();
  while (!AtEnd() && Peek() != '"') {
    if (Peek() == '\\') {
      ATREST_TRY(Escape(token.text));
    } else {
      token.text += Next();
    }
  }
  if (AtEnd()) return Error("Unexpected EOF.");
  Next();
  return Status();
}

Status ConfigScanner::Escape(std::string& text) {
  Next();
  constexpr std::string_view kLetters = "tnr\"\\";
  const size_t at = AtEnd() ? std::string_view::npos : kLetters.find(Peek());
  if (at != std::string_view::npos) {
    text += std::string_view("\t\n\r\"\\")[at];
    Next();
    return Status();
  }
  if (Peek() != 'x') {
    return Error("Invalid escape character '" + Shown() +
                 R"('. Only the following escape characters are allowed: )"
                 R"(\xXX, \t, \n, \r, \", \\.)");
  }
  Next();
  const std::string_view digits = text_.substr(at_, 2);
  if (digits.empty() || IsConfigNewline(digits[0])) {
    return Error(R"(Expected two hexadecimal digits after '\x', but hit end of line)");
  }
  const auto byte = FromHex(digits);
  if (!byte || byte->size() != 1) {
    return Error(R"(Expected two hexadecimal digits after '\x', but got ')" +
                 ReplaceBadUtf8(digits) + "'");
  }
  text += AsText(*byte);
  Next();
  Next();
  return Status();
}

// Raw text up to a line that is only ')'.
Status ConfigScanner::Block(ConfigToken& token) {
  Next();
  const size_t start = at_;
  while (!AtEnd()) {
    const bool line_begins = text_[at_ - 1] == '\n';
    if (line_begins && Peek() == ')' && (Peek(1) == '\n' || at_ + 1 >= text_.size())) {
      token.text = Since(start);
      Next();
      return Status();
    }
    Next();
  }
  return Error("Unexpected EOF processing block.");
}

Status ConfigScanner::NegativeNumber(ConfigToken& token) {
  const size_t start = at_;
  Next();
  if (!IsDigit(Peek())) return Error("Expected a digit but got '" + Shown() + "'.");
  TakeDigits();
  if (Peek() == '.') return FloatOrAddress(start, token);
  if (IsOneOf(Peek(), "kKmMgGtTpPeE")) return SuffixedNumber(start, token);
  token.kind = Kind::kInteger;
  token.text = Since(start);
  return Status();
}

Status ConfigScanner::Number(ConfigToken& token) {
  const size_t start = at_;
  TakeDigits();
  if (Peek() == '-') return Time(start, token);
  if (Peek() == '.') return FloatOrAddress(start, token);
  if (IsOneOf(Peek(), "kKmMgGtTpPeE")) return SuffixedNumber(start, token);
  if (!AtNumberEnd()) {
    if (Peek() != '\\') Next();  // whatever it is, a ']' too
    return Bare(start, token);
  }
  token.kind = Kind::kInteger;
  token.text = Since(start);
  return Status();
}

Status ConfigScanner::SuffixedNumber(size_t start, ConfigToken& token) {
  Next();
  while (IsOneOf(Peek(), "bBiI")) Next();
  if (!AtNumberEnd() && !IsDigit(Peek())) return Bare(start, token);
  token.kind = Kind::kInteger;
  token.text = Since(start);
  return Status();
}

Status ConfigScanner::FloatOrAddress(size_t start, ConfigToken& token) {
  Next();
  if (!IsDigit(Peek())) {
    return Error("Floats must have a digit after the '.', but got '" + Shown() + "' instead.");
  }
  TakeDigits();
  token.kind = Kind::kFloat;
  if (Peek() == '.') {
    token.kind = Kind::kString;
    while (IsDigit(Peek()) || IsOneOf(Peek(), ".:-")) Next();
  }
  token.text = Since(start);
  return Status();
}

Status ConfigScanner::Time(size_t start, ConfigToken& token) {
  if (at_ - start != 4) return Error("All ISO8601 dates must be in full Zulu form.");
  for (const char want : std::string_view("-00-00T00:00:00Z")) {
    if (want == '0' && !IsDigit(Peek())) {
      return Error("Expected digit in ISO8601 datetime, but found '" + Shown() + "' instead.");
    }
    if (want != '0' && Peek() != want) {
      return Error(std::string("Expected '") + want + "' in ISO8601 datetime, but found '" +
                   Shown() + "' instead.");
    }
    Next();
  }
  token.kind = Kind::kTime;
  token.text = Since(start);
  return Status();
}

}  // namespace atrest::server
