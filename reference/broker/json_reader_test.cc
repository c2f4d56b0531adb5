#include "reference/broker/json_reader.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reference/base/bytes.h"
#include "reference/base/random.h"
#include "reference/broker/connect_options.h"

namespace atrest::broker {
namespace {

std::string ErrorOf(const std::string& text) {
  const Result<JsonDocument> document = ReadJson(text);
  return document.ok() ? "" : document.status().message();
}

TEST(JsonReaderTest, Errors) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "unexpected end of JSON input"},
      {" {", "unexpected end of JSON input"},
      {"{\"a\":1", "unexpected end of JSON input"},
      {"\"abc", "unexpected end of JSON input"},
      {"\"\\u12", "unexpected end of JSON input"},
      {"tru", "unexpected end of JSON input"},
      {"-", "unexpected end of JSON input"},
      {"1.", "unexpected end of JSON input"},
      {"x", "invalid character 'x' looking for beginning of value"},
      {"{x}", "invalid character 'x' looking for beginning of object key string"},
      {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
      {"{\"a\" 1}", "invalid character '1' after object key"},
      {"{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"},
      {"[1 2]", "invalid character '2' after array element"},
      {"[1,]", "invalid character ']' looking for beginning of value"},
      {"{} {}", "invalid character '{' after top-level value"},
      {"01", "invalid character '1' after top-level value"},
      {"trux", "invalid character 'x' in literal true (expecting 'e')"},
      {"nil", "invalid character 'i' in literal null (expecting 'u')"},
      {"-x", "invalid character 'x' in numeric literal"},
      {"1.x", "invalid character 'x' after decimal point in numeric literal"},
      {"1ex", "invalid character 'x' in exponent of numeric literal"},
      {"\"a\nb\"", "invalid character '\\n' in string literal"},
      {"\"\\x\"", "invalid character 'x' in string escape code"},
      {"\"\\u12x4\"", "invalid character 'x' in \\u hexadecimal character escape"},
      {"'a'", "invalid character '\\'' looking for beginning of value"},
      {"\xff", "invalid character '\xc3\xbf' looking for beginning of value"},
      {std::string(10'001, '['), "invalid character '[' exceeded max depth"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(ErrorOf(text), error) << text.substr(0, 40);
}

std::string StringOf(const std::string& literal) {
  const Result<JsonDocument> document = ReadJson("{\"a\":" + literal + "}");
  EXPECT_TRUE(document.ok()) << literal;
  return document.ok() ? document.value().members[0].value.text : "";
}

TEST(JsonReaderTest, Strings) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("")", ""},
      {R"("a\"\\\/\b\f\n\r\t")", "a\"\\/\b\f\n\r\t"},
      {R"("\u0041\u00e9\u20ac")", "A\xc3\xa9\xe2\x82\xac"},
      {R"("\ud83d\ude00")", "\xf0\x9f\x98\x80"},
      {R"("\ud83dx")", "\xef\xbf\xbdx"},
      {R"("\ud83d\u0041")",
       "\xef\xbf\xbd"
       "A"},
      {R"("\ude00")", "\xef\xbf\xbd"},
      {"\"\xff\"", "\xef\xbf\xbd"},
  };
  for (const auto& [literal, text] : cases) EXPECT_EQ(StringOf(literal), text) << literal;
}

TEST(JsonReaderTest, MembersOfTheOutermostObjectAlone) {
  const Result<JsonDocument> document = ReadJson(
      R"( {"a" : {"b":[{"c":1}]}, "d":[{"e":2},3], "f":-1.5e3, "g":true, "h":null, "a":"x"} )");
  ASSERT_TRUE(document.ok());
  std::string names;
  for (const JsonMember& member : document.value().members) {
    names += member.name + std::to_string(static_cast<int>(member.value.kind)) + member.value.text;
  }
  EXPECT_EQ(names, "a5d4f2-1.5e3g1h0a3x");
  EXPECT_TRUE(document.value().members[3].value.boolean);
}

// What an independent reader accepts and refuses, of texts that are close to JSON.
TEST(JsonReaderTest, AcceptsWhatAnotherReaderAccepts) {
  Random random(7);
  const std::string pieces[] = {"{",    "}",    "[",    "]", ",",  ":",  "\"a\"", "1",
                                "-0.5", "true", "null", " ", "\"", "\\", "x",     "0"};
  int accepted = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (uint64_t n = random.Below(8); n > 0; --n) text += pieces[random.Below(16)];
    const bool expected = nlohmann::json::accept(text);
    accepted += expected ? 1 : 0;
    ASSERT_EQ(ErrorOf(text).empty(), expected) << text;
  }
  EXPECT_GT(accepted, 5'000);
}

TEST(ConnectOptionsTest, MembersOverwriteEachOther) {
  ConnectOptions options;
  ASSERT_TRUE(
      MergeConnect(R"({"verbose":false,"User":"a","protocol":1,"echo":null,"x":[]})", options)
          .ok());
  ASSERT_TRUE(MergeConnect(R"({"user":"b","PASS":"p","user":"c","import":{}})", options).ok());
  EXPECT_FALSE(options.verbose);
  EXPECT_TRUE(options.pedantic);
  EXPECT_TRUE(options.echo);
  EXPECT_EQ(options.user, "c");
  EXPECT_EQ(options.pass, "p");
  EXPECT_EQ(options.protocol, 1);
}

TEST(ConnectOptionsTest, WrongTypes) {
  const std::string field = "json: cannot unmarshal ";
  const std::pair<const char*, std::string> cases[] = {
      {"[]", field + "array into Go value of type server.ClientOpts"},
      {"\"a\"", field + "string into Go value of type server.ClientOpts"},
      {"true", field + "bool into Go value of type server.ClientOpts"},
      {R"({"verbose":"x"})", field + "string into Go struct field ClientOpts.verbose of type bool"},
      {R"({"ECHO":1})", field + "number into Go struct field ClientOpts.echo of type bool"},
      {R"({"user":{}})", field + "object into Go struct field ClientOpts.user of type string"},
      {R"({"pass":1.5})", field + "number into Go struct field ClientOpts.pass of type string"},
      {R"({"protocol":1.5})",
       field + "number 1.5 into Go struct field ClientOpts.protocol of type int"},
      {R"({"protocol":99999999999999999999})",
       field + "number 99999999999999999999 into Go struct field ClientOpts.protocol of type int"},
      {R"({"protocol":"1"})",
       field + "string into Go struct field ClientOpts.protocol of type int"},
      {R"({"import":1})",
       field + "number into Go struct field ClientOpts.import of type server.SubjectPermission"},
      {R"({"verbose":1,"user":)", "unexpected end of JSON input"},
  };
  for (const auto& [json, error] : cases) {
    ConnectOptions options;
    EXPECT_EQ(MergeConnect(json, options).message(), error) << json;
  }
}

}  // namespace
}  // namespace atrest::broker
