#include "reference/raftlog/json_tree.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace atrest::raftlog {
namespace {

constexpr int kDepthMax = 100;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AppendUtf8(uint32_t point, std::string& to) {
  const auto put = [&](uint32_t byte) { to.push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Status Value(JsonTree& to, int depth);

 private:
  Status Fail() const {
    if (at_ >= text_.size()) return Status(Code::kCorrupt, "unexpected EOF");
    return Status(Code::kCorrupt, "invalid character at offset " + std::to_string(at_));
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool Accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  Status Word(std::string_view word, JsonTree::Kind kind, JsonTree& to);
  Status Number(JsonTree& to);
  size_t Digits();
  Status String(std::string& to);
  Status Escape(std::string& to);
  std::optional<uint32_t> FourHex();
  Status List(JsonTree& to, int depth, bool is_object);

  std::string_view text_;
  size_t at_ = 0;
};

Status Parser::Word(std::string_view word, JsonTree::Kind kind, JsonTree& to) {
  for (const char c : word) {
    if (!Accept(c)) return Fail();
  }
  to.kind = kind;
  to.text = word;
  return Status();
}

size_t Parser::Digits() {
  const size_t start = at_;
  while (IsDigit(Peek())) ++at_;
  return at_ - start;
}

Status Parser::Number(JsonTree& to) {
  const size_t start = at_;
  Accept('-');
  if (!Accept('0') && Digits() == 0) return Fail();
  if (Accept('.') && Digits() == 0) return Fail();
  if (Accept('e') || Accept('E')) {
    if (!Accept('+')) Accept('-');
    if (Digits() == 0) return Fail();
  }
  to.kind = JsonTree::Kind::kNumber;
  to.text = text_.substr(start, at_ - start);
  return Status();
}

std::optional<uint32_t> Parser::FourHex() {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = Lower(Peek());
    if (!IsDigit(c) && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4 | static_cast<uint32_t>(IsDigit(c) ? c - '0' : c - 'a' + 10);
    ++at_;
  }
  return value;
}

// What follows a backslash.
Status Parser::Escape(std::string& to) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
  const size_t letter = at_ < text_.size() ? kLetters.find(text_[at_]) : kLetters.npos;
  if (letter != kLetters.npos) {
    to.push_back(kMeant[letter]);
    ++at_;
    return Status();
  }
  if (!Accept('u')) return Fail();
  const auto first = FourHex();
  if (!first) return Fail();
  uint32_t point = *first;
  if (point >= 0xD800 && point < 0xE000) {
    // Half a pair alone stands for the replacement character, as in Go.
    const size_t before = at_;
    const auto second = point < 0xDC00 && Accept('\\') && Accept('u') ? FourHex() : std::nullopt;
    const bool is_pair = second && *second >= 0xDC00 && *second < 0xE000;
    if (!is_pair) at_ = before;
    point = is_pair ? 0x10000 + ((point - 0xD800) << 10) + (*second - 0xDC00) : 0xFFFD;
  }
  AppendUtf8(point, to);
  return Status();
}

Status Parser::String(std::string& to) {
  if (!Accept('"')) return Fail();
  while (!Accept('"')) {
    if (at_ >= text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) return Fail();
    if (Accept('\\')) {
      ATREST_TRY(Escape(to));
    } else {
      to.push_back(text_[at_++]);
    }
  }
  return Status();
}

Status Parser::List(JsonTree& to, int depth, bool is_object) {
  if (depth >= kDepthMax) return Status(Code::kCorrupt, "exceeded max depth");
  to.kind = is_object ? JsonTree::Kind::kObject : JsonTree::Kind::kArray;
  const char end = is_object ? '}' : ']';
  ++at_;
  Space();
  if (Accept(end)) return Status();
  while (true) {
    if (is_object) {
      Space();
      ATREST_TRY(String(to.names.emplace_back()));
      Space();
      if (!Accept(':')) return Fail();
    }
    ATREST_TRY(Value(to.items.emplace_back(), depth + 1));
    Space();
    if (Accept(end)) return Status();
    if (!Accept(',')) return Fail();
  }
}

Status Parser::Value(JsonTree& to, int depth) {
  Space();
  switch (Peek()) {
    case '{':
      return List(to, depth, true);
    case '[':
      return List(to, depth, false);
    case '"':
      to.kind = JsonTree::Kind::kString;
      return String(to.text);
    case 't':
      return Word("true", JsonTree::Kind::kBool, to);
    case 'f':
      return Word("false", JsonTree::Kind::kBool, to);
    case 'n':
      return Word("null", JsonTree::Kind::kNull, to);
    default:
      return Number(to);
  }
}

}  // namespace

const JsonTree* JsonTree::Find(std::string_view name) const {
  const auto same = [&](const std::string& other) {
    return std::ranges::equal(name, other, {}, Lower, Lower);
  };
  for (size_t i = names.size(); i > 0; --i) {
    if (same(names[i - 1])) return &items[i - 1];
  }
  return nullptr;
}

Result<JsonTree> ReadJsonTree(std::string_view text) {
  JsonTree tree;
  ATREST_TRY(Parser(text).Value(tree, 0));
  return tree;
}

}  // namespace atrest::raftlog
