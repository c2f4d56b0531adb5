#include "reference/wire/nats_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "reference/base/random.h"

namespace atrest::wire {
namespace {

struct Read {
  std::vector<NatsCommand> commands;
  std::optional<NatsError> error;
};

// A parser whose client has headers, and what it made of all its input so far.
class Client {
 public:
  explicit Client(const NatsLimits& limits = {}) : parser(limits) { parser.set_headers(true); }

  Client& Take(std::string_view text) {
    ByteView input = AsBytes(text);
    while (auto command = parser.Next(&input)) read.commands.push_back(std::move(*command));
    EXPECT_TRUE(input.empty());
    read.error = parser.error();
    return *this;
  }

  NatsParser parser;
  Read read;
};

Read ReadAll(std::string_view text) { return Client().Take(text).read; }

NatsCommand Only(std::string_view text) {
  const Read read = ReadAll(text);
  EXPECT_EQ(read.commands.size(), 1u) << text;
  EXPECT_FALSE(read.error) << text << ": " << read.error->log_text;
  return read.commands.empty() ? NatsCommand() : read.commands[0];
}

NatsError ErrorOf(std::string_view text) {
  const Read read = ReadAll(text);
  EXPECT_TRUE(read.error) << text;
  EXPECT_TRUE(read.commands.empty()) << text;
  return read.error.value_or(NatsError());
}

NatsPublish Pub(std::string subject, std::string reply, std::string size, const std::string& body) {
  NatsPublish publish;
  publish.subject = std::move(subject);
  publish.reply = std::move(reply);
  publish.size_text = std::move(size);
  publish.body = ToBytes(body);
  return publish;
}

NatsPublish Hpub(NatsPublish publish, std::string header_size_text, size_t header_size) {
  publish.has_header = true;
  publish.header_size_text = std::move(header_size_text);
  publish.header_size = header_size;
  return publish;
}

TEST(NatsParserTest, Commands) {
  const std::pair<const char*, NatsCommand> cases[] = {
      {"CONNECT {}\r\n", NatsConnect{"{}"}},
      {"connect\t {\"a\": 1} \n", NatsConnect{"{\"a\": 1} "}},
      {"CONNECT{}\r\n", NatsConnect{"{}"}},
      {"CONNECT\r\n", NatsConnect{""}},
      {"CONNECT {}\r\r\n", NatsConnect{"{}\r"}},
      {"PUB a 0\r\n\r\n", Pub("a", "", "0", "")},
      {"PUB a 0001\r\nx\r\n", Pub("a", "", "0001", "x")},
      {"pUb \t a.b  re.ply\t5 \nPING\n\r\n", Pub("a.b", "re.ply", "5", "PING\n")},
      {"PUB foo.* 1\r\n\r\r\n", Pub("foo.*", "", "1", "\r")},
      {"PUB a 000000003\r\nabc\r\n", Pub("a", "", "000000003", "abc")},
      {"HPUB a 4 6\r\n\r\n\r\nhi\r\n", Hpub(Pub("a", "", "6", "\r\n\r\nhi"), "4", 4)},
      {"hpub a r 00 00\r\n\r\n", Hpub(Pub("a", "r", "00", ""), "00", 0)},
      {"HPUB a 2 2\r\n??\r\n", Hpub(Pub("a", "", "2", "??"), "2", 2)},
      {"SUB foo 1\r\n", NatsSubscribe{"foo", "", "1"}},
      {"sub foo..> q*  x-y\n", NatsSubscribe{"foo..>", "q*", "x-y"}},
      {"UNSUB 1\r\n", NatsUnsubscribe{"1", 0}},
      {"UNSUB 1 5\r\n", NatsUnsubscribe{"1", 5}},
      {"unsub \tabc  007 \r\n", NatsUnsubscribe{"abc", 7}},
      {"UNSUB 1 -5\r\n", NatsUnsubscribe{"1", 0}},
      {"UNSUB 1 x\r\n", NatsUnsubscribe{"1", 0}},
      {"UNSUB 1 1000000000\r\n", NatsUnsubscribe{"1", 0}},
      {"PING\r\n", NatsPing{}},
      {"ping\n", NatsPing{}},
      {"PINGxyz and more\r\n", NatsPing{}},
      {"PONG \r\n", NatsPong{}},
      {"pongpong\n", NatsPong{}},
      {"+OK\r\nPING\r\n", NatsPing{}},
      {"+okay then\nPING\r\n", NatsPing{}},
      {"INFO {\"a\":1}\r\nPING\r\n", NatsPing{}},
      {"info \nPING\r\n", NatsPing{}},
  };
  for (const auto& [text, command] : cases) {
    EXPECT_TRUE(Only(text) == command) << text;
  }
}

TEST(NatsParserTest, UnknownOperations) {
  for (const char* text : {"\r\n",
                           "\n",
                           " PING\r\n",
                           "X",
                           "PX",
                           "PUX",
                           "PUB\r\n",
                           "PUBa 1\r\n",
                           "HPUB\r\n",
                           "SUB\r\n",
                           "UNSUB\r\n",
                           "INFO\r\n",
                           "-ERR\r\n",
                           "+O\r\n",
                           "-E ",
                           "MSG a 1 1\r\n",
                           "RS+ a b\r\n",
                           "LS+ a\r\n",
                           "A+ a\r\n",
                           "HMSG a 1 1 1\r\n",
                           "CONNEKT",
                           "PUB a 1\r\nxPING\r\n",
                           "PUB a 1\r\nx\nPING",
                           "PUB a 1\r\nx\rPING",
                           "PUB a 0\r\nx",
                           "PUB a 0\r\n\n",
                           "\xff"}) {
    EXPECT_EQ(ErrorOf(text), (NatsError{"Unknown Protocol Operation", "Client parser ERROR", {}}))
        << text;
  }
}

TEST(NatsParserTest, SilentErrors) {
  struct Case {
    const char* text;
    const char* log_text;
    const char* log_args;
  };
  const Case cases[] = {
      {"SUB a\r\n", "processSub Parse Error", "a"},
      {"SUB a b c d\r\n", "processSub Parse Error", "a b c d"},
      {"SUB  \r\n", "processSub Parse Error", ""},
      {"PUB a\r\n", "processPub Parse Error", "a"},
      {"PUB \ta  b c 1 \r\n", "processPub Parse Error", "a  b c 1 "},
      {"PUB a -1\r\n", "processPub Bad or Missing Size", "a -1"},
      {"PUB a +1\r\n", "processPub Bad or Missing Size", "a +1"},
      {"PUB a 1x\r\n", "processPub Bad or Missing Size", "a 1x"},
      {"PUB a 0000000001\r\n", "processPub Bad or Missing Size", "a 0000000001"},
      {"PUB a b c\r\n", "processPub Bad or Missing Size", "a b c"},
      {"HPUB a 1\r\n", "processHeaderPub Parse Error", "a 1"},
      {"HPUB a b c 1 2\r\n", "processHeaderPub Parse Error", "a b c 1 2"},
      {"HPUB a x 2\r\n", "processHeaderPub Bad or Missing Header Size", "a x 2"},
      {"HPUB a 1 y\r\n", "processHeaderPub Bad or Missing Total Size", "a 1 y"},
      {"HPUB a 3 2\r\n", "processHeaderPub Header Size larger then TotalSize", "a 3 2"},
      {"UNSUB 1 2 3\r\n", "processUnsub Parse Error", "1 2 3"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ErrorOf(c.text), (NatsError{"", c.log_text, c.log_args})) << c.text;
  }
  EXPECT_EQ(ErrorOf("-ERR 'Bad'\r\n"), (NatsError{"", "Client Error 'Bad'", {}}));
}

TEST(NatsParserTest, HeadersAreForThoseWhoAskedForThem) {
  Client client;
  client.parser.set_headers(false);
  client.Take("PUB a 0\r\n\r\nHPUB\tnonsense\r\n");
  EXPECT_EQ(client.read.commands.size(), 1u);
  EXPECT_EQ(client.read.error, (NatsError{"", "message headers not supported", {}}));
}

TEST(NatsParserTest, ConnectIsRequiredUntilItIsNot) {
  Client client;
  client.parser.set_connect_required(true);
  client.Take("connect {}\r\n");
  ASSERT_EQ(client.read.commands.size(), 1u);
  client.parser.set_connect_required(false);
  EXPECT_EQ(client.Take("PING\r\n").read.commands.size(), 2u);
  client.parser.set_connect_required(true);
  EXPECT_EQ(client.Take("P").read.error,
            (NatsError{"Authorization Violation", "authentication error", {}}));
}

TEST(NatsParserTest, ThePayloadLimitIsCheckedAtTheControlLine) {
  EXPECT_FALSE(ReadAll("PUB a 1048576\r\n").error);
  const NatsError error = {
      "Maximum Payload Violation", "maximum payload exceeded: 1048577 vs 1048576", {}};
  EXPECT_EQ(ErrorOf("PUB a 1048577\r\n"), error);
  EXPECT_EQ(ErrorOf("HPUB a 1 1048577\r\n"), error);
}

TEST(NatsParserTest, TheControlLineLimitIsOfTheArguments) {
  const NatsError error = {"maximum control line exceeded", "maximum control line exceeded", {}};
  for (const char* verb : {"CONNECT", "PUB", "HPUB", "SUB", "UNSUB"}) {
    const std::string start = std::string(verb) + "  \t  ";
    EXPECT_NE(Client().Take(start + std::string(4096, 'a') + "\r\n").read.error, error) << verb;
    EXPECT_FALSE(Client().Take(start + std::string(4096, 'a') + "\r").read.error) << verb;
    EXPECT_EQ(ErrorOf(start + std::string(4097, 'a') + "\r\n"), error) << verb;
    EXPECT_EQ(ErrorOf(start + std::string(4097, 'a')), error) << verb;
    EXPECT_EQ(ErrorOf(start + std::string(4096, 'a') + "\rb"), error) << verb;
  }
  EXPECT_EQ(Only("CONNECT " + std::string(4096, 'a') + "\r\n"),
            NatsCommand(NatsConnect{std::string(4096, 'a')}));
}

TEST(NatsParserTest, IgnoredTextHasNoLimit) {
  const std::string text(100000, ' ');
  EXPECT_EQ(Only("PING" + text + "\r\n"), NatsCommand(NatsPing{}));
  EXPECT_EQ(Only("INFO " + text + "x" + text + "\r\nPONG\r\n"), NatsCommand(NatsPong{}));
  EXPECT_EQ(Only("SUB" + text + "a 1\r\n"), NatsCommand(NatsSubscribe{"a", "", "1"}));
  EXPECT_EQ(ErrorOf("-ERR " + std::string(5000, 'x') + "\r\n").log_text,
            "Client Error " + std::string(4096, 'x'));
}

TEST(NatsParserTest, ALongErrIsCutAtTheSamePlaceHoweverItComes) {
  const NatsLimits limits = {.control_line = 4, .payload = 0};
  const std::pair<std::string, std::string> cases[] = {
      {"abc\r\n", "abc"},      {"abcd\r\n", "abcd"},  {"abcd\r\r\n", "abcd"},
      {"abc\rx\r\n", "abc\r"}, {"abcdx\r\n", "abcd"}, {"abcdxy\rz\n", "abcd"},
  };
  for (const auto& [text, kept] : cases) {
    Client at_once(limits);
    Client by_bytes(limits);
    at_once.Take("-ERR " + text);
    for (const char c : "-ERR " + text) by_bytes.Take(std::string_view(&c, 1));
    EXPECT_EQ(at_once.read.error, (NatsError{"", "Client Error " + kept, {}})) << text;
    EXPECT_EQ(by_bytes.read.error, at_once.read.error) << text;
  }
}

TEST(NatsParserTest, CommandsComeOneByOne) {
  const std::string text = "PING\r\nPONG\r\nPUB a 3\r\nab";
  NatsParser parser;
  ByteView input = AsBytes(text);
  EXPECT_EQ(parser.Next(&input), NatsCommand(NatsPing{}));
  EXPECT_EQ(AsText(input), "PONG\r\nPUB a 3\r\nab");
  EXPECT_EQ(parser.Next(&input), NatsCommand(NatsPong{}));
  EXPECT_EQ(parser.Next(&input), std::nullopt);
  EXPECT_TRUE(input.empty());
  EXPECT_EQ(parser.Next(&input), std::nullopt);
  input = AsBytes("c\r\n");
  EXPECT_EQ(parser.Next(&input), NatsCommand(Pub("a", "", "3", "abc")));
  EXPECT_FALSE(parser.error());
}

TEST(NatsParserTest, MemoryIsForWhatHasArrived) {
  // A gigabyte for each of many parsers would not fit.
  const NatsLimits limits = {.control_line = 4096, .payload = 999999999};
  std::vector<NatsParser> parsers(1000, NatsParser(limits));
  for (NatsParser& parser : parsers) {
    ByteView input = AsBytes("PUB a 999999999\r\nx");
    EXPECT_EQ(parser.Next(&input), std::nullopt);
    EXPECT_FALSE(parser.error());
  }
}

// Were the bytes so far looked at or moved with each further one, this would take minutes.
TEST(NatsParserTest, BytesOneByOneTakeLinearTime) {
  const std::string body(1048576, 'x');
  const std::string text = "PUB a 1048576\r\n" + body + "\r\n";
  NatsParser parser;
  std::optional<NatsCommand> command;
  for (size_t i = 0; i < text.size(); ++i) {
    ByteView input = AsBytes(text).subspan(i, 1);
    command = parser.Next(&input);
  }
  EXPECT_TRUE(command == NatsCommand(Pub("a", "", "1048576", body)));
}

TEST(NatsParserTest, APublishedMessageIsDeliveredAsWritten) {
  const NatsCommand command = Only("HPUB a r 04 006\r\n\r\n\r\nhi\r\n");
  Bytes written;
  WriteMessage(std::get<NatsPublish>(command).View(), "9", true, written);
  EXPECT_EQ(AsText(written), "HMSG a 9 r 04 006\r\n\r\n\r\nhi\r\n");
}

// What a client would write for a command.
struct Printer {
  std::string operator()(const NatsConnect& connect) const {
    return "CONNECT " + connect.json + "\r\n";
  }
  std::string operator()(const NatsPublish& publish) const {
    std::string line = (publish.has_header ? "HPUB " : "PUB ") + publish.subject;
    if (!publish.reply.empty()) line += " " + publish.reply;
    if (publish.has_header) line += " " + publish.header_size_text;
    return line + " " + publish.size_text + "\r\n" + std::string(AsText(publish.body)) + "\r\n";
  }
  std::string operator()(const NatsSubscribe& subscribe) const {
    const std::string queue = subscribe.queue.empty() ? "" : subscribe.queue + " ";
    return "SUB " + subscribe.subject + " " + queue + subscribe.sid + "\r\n";
  }
  std::string operator()(const NatsUnsubscribe& unsubscribe) const {
    const std::string max = unsubscribe.max == 0 ? "" : " " + std::to_string(unsubscribe.max);
    return "UNSUB " + unsubscribe.sid + max + "\r\n";
  }
  std::string operator()(const NatsPing&) const { return "PING\r\n"; }
  std::string operator()(const NatsPong&) const { return "PONG\r\n"; }
};

std::string Token() {
  return *rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char c) {
        return c != ' ' && c != '\t' && c != '\r' && c != '\n';
      })));
}

NatsPublish AnyPublish() {
  NatsPublish publish;
  publish.subject = Token();
  if (*rc::gen::arbitrary<bool>()) publish.reply = Token();
  publish.body = *rc::gen::arbitrary<Bytes>();
  publish.size_text = std::to_string(publish.body.size());
  publish.has_header = *rc::gen::arbitrary<bool>();
  if (!publish.has_header) return publish;
  publish.header_size = *rc::gen::inRange<size_t>(0, publish.body.size() + 1);
  publish.header_size_text = "0" + std::to_string(publish.header_size);
  return publish;
}

NatsCommand AnyCommand() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return NatsConnect{Token() + " " + Token()};
    case 1:
      return AnyPublish();
    case 2: {
      NatsSubscribe subscribe;
      subscribe.subject = Token();
      if (*rc::gen::arbitrary<bool>()) subscribe.queue = Token();
      subscribe.sid = Token();
      return subscribe;
    }
    case 3: {
      NatsUnsubscribe unsubscribe;
      unsubscribe.sid = Token();
      unsubscribe.max = *rc::gen::inRange<uint64_t>(0, 1000000000);
      return unsubscribe;
    }
    case 4:
      return NatsPing{};
    default:
      return NatsPong{};
  }
}

std::vector<NatsCommand> AnyCommands() {
  std::vector<NatsCommand> commands;
  const auto count = *rc::gen::inRange<size_t>(0, 8);
  commands.reserve(count);
  for (size_t i = 0; i < count; ++i) commands.push_back(AnyCommand());
  return commands;
}

std::string Printed(const std::vector<NatsCommand>& commands) {
  std::string text;
  for (const NatsCommand& command : commands) text += std::visit(Printer(), command);
  return text;
}

// Gives TEXT to the client in pieces of any size, none included.
void TakeInPieces(std::string_view text, Client& client) {
  Random random(*rc::gen::arbitrary<uint64_t>());
  const uint64_t piece_max = *rc::gen::element<uint64_t>(1, 3, 20, 200);
  while (!text.empty()) {
    const size_t size = std::min<size_t>(text.size(), random.Below(piece_max + 1));
    client.Take(text.substr(0, size));
    text.remove_prefix(size);
  }
}

RC_GTEST_PROP(NatsParserTest, WhatIsPrintedIsReadHoweverItIsCut, ()) {
  const std::vector<NatsCommand> commands = AnyCommands();
  const std::string text = Printed(commands);
  const Read read = ReadAll(text);
  RC_ASSERT(!read.error);
  RC_ASSERT(read.commands == commands);
  Client client;
  TakeInPieces(text, client);
  RC_ASSERT(!client.read.error);
  RC_ASSERT(client.read.commands == commands);
}

// Bytes that are protocol more often than not.
std::string AnyText() {
  std::string text;
  const int words = *rc::gen::inRange(0, 30);
  for (int i = 0; i < words; ++i) {
    text += *rc::gen::weightedOneOf<std::string>(
        {{8, rc::gen::element<std::string>(
                 "PUB a ", "HPUB a ", "SUB ", "UNSUB ", "PING", "CONNECT ", "-ERR ", "INFO ", "+OK",
                 " ", "\t", "0", "1 ", "2", "12", "\r\n", "\r\n", "\n", "\r", "a", "aaaaaaaaaa")},
         {1, rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); })}});
  }
  return text;
}

RC_GTEST_PROP(NatsParserTest, AnyBytesAreReadTheSameHoweverTheyAreCut, ()) {
  const NatsLimits limits = {.control_line = 16, .payload = 11};
  const std::string text = Printed(AnyCommands()) + AnyText();
  Client at_once(limits);
  Client in_pieces(limits);
  at_once.Take(text);
  TakeInPieces(text, in_pieces);
  RC_TAG(std::string(at_once.read.error ? "error" : "no error"));
  RC_ASSERT(in_pieces.read.commands == at_once.read.commands);
  RC_ASSERT(in_pieces.read.error == at_once.read.error);
}

RC_GTEST_PROP(NatsParserTest, AnErrorIsTheEnd, ()) {
  Client client;
  client.Take(Printed(AnyCommands()) + AnyText());
  client.Take("\r\n\r\n\r\n");
  RC_PRE(client.read.error.has_value());
  const Read before = client.read;
  client.Take(Printed(AnyCommands()) + "PING\r\n");
  RC_ASSERT(client.read.commands == before.commands);
  RC_ASSERT(client.read.error == before.error);
}

}  // namespace
}  // namespace atrest::wire
