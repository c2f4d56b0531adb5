// The characters of a configuration text: a cursor with line numbers, comments, and the values that
// have no parts. Not for maps, arrays and statements, which nats_config.cc reads with it.
// Section: options.md 2.2. The end of the text reads as a NUL byte, and a NUL byte as the end of a
// value, as in the real server.
// Errors: Status kInvalid "Parse error on line <n>: '<text>'".
// Threads: none shared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/server/nats_config.h"

namespace atrest::server {

bool IsConfigBlank(char c);      // space or tab
bool IsConfigNewline(char c);    // LF or CR
bool IsConfigSpace(char c);      // any of Go's ASCII white space
bool IsConfigSeparator(char c);  // = or :

struct ConfigToken {
  enum class Kind { kBool, kInteger, kFloat, kTime, kString, kVariable };
  Kind kind = Kind::kString;
  std::string text;  // escapes resolved; a variable without its $
  ConfigPosition at;
};

class ConfigScanner {
 public:
  // TEXT outlives the scanner.
  explicit ConfigScanner(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  // The character, past which it moves; stays at the end.
  char Next();
  ConfigPosition position() const { return {line_, static_cast<int>(at_ - line_start_)}; }

  void SkipBlanks();
  void SkipSpace();
  // True if a comment stood here; the cursor is then before the newline.
  bool SkipComment();

  // A value that is not a map or array. REQUIRES: blanks are skipped.
  Status Scalar(ConfigToken& token);
  // A bare or quoted string, for keys and include paths: up to QUOTE, no escapes.
  Status Quoted(char quote, std::string& text);

  Status Error(const std::string& text) const;
  // The character at the cursor for an error text: "\n" is written out, bad UTF-8 replaced.
  std::string Shown() const;

 private:
  bool AtBareEnd() const;
  bool AtNumberEnd() const;
  void TakeDigits();
  std::string_view Since(size_t start) const { return text_.substr(start, at_ - start); }
  Status Bare(size_t start, ConfigToken& token);
  Status DoubleQuoted(ConfigToken& token);
  Status Escape(std::string& text);
  Status Block(ConfigToken& token);
  Status Number(ConfigToken& token);
  Status NegativeNumber(ConfigToken& token);
  Status SuffixedNumber(size_t start, ConfigToken& token);
  Status FloatOrAddress(size_t start, ConfigToken& token);
  Status Time(size_t start, ConfigToken& token);

  std::string_view text_;
  size_t at_ = 0;
  size_t line_start_ = 0;
  int line_ = 1;
};

}  // namespace atrest::server
