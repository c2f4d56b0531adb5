// Syntax and error texts: options.md 2.2, measured on the real binary.
#include "reference/server/nats_config.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace atrest::server {
namespace {

using Strings = std::map<std::string, std::string>;

Result<ConfigMap> Parse(const std::string& text, const Strings& environment = {},
                        const Strings& files = {}) {
  ConfigSource source;
  source.file = "etc/x.conf";
  source.environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  source.read_file = [&](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found != files.end()) return found->second;
    return Status(Code::kNotFound, "open " + path + ": no such file or directory");
  };
  return ParseConfig(text, source);
}

std::string Text(const ConfigValue& value);

std::string Text(const ConfigMap& map) {
  std::string text;
  for (const auto& member : map) text += member.key + "=" + Text(member.value) + " ";
  return text;
}

// With the type of each value.
std::string Text(const ConfigValue& value) {
  const std::string type(ConfigTypeName(value).substr(0, 1));
  if (const auto* map = std::get_if<ConfigMap>(&value.data)) return "{" + Text(*map) + "}";
  if (const auto* array = std::get_if<ConfigArray>(&value.data)) {
    std::string text = "[";
    for (const auto& item : *array) text += Text(item) + " ";
    return text + "]";
  }
  if (const auto* truth = std::get_if<bool>(&value.data)) return *truth ? "true" : "false";
  if (const auto* number = std::get_if<int64_t>(&value.data)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value.data)) return "f" + std::to_string(*number);
  if (const auto* time = std::get_if<ConfigTime>(&value.data)) return "t" + time->text;
  return "'" + std::get<std::string>(value.data) + "'";
}

std::string Show(const std::string& text, const Strings& environment = {},
                 const Strings& files = {}) {
  const auto parsed = Parse(text, environment, files);
  return parsed.ok() ? Text(parsed.value()) : "error: " + parsed.status().message();
}

std::string Error(const std::string& text, const Strings& environment = {},
                  const Strings& files = {}) {
  return Parse(text, environment, files).status().message();
}

std::string OnLine(int line, const std::string& text) {
  return "Parse error on line " + std::to_string(line) + ": '" + text + "'";
}

TEST(NatsConfigTest, Statements) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"a 1", "a=1 "},
      {"a=1\nb: 2\r\nc 3;d=4,e=5", "a=1 b=2 c=3 d=4 e=5 "},
      {"a: x}", "a='x' "},
      {"{ a: 1\n}", "a=1 "},
      {"a: 1 # c\n// d\nb: 2 // e", "a=1 b=2 "},
      {"\"a b\": 1\n'c=d' = 2", "a b=1 c=d=2 "},
      {"a: 1\nA: 2\na: 3", "a=3 A=2 "},
      {"x: ", ""},
      {"m { a 1, b 2; c 3\nd 4 }", "m={a=1 b=2 c=3 d=4 } "},
      {"streaming { id a }", "streaming={id='a' } "},
      {"m {\n # c\n a: {b: {}}\n}", "m={a={b={} } } "},
      {"l: [x,y]", "l=['x' 'y' ] "},
      {"l: [1,2 ]", "l=[1 2 ] "},
      {"l: [\n1\n2,\n # c\n{a: b}\n]", "l=[1 2 {a='b' } ] "},
      {"l: [1, ]", "l=[1 ] "},
      {"b: (\n one\n two)\n)\nc: 1", "b='\n one\n two)\n' c=1 "},
      {"store_limits { mm:  }", "mm={} "},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(Show(text), shown) << text;
}

TEST(NatsConfigTest, Scalars) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"true", "true"},
      {"YES", "true"},
      {"oN", "true"},
      {"No", "false"},
      {"off", "false"},
      {"\"yes\"", "'yes'"},
      {"-7", "-7"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"1.5", "f1.500000"},
      {"1.2.3.4", "'1.2.3.4'"},
      {"127.0.0.1:80", "'127.0.0.1:80'"},
      {"2020-01-02T03:04:05Z", "t2020-01-02T03:04:05Z"},
      {"12ab", "'12ab'"},
      {"5s", "'5s'"},
      {"10ms", "'10ms'"},
      {"1h30m", "'1h30m'"},
      {"http://x/y", "'http://x/y'"},
      {"a//b", "'a//b'"},
      {"a#b", "'a#b'"},
      {"abc'", "'abc'"},
      {R"("a\tb\n\r\"\\\x41")", "'a\tb\n\r\"\\A'"},
      {R"('a\tb')", R"('a\tb')"},
      {R"(a\x41)", "'aA'"},
      {R"(\x79es)", "'yes'"},
      {"\"a\nb\"", "'a\nb'"},
      {"\"$X\"", "'$X'"},
      {"$2a$11$abc", "'$2a$11$abc'"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(Show("v: " + text), "v=" + shown + " ") << text;
  EXPECT_EQ(Text(Parse(R"(v: "a\x00b")").value()), std::string("v='a\0b' ", 8));
}

TEST(NatsConfigTest, SizeSuffixes) {
  const std::string letters = "kmgtpe";
  int64_t decimal = 1;
  int64_t binary = 1;
  for (const char letter : letters) {
    decimal *= 1000;
    binary *= 1024;
    const std::string upper(1, static_cast<char>(letter - 0x20));
    EXPECT_EQ(Show("v: 5" + upper), "v=" + std::to_string(5 * decimal) + " ");
    for (const char* tail : {"b", "B", "i", "ib", "iB"}) {
      EXPECT_EQ(Show(std::string("v: 3") + letter + tail), "v=" + std::to_string(3 * binary) + " ");
    }
  }
  EXPECT_EQ(Show("v: -1kb"), "v=-1024 ");
}

TEST(NatsConfigTest, Variables) {
  EXPECT_EQ(Show("A: 5\nm { b: $A }"), "A=5 m={b=5 } ");
  EXPECT_EQ(Show("A: 5\nm { A: 6, b: $A }"), "A=5 m={A=6 b=6 } ");
  EXPECT_EQ(Show("A: [x,{y: 1}]\nB: $A", {{"A", "no"}}), "A=['x' {y=1 } ] B=['x' {y=1 } ] ");
  EXPECT_EQ(Show("a: $N\nb: $S\nc: $E", {{"N", "7"}, {"S", "abc"}, {"E", ""}}),
            "a=7 b='abc' c='' ");
  EXPECT_EQ(Show("a: $X", {{"X", "$Y"}, {"Y", "2k"}}), "a=2000 ");
}

TEST(NatsConfigTest, RefusedVariables) {
  EXPECT_EQ(Error("\na: $NOPE"), "variable reference for 'NOPE' on line 2 can not be found");
  EXPECT_EQ(Error("b: $A\nA: 5"), "variable reference for 'A' on line 1 can not be found");
  EXPECT_TRUE(Error("a: $EBAD", {{"EBAD", "[1"}})
                  .starts_with("variable reference for 'EBAD' on line 1 could not be parsed: "));
  EXPECT_NE(Error("a: $X", {{"X", "$X"}}).find("is a cycle"), std::string::npos);
}

TEST(NatsConfigTest, CopiesAreBounded) {
  std::string text = "a0: [x,x,x,x,x,x,x,x,x,x]\n";
  std::string deep = "a0: {}\n";
  for (int i = 1; i < 200; ++i) {
    const std::string old = "$a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": [" + old + "," + old + "," + old + "]\n";
    deep += "a" + std::to_string(i) + ": { b: " + old + " }\n";
  }
  EXPECT_NE(Error(text).find("copies too much"), std::string::npos);
  EXPECT_NE(Error(deep).find("Nesting is too deep."), std::string::npos);
}

TEST(NatsConfigTest, NestingIsBounded) {
  const auto nested = [](int levels) {
    return "a: " + std::string(static_cast<size_t>(levels), '[');
  };
  EXPECT_EQ(Error(nested(kMaxDepth + 1)), OnLine(1, "Nesting is too deep."));
  EXPECT_EQ(Error(nested(1'000'000)), OnLine(1, "Nesting is too deep."));
  EXPECT_TRUE(Parse(nested(kMaxDepth) + std::string(kMaxDepth, ']')).ok());
}

TEST(NatsConfigTest, Includes) {
  const Strings files = {{"etc/b.conf", "x: 1\ny: 2"},
                         {"etc/sub/c.conf", "include d.conf"},
                         {"etc/sub/d.conf", "z: 3"},
                         {"etc/bad.conf", "\nq: }"},
                         {"etc/loop.conf", "include loop.conf"}};
  EXPECT_EQ(Show("x: 0\ninclude b.conf\n", {}, files), "x=1 y=2 ");
  EXPECT_EQ(Show("m { include 'b.conf' }", {}, files), "m={x=1 y=2 } ");
  EXPECT_EQ(Show("include \"sub/c.conf\"", {}, files), "z=3 ");
  EXPECT_EQ(Show("include: 1"), "include=1 ");
  EXPECT_EQ(
      Error("include nope.conf"),
      "error parsing include file 'nope.conf', open etc/nope.conf: no such file or directory");
  EXPECT_NE(Error("include loop.conf", {}, files).find("too many includes"), std::string::npos);
  EXPECT_EQ(Error("include [x]"), OnLine(1, "Expected include value but found start of an array"));
}

TEST(NatsConfigTest, ErrorTexts) {
  const std::string nul(1, '\0');
  const std::string map_end =
      R"(Expected a map value terminator "," or a map terminator "}", but got ')";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"m: { e: \n", OnLine(2, map_end + nul + "' instead.")},
      {"m: {\n a: 1 b: 2 }", OnLine(2, map_end + "b' instead.")},
      {"m: {\n", OnLine(2, "Unexpected EOF processing map.")},
      {"m: { a", OnLine(1, "Unexpected EOF processing map key.")},
      {"m: { a: , }", OnLine(1, "Unexpected map value terminator \",\".")},
      {"= 1", OnLine(1, "Unexpected key separator '='")},
      {"a: \"x", OnLine(1, "Unexpected EOF.")},
      {"l: [,]", OnLine(1, "Unexpected array value terminator ','.")},
      {"l: [x,,y]", OnLine(1, "Unexpected array value terminator ','.")},
      {"l: [x\n,y]", OnLine(2, "Unexpected array value terminator ','.")},
      {"l: [1,2]", OnLine(1,
                          "Expected an array value terminator \",\" or an array terminator"
                          " \"]\", but got '" +
                              nul + "' instead.")},
      {"a: 5 foo", OnLine(1,
                          "Expected a top-level value to end with a new line, comment or EOF,"
                          " but got 'f' instead.")},
      {"a: 5 k", OnLine(1,
                        "Expected a top-level value to end with a new line, comment or EOF,"
                        " but got 'k' instead.")},
      {"a: 5e2", OnLine(1,
                        "Expected a top-level value to end with a new line, comment or EOF,"
                        " but got '2' instead.")},
      {"a: \nb: 1", OnLine(1, "Expected value but found new line")},
      {"a: .5", OnLine(1, "Floats must start with a digit")},
      {"a: -x", OnLine(1, "Expected a digit but got 'x'.")},
      {"a: 12-3", OnLine(1, "All ISO8601 dates must be in full Zulu form.")},
      {R"(a: "\q")", OnLine(1, R"(Invalid escape character 'q'. Only the following escape)"
                               R"( characters are allowed: \xXX, \t, \n, \r, \", \\.)")},
      {R"(a: "\xzz")", OnLine(1, R"(Expected two hexadecimal digits after '\x', but got 'zz')")},
      {"a: 9223372036854775808", "integer '9223372036854775808' is out of the range"},
      {"a: 1\n lone", "config is invalid (etc/x.conf:2:1)"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(Error(text), error) << text;
}

TEST(NatsConfigTest, SecretsAreNotRepeated) {
  const std::string digits = "99999999999999999999";
  const std::string hidden = "integer '<hidden>' is out of the range";
  EXPECT_EQ(Error("Encryption_Key: " + digits), hidden);
  EXPECT_EQ(Error("a { password: " + digits + " }"), hidden);
  EXPECT_EQ(Error("encryption_key: $K", {{"K", digits}}),
            "variable reference for 'K' on line 1 could not be parsed: " + hidden);
}

TEST(NatsConfigTest, Positions) {
  const auto parsed = Parse("a: 1\n  b: 2").value();
  EXPECT_EQ(parsed[0].at.line, 1);
  EXPECT_EQ(parsed[1].at.line, 2);
  EXPECT_EQ(parsed[1].at.column, 2);
}

RC_GTEST_PROP(NatsConfigTest, AnyTextIsReadOrRefusedWithItsLine, ()) {
  const auto piece = rc::gen::element<std::string>(
      "a", "b", "1", "2k", "5.", ".", "-", ":", "=", "{", "}", "[", "]", "(", ")", ",", ";", "\n",
      " ", "'", "\"", "\\", "\\x41", "#", "//", "$a", "$E", "yes", "2020-", std::string(1, '\0'),
      "\xC3\xA9", "\xFF", "\r");
  std::string text;
  for (const auto& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
  const auto parsed = Parse(text, {{"E", "[1"}});
  if (parsed.ok()) return;
  const std::string message = parsed.status().message();
  RC_ASSERT(message.find("on line ") != std::string::npos ||
            message.find("config is invalid (etc/x.conf:") == 0);
}

RC_GTEST_PROP(NatsConfigTest, QuotedStringsComeBack, (const std::string& value)) {
  std::string quoted;
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  const auto parsed = Parse("m { v: \"" + quoted + "\" }");
  const auto& map = std::get<ConfigMap>(parsed.value()[0].value.data);
  RC_ASSERT(std::get<std::string>(map[0].value.data) == value);
}

}  // namespace
}  // namespace atrest::server
