#include "reference/server/nats_config.h"

#include <array>
#include <filesystem>
#include <utility>

#include "reference/base/fault.h"
#include "reference/server/config_scanner.h"
#include "reference/server/config_value.h"

namespace atrest::server {
namespace {

using Kind = ConfigToken::Kind;

// Counted over a file, all that it includes and the environment variables that it names.
struct Budget {
  int includes = 0;
  size_t copied = 0;
};

bool IsSecret(std::string_view key) {
  const std::string lower = AsciiLower(key);
  return lower == "encryption_key" || lower == "password" || lower == "pass" || lower == "token";
}

void Set(ConfigMap& map, ConfigMember member) {
  for (auto& old : map) {
    if (old.key == member.key) {
      old = std::move(member);
      return;
    }
  }
  map.push_back(std::move(member));
}

class Parser {
 public:
  Parser(std::string_view text, const ConfigSource& source, Budget& budget, int level)
      : scanner_(text), source_(source), budget_(budget), level_(level) {}

  Result<ConfigMap> Parse();
  void HideIntegers() { hide_integers_ = true; }

 private:
  struct Key {
    std::string text;
    ConfigPosition at;
  };

  // Statements.
  Status TopStatement(bool& done);
  Status TopEnd();
  Status TopKey(bool& done);
  Status MapEntry(bool& closed);
  Status MapValueEnd(bool& closed);
  Status ReadBareKey(bool in_map, bool& include);
  Status ReadKey(bool in_map, bool& include);
  Status LoneKey() const;

  // Values. Each ends by giving its value to the innermost map or array.
  Status ReadValue();
  Status ReadScalar();
  Status ReadMap();
  Status ReadArray();
  Status ArrayValueEnd(bool& closed);
  void Give(ConfigValue value);

  Status Variable(const ConfigToken& token);
  Status GiveCopy(const ConfigToken& token, const ConfigValue& value);
  Status EnvironmentVariable(const ConfigToken& token);
  Status Include();
  Status IncludePath(std::string& path);
  Status Merge(const std::string& path, const std::string& text);

  bool CurrentIsSecret() const {
    return hide_integers_ || (!keys_.empty() && IsSecret(keys_.back().text));
  }
  Status Deep() const { return scanner_.Error("Nesting is too deep."); }

  ConfigScanner scanner_;
  const ConfigSource& source_;
  Budget& budget_;
  int level_;  // of includes and environment variables
  bool hide_integers_ = false;
  std::vector<ConfigValue> open_;  // maps and arrays, outermost first
  std::vector<Key> keys_;          // that wait for their value
};

Result<ConfigMap> Parser::Parse() {
  open_.push_back(ConfigValue{ConfigMap()});
  bool done = false;
  while (!done) ATREST_TRY(TopStatement(done));
  return std::get<ConfigMap>(std::move(open_.front().data));
}

Status Parser::TopStatement(bool& done) {
  scanner_.SkipSpace();
  done = scanner_.AtEnd();
  if (done || scanner_.SkipComment()) return Status();
  if (scanner_.Peek() == '{' || scanner_.Peek() == '}') {
    scanner_.Next();
    return Status();
  }
  if (scanner_.Peek() == '/' || scanner_.Peek() == '\0') return scanner_.Error("Unexpected EOF.");
  return TopKey(done);
}

Status Parser::TopKey(bool& done) {
  bool include = false;
  ATREST_TRY(ReadKey(false, include));
  if (include) {
    ATREST_TRY(Include());
    return TopEnd();
  }
  scanner_.SkipSpace();
  if (scanner_.AtEnd()) return LoneKey();
  if (IsConfigSeparator(scanner_.Peek())) scanner_.Next();
  scanner_.SkipBlanks();
  done = scanner_.AtEnd();
  if (done) return Status();  // "x:" at the end of the file says nothing
  ATREST_TRY(ReadValue());
  return TopEnd();
}

Status Parser::TopEnd() {
  scanner_.SkipBlanks();
  if (scanner_.AtEnd() || scanner_.SkipComment()) return Status();
  const char c = scanner_.Peek();
  if (IsConfigNewline(c) || c == ';' || c == ',' || c == '}' || c == '\0') {
    scanner_.Next();
    return Status();
  }
  return scanner_.Error(
      "Expected a top-level value to end with a new line, comment or EOF, but got '" +
      scanner_.Shown() + "' instead.");
}

Status Parser::LoneKey() const {
  const ConfigPosition at = keys_.back().at;
  return Status(Code::kInvalid, "config is invalid (" + source_.file + ":" +
                                    std::to_string(at.line) + ":" + std::to_string(at.column) +
                                    ")");
}

Status Parser::ReadBareKey(bool in_map, bool& include) {
  Key& key = keys_.back();
  do {
    key.text += scanner_.Next();
  } while (!scanner_.AtEnd() && !IsConfigSpace(scanner_.Peek()) &&
           !IsConfigSeparator(scanner_.Peek()));
  if (in_map && scanner_.AtEnd()) return scanner_.Error("Unexpected EOF processing map key.");
  include = IsConfigSpace(scanner_.Peek()) && AsciiLower(key.text) == "include";
  if (include) keys_.pop_back();
  return Status();
}

// REQUIRES: not at white space, nor at the end.
Status Parser::ReadKey(bool in_map, bool& include) {
  const char first = scanner_.Peek();
  if (IsConfigSeparator(first)) {
    return scanner_.Error("Unexpected key separator '" + scanner_.Shown() + "'");
  }
  keys_.push_back({"", scanner_.position()});
  if (first != '"' && first != '\'') return ReadBareKey(in_map, include);
  scanner_.Next();
  return scanner_.Quoted(first, keys_.back().text);
}

Status Parser::MapEntry(bool& closed) {
  scanner_.SkipSpace();
  if (scanner_.AtEnd()) return scanner_.Error("Unexpected EOF processing map.");
  if (scanner_.SkipComment()) return Status();
  if (scanner_.Peek() == ']') return scanner_.Error("Unexpected array end ']' processing map.");
  closed = scanner_.Peek() == '}';
  if (closed) {
    scanner_.Next();
    return Status();
  }
  bool include = false;
  ATREST_TRY(ReadKey(true, include));
  if (include) {
    ATREST_TRY(Include());
    return MapValueEnd(closed);
  }
  scanner_.SkipSpace();
  if (IsConfigSeparator(scanner_.Peek())) scanner_.Next();
  scanner_.SkipSpace();
  if (scanner_.Peek() == ',') return scanner_.Error("Unexpected map value terminator \",\".");
  closed = scanner_.Peek() == '}';
  if (closed) {
    // The key stays open and takes the map itself, as in the real server.
    scanner_.Next();
    return Status();
  }
  ATREST_TRY(ReadValue());
  return MapValueEnd(closed);
}

Status Parser::MapValueEnd(bool& closed) {
  scanner_.SkipBlanks();
  while (scanner_.SkipComment()) scanner_.SkipBlanks();
  const char c = scanner_.Peek();
  closed = c == '}';
  if (closed || c == ',' || c == ';' || IsConfigNewline(c)) {
    scanner_.Next();
    return Status();
  }
  return scanner_.Error(
      R"(Expected a map value terminator "," or a map terminator "}", but got ')" +
      scanner_.Shown() + "' instead.");
}

Status Parser::ReadValue() {
  scanner_.SkipBlanks();
  const char first = scanner_.Peek();
  if (first != '{' && first != '[') return ReadScalar();
  if (open_.size() > kMaxDepth) return Deep();
  scanner_.Next();
  return first == '{' ? ReadMap() : ReadArray();
}

Status Parser::ReadMap() {
  open_.push_back(ConfigValue{ConfigMap()});
  bool closed = false;
  while (!closed) ATREST_TRY(MapEntry(closed));
  ConfigValue map = std::move(open_.back());
  open_.pop_back();
  Give(std::move(map));
  return Status();
}

Status Parser::ReadArray() {
  open_.push_back(ConfigValue{ConfigArray()});
  bool closed = false;
  while (!closed) {
    scanner_.SkipSpace();
    if (scanner_.SkipComment()) continue;
    if (scanner_.Peek() == ',') return scanner_.Error("Unexpected array value terminator ','.");
    closed = scanner_.Peek() == ']';
    if (closed) {
      scanner_.Next();
    } else {
      ATREST_TRY(ReadValue());
      ATREST_TRY(ArrayValueEnd(closed));
    }
  }
  ConfigValue array = std::move(open_.back());
  open_.pop_back();
  Give(std::move(array));
  return Status();
}

Status Parser::ArrayValueEnd(bool& closed) {
  scanner_.SkipBlanks();
  while (scanner_.SkipComment()) scanner_.SkipBlanks();
  const char c = scanner_.Peek();
  closed = c == ']';
  if (closed || c == ',' || IsConfigNewline(c)) {
    scanner_.Next();
    return Status();
  }
  return scanner_.Error(
      R"(Expected an array value terminator "," or an array terminator "]", but got ')" +
      scanner_.Shown() + "' instead.");
}

void Parser::Give(ConfigValue value) {
  if (auto* array = std::get_if<ConfigArray>(&open_.back().data)) {
    array->push_back(std::move(value));
    return;
  }
  ATREST_CHECK(!keys_.empty());
  Key key = std::move(keys_.back());
  keys_.pop_back();
  Set(std::get<ConfigMap>(open_.back().data), {std::move(key.text), std::move(value), key.at});
}

Status Parser::ReadScalar() {
  ConfigToken token;
  ATREST_TRY(scanner_.Scalar(token));
  if (token.kind == Kind::kVariable) return Variable(token);
  auto value = ConfigScalar(token, CurrentIsSecret());
  if (!value.ok()) return value.status();
  Give(std::move(value).value());
  return Status();
}

Status Parser::Variable(const ConfigToken& token) {
  constexpr std::string_view kBcrypt = "2a$";
  if (token.text.starts_with(kBcrypt)) {
    Give(ConfigValue{"$" + token.text});
    return Status();
  }
  if (CurrentIsSecret() && fault::On(Fault::kKeyReferenceLiteral)) {
    Give(ConfigValue{"$" + token.text});
    return Status();
  }
  for (auto map = open_.rbegin(); map != open_.rend(); ++map) {
    const auto* members = std::get_if<ConfigMap>(&map->data);
    if (members == nullptr) continue;
    for (const auto& member : *members) {
      if (member.key == token.text) return GiveCopy(token, ConfigValue(member.value));
    }
  }
  return EnvironmentVariable(token);
}

Status VariableError(const ConfigToken& token, const std::string& why) {
  return Status(Code::kInvalid, "variable reference for '" + token.text + "' on line " +
                                    std::to_string(token.at.line) + " " + why);
}

Status Parser::GiveCopy(const ConfigToken& token, const ConfigValue& value) {
  const int depth = WeighConfig(value, budget_.copied);
  if (budget_.copied > kMaxCopied) return VariableError(token, "copies too much");
  if (static_cast<int>(open_.size()) + depth > kMaxDepth) return Deep();
  Give(value);
  return Status();
}

Status Parser::EnvironmentVariable(const ConfigToken& token) {
  const auto text = source_.environment ? source_.environment(token.text) : std::nullopt;
  if (!text) return VariableError(token, "can not be found");
  if (level_ >= kMaxIncludeDepth) return VariableError(token, "is a cycle");
  const std::string statement = "pk=" + *text;
  Parser parser(statement, source_, budget_, level_ + 1);
  if (CurrentIsSecret()) parser.HideIntegers();
  const auto parsed = parser.Parse();
  if (!parsed.ok()) {
    return VariableError(token, "could not be parsed: " + parsed.status().message());
  }
  for (const auto& member : parsed.value()) {
    if (member.key == "pk") return GiveCopy(token, member.value);
  }
  if (text->empty()) return GiveCopy(token, ConfigValue{std::string()});
  return VariableError(token, "can not be found");
}

Status Parser::IncludePath(std::string& path) {
  scanner_.SkipBlanks();
  const char first = scanner_.Peek();
  constexpr std::array<std::pair<std::string_view, const char*>, 6> kRefused = {
      {{"[", "start of an array"},
       {"{", "start of a map"},
       {"(", "start of a block"},
       {"\\", "escape sequence"},
       {"\r\n", "new line"},
       {"0123456789-", "number"}}};
  for (const auto& [characters, what] : kRefused) {
    if (!scanner_.AtEnd() && characters.find(first) != std::string_view::npos) {
      return scanner_.Error(std::string("Expected include value but found ") + what);
    }
  }
  if (first == '"' || first == '\'') {
    scanner_.Next();
    return scanner_.Quoted(first, path);
  }
  while (!scanner_.AtEnd() && !IsConfigSpace(scanner_.Peek()) &&
         std::string_view(";,}'").find(scanner_.Peek()) == std::string_view::npos) {
    path += scanner_.Next();
  }
  return Status();
}

Status Parser::Include() {
  std::string path;
  ATREST_TRY(IncludePath(path));
  const std::string prefix = "error parsing include file '" + path + "', ";
  if (level_ >= kMaxIncludeDepth || ++budget_.includes > kMaxIncludes) {
    return Status(Code::kInvalid, prefix + "too many includes");
  }
  const auto folder = std::filesystem::path(source_.file).parent_path();
  const std::string full = (folder / path).lexically_normal().string();
  if (!source_.read_file) return Status(Code::kInvalid, prefix + "there are no files");
  const auto text = source_.read_file(full);
  if (!text.ok()) return text.status().WithPrefix(prefix);
  const Status merged = Merge(full, text.value());
  return merged.ok() ? merged : merged.WithPrefix(prefix);
}

Status Parser::Merge(const std::string& path, const std::string& text) {
  const ConfigSource source{path, source_.environment, source_.read_file};
  const auto included = Parser(text, source, budget_, level_ + 1).Parse();
  if (!included.ok()) return included.status();
  for (const auto& member : included.value()) {
    const int depth = WeighConfig(member.value, budget_.copied);
    if (static_cast<int>(open_.size()) + depth > kMaxDepth) return Deep();
    Set(std::get<ConfigMap>(open_.back().data), member);
  }
  return Status();
}

}  // namespace

Result<ConfigMap> ParseConfig(std::string_view text, const ConfigSource& source) {
  Budget budget;
  return Parser(text, source, budget, 0).Parse();
}

}  // namespace atrest::server
