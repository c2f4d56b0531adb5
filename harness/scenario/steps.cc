#include "harness/scenario/steps.h"

#include <algorithm>

namespace atrest::scenario {
namespace {

using Keys = std::map<std::string, std::string>;

constexpr uint64_t kTimeMaxMs = uint64_t{366} * 24 * 3600 * 1000;

std::string KeyName(const JsonCursor& cursor, const Keys& keys) {
  std::string name = cursor.Text();
  if (!keys.contains(name)) cursor.Fail("no key of this name in /keys");
  return name;
}

// A member that may be left out, read by READ into the optional TARGET.
template <typename T, typename Reader>
void Take(JsonCursor& cursor, const char* name, std::optional<T>& target, Reader read) {
  if (const auto member = cursor.Find(name)) target = read(*member);
}

uint64_t AsUnsigned(const JsonCursor& c) { return c.Unsigned(); }
bool AsBool(const JsonCursor& c) { return c.Bool(); }
std::string AsText(const JsonCursor& c) { return c.Text(); }

int64_t AsTime(const JsonCursor& c) { return static_cast<int64_t>(c.Unsigned(kTimeMaxMs)); }

ChannelLimits ParseChannelLimits(JsonCursor cursor) {
  ChannelLimits limits;
  Take(cursor, "max_messages", limits.max_messages, AsUnsigned);
  Take(cursor, "max_bytes", limits.max_bytes, AsUnsigned);
  Take(cursor, "max_age_ms", limits.max_age_ms, AsTime);
  Take(cursor, "max_subscriptions", limits.max_subscriptions, AsUnsigned);
  Take(cursor, "max_inactivity_ms", limits.max_inactivity_ms, AsTime);
  cursor.Finish();
  return limits;
}

// Every {key:NAME} in TEXT names a key.
std::string TextWithKeys(const JsonCursor& cursor, const Keys& keys) {
  constexpr std::string_view kOpen = "{key:";
  std::string text = cursor.Text();
  for (size_t at = 0; (at = text.find(kOpen, at)) != std::string::npos;) {
    at += kOpen.size();
    const size_t end = text.find('}', at);
    if (end == std::string::npos || !keys.contains(text.substr(at, end - at)))
      cursor.Fail("no key of this name in /keys");
  }
  return text;
}

// What only a server program has.
void ParseProgramSettings(JsonCursor& cursor, const Keys& keys, Settings& settings) {
  Take(cursor, "max_channels", settings.max_channels, AsUnsigned);
  Take(cursor, "max_subscriptions", settings.max_subscriptions, AsUnsigned);
  Take(cursor, "max_inactivity_ms", settings.max_inactivity_ms, AsTime);
  if (auto channels = cursor.Find("channels")) {
    for (const std::string& name : channels->Names())
      settings.channels[name] = ParseChannelLimits(channels->Need(name));
  }
  if (const auto arguments = cursor.Find("arguments")) {
    for (const JsonCursor& item : arguments->Items())
      settings.arguments.push_back(TextWithKeys(item, keys));
  }
  Take(cursor, "config", settings.config,
       [&](const JsonCursor& c) { return TextWithKeys(c, keys); });
}

// What only a node of a cluster has.
void ParseNodeSettings(JsonCursor& cursor, Settings& settings) {
  Take(cursor, "cluster_sync", settings.cluster_sync, AsBool);
  Take(cursor, "cluster_peers", settings.cluster_peers, AsBool);
}

Settings ParseSettings(JsonCursor cursor, const Keys& keys) {
  Settings settings;
  const auto key_name = [&](const JsonCursor& c) { return KeyName(c, keys); };
  Take(cursor, "encrypt", settings.encrypt, AsBool);
  Take(cursor, "cipher", settings.cipher, AsText);
  Take(cursor, "key", settings.key_variable, key_name);
  Take(cursor, "key_option", settings.key_option, key_name);
  if (const auto store = cursor.Find("store")) {
    settings.store = store->Text();
    if (settings.store != "file" && settings.store != "memory")
      store->Fail("\"file\" or \"memory\" is expected");
  }
  Take(cursor, "max_messages", settings.max_messages, AsUnsigned);
  Take(cursor, "max_bytes", settings.max_bytes, AsUnsigned);
  Take(cursor, "max_age_ms", settings.max_age_ms, AsTime);
  Take(cursor, "slice_max_messages", settings.slice_max_messages, AsUnsigned);
  Take(cursor, "slice_max_bytes", settings.slice_max_bytes, AsUnsigned);
  Take(cursor, "buffer_size", settings.buffer_size, AsUnsigned);
  Take(cursor, "read_buffer_size", settings.read_buffer_size, AsUnsigned);
  Take(cursor, "check_crc", settings.check_crc, AsBool);
  Take(cursor, "crc_polynomial", settings.crc_polynomial,
       [](const JsonCursor& c) { return static_cast<uint32_t>(c.Unsigned(UINT32_MAX)); });
  Take(cursor, "truncate_bad_eof", settings.truncate_bad_eof, AsBool);
  Take(cursor, "cluster_id", settings.cluster_id, AsText);
  ParseProgramSettings(cursor, keys, settings);
  ParseNodeSettings(cursor, settings);
  cursor.Finish();
  return settings;
}

Action ParseGolden(const JsonCursor& cursor, const Keys&) { return UseGolden{cursor.Text()}; }
Action ParseStart(const JsonCursor& cursor, const Keys& keys) {
  return Start{ParseSettings(cursor, keys)};
}

Action ParsePublish(JsonCursor cursor, const Keys&) {
  Publish publish;
  publish.channel = cursor.Need("channel").Text();
  const JsonCursor payloads = cursor.Need("payloads");
  for (const JsonCursor& item : payloads.Items()) publish.payloads.push_back(item.Payload());
  if (publish.payloads.empty()) payloads.Fail("at least one payload is expected");
  if (const auto client = cursor.Find("client")) publish.client = client->Text();
  if (const auto is_explicit = cursor.Find("explicit_empty"))
    publish.explicit_empty = is_explicit->Bool();
  cursor.Finish();
  return publish;
}

Action ParseRead(JsonCursor cursor, const Keys&) {
  Read read;
  read.channel = cursor.Need("channel").Text();
  const JsonCursor from = cursor.Need("from");
  if (!from.is_string()) {
    read.from = Read::From::kSequence;
    read.sequence = from.Unsigned();
  } else if (from.Text() == "first") {
    read.from = Read::From::kFirst;
  } else if (from.Text() == "last") {
    read.from = Read::From::kLast;
  } else if (from.Text() == "new") {
    read.from = Read::From::kNew;
  } else {
    from.Fail("\"first\", \"last\", \"new\" or a sequence is expected");
  }
  if (const auto max = cursor.Find("max")) read.max = max->Unsigned();
  cursor.Finish();
  return read;
}

template <typename Empty>
Action ParseEmpty(const JsonCursor& cursor, const Keys&) {
  cursor.Finish();
  return Empty{};
}

Action ParseKill(JsonCursor cursor, const Keys&) {
  Kill kill;
  if (const auto power = cursor.Find("power")) kill.power = power->Bool();
  cursor.Finish();
  return kill;
}

Action ParseWait(JsonCursor cursor, const Keys&) {
  const Wait wait{static_cast<int64_t>(cursor.Need("ms").Unsigned(kTimeMaxMs))};
  cursor.Finish();
  return wait;
}

Action ParseInterrupt(JsonCursor cursor, const Keys&) {
  Interrupt interrupt;
  const JsonCursor at = cursor.Need("at");
  if (at.Text() == "sync") {
    interrupt.at = Interrupt::At::kSync;
  } else if (at.Text() != "write") {
    at.Fail("\"write\" or \"sync\" is expected");
  }
  const JsonCursor count = cursor.Need("count");
  interrupt.count = count.Unsigned();
  if (interrupt.count == 0) count.Fail("it counts from 1");
  const JsonCursor how = cursor.Need("how");
  if (how.Text() == "full") {
    interrupt.how = Interrupt::How::kFull;
  } else if (how.Text() != "kill") {
    how.Fail("\"kill\" or \"full\" is expected");
  }
  if (interrupt.how == Interrupt::How::kFull && interrupt.at == Interrupt::At::kSync)
    at.Fail("a full disk fails writes");
  if (const auto writes = cursor.Find("writes")) {
    interrupt.writes = writes->Unsigned();
    if (interrupt.how != Interrupt::How::kFull) writes->Fail("only a full disk has room again");
    if (interrupt.writes == 0) writes->Fail("at least one write fails");
  }
  cursor.Finish();
  return interrupt;
}

Action ParseTamper(const JsonCursor& cursor, const Keys&) {
  return Tamper{ParseTamperOperations(cursor)};
}

Action ParseInspect(JsonCursor cursor, const Keys& keys) {
  Inspect inspect;
  if (const auto names = cursor.Find("keys")) {
    for (const JsonCursor& item : names->Items()) inspect.keys.push_back(KeyName(item, keys));
  } else {
    for (const auto& [name, unused] : keys) inspect.keys.push_back(name);
  }
  if (const auto texts = cursor.Find("texts")) {
    for (const JsonCursor& item : texts->Items()) {
      inspect.texts.push_back(item.Payload());
      if (inspect.texts.back().empty()) item.Fail("an empty text is found everywhere");
    }
  }
  cursor.Finish();
  return inspect;
}

struct StepKind {
  const char* name;
  Action (*parse)(const JsonCursor&, const Keys&);
};

template <Action (*kParse)(JsonCursor, const Keys&)>
Action ByValue(const JsonCursor& cursor, const Keys& keys) {
  return kParse(cursor, keys);
}

// To add a step kind: a struct in scenario.h, a row here, a handler in harness/runner/execute.cc, a
// paragraph in scenarios/LANGUAGE.md.
constexpr StepKind kStepKinds[] = {
    {"golden", ParseGolden},
    {"start", ParseStart},
    {"publish", ByValue<ParsePublish>},
    {"read", ByValue<ParseRead>},
    {"stop", ParseEmpty<Stop>},
    {"kill", ByValue<ParseKill>},
    {"wait", ByValue<ParseWait>},
    {"interrupt", ByValue<ParseInterrupt>},
    {"tamper", ParseTamper},
    {"inspect", ByValue<ParseInspect>},
    {"elect", ParseEmpty<Elect>},
};

// A path below the store and nowhere else.
std::string Path(JsonCursor& cursor, const char* member) {
  const JsonCursor value = cursor.Need(member);
  std::string path = value.Text();
  const bool leaves =
      path.empty() || path.front() == '/' || ("/" + path + "/").find("/../") != std::string::npos;
  if (leaves) value.Fail("a path below the store is expected");
  return path;
}

uint8_t AsByte(const JsonCursor& c) { return static_cast<uint8_t>(c.Unsigned(255)); }

TamperOperation ParseFlip(JsonCursor& cursor) {
  return FlipByte{Path(cursor, "file"), cursor.Need("at").Signed(), AsByte(cursor.Need("xor"))};
}

TamperOperation ParseTruncate(JsonCursor& cursor) {
  Truncate truncate{Path(cursor, "file"), {}, {}};
  Take(cursor, "size", truncate.size, AsUnsigned);
  Take(cursor, "by", truncate.by, AsUnsigned);
  if (truncate.size.has_value() == truncate.by.has_value())
    cursor.Fail("either \"size\" or \"by\" is expected");
  return truncate;
}

TamperOperation ParseAppend(JsonCursor& cursor) {
  return AppendBytes{Path(cursor, "file"), cursor.Need("hex").Hex()};
}

TamperOperation ParseRecordChange(JsonCursor& cursor) {
  ChangeRecord change;
  change.file = Path(cursor, "file");
  change.record = cursor.Need("record").Unsigned();
  if (const auto from = cursor.Find("from")) {
    if (from->Text() != "data") from->Fail("only \"data\" is known");
    change.from_data = true;
  }
  change.offset = cursor.Need("offset").Signed();
  Take(cursor, "set", change.set, AsByte);
  Take(cursor, "xor", change.flip, AsByte);
  if (change.set.has_value() == change.flip.has_value())
    cursor.Fail("either \"set\" or \"xor\" is expected");
  if (const auto repair = cursor.Find("repairCrc")) change.repair_crc = repair->Bool();
  return change;
}

template <typename Pair>
TamperOperation ParsePair(JsonCursor& cursor) {
  return Pair{Path(cursor, "file"), cursor.Need("a").Unsigned(), cursor.Need("b").Unsigned()};
}

std::string CopyName(JsonCursor& cursor) {
  const JsonCursor value = cursor.Need("copy");
  std::string name = value.Text();
  if (name.empty() || name.find('/') != std::string::npos || name[0] == '.')
    value.Fail("a name without \"/\" that does not begin with a dot is expected");
  return name;
}

std::string NodeName(const JsonCursor& cursor) {
  std::string name = cursor.Text();
  if (name.size() != 1 || name[0] < 'a' || name[0] > 'z') cursor.Fail("no such node");
  return name;
}

TamperOperation ParseOperation(JsonCursor cursor) {
  const JsonCursor kind = cursor.Need("op");
  const std::string op = kind.Text();
  const auto parsed = [&]() -> TamperOperation {
    if (op == "flip") return ParseFlip(cursor);
    if (op == "truncate") return ParseTruncate(cursor);
    if (op == "append") return ParseAppend(cursor);
    if (op == "remove") return RemoveFile{Path(cursor, "file")};
    if (op == "rename") return RenameFile{Path(cursor, "file"), Path(cursor, "to")};
    if (op == "mkdir") return MakeDirectory{Path(cursor, "file")};
    if (op == "record") return ParseRecordChange(cursor);
    if (op == "swapData") return ParsePair<SwapData>(cursor);
    if (op == "copyData") return ParsePair<CopyData>(cursor);
    if (op == "fillData") {
      FillData fill{Path(cursor, "file"), cursor.Need("record").Unsigned(), ""};
      const JsonCursor bytes = cursor.Need("bytes");
      fill.bytes = bytes.Payload();
      if (fill.bytes.empty()) bytes.Fail("at least one byte is expected");
      return fill;
    }
    if (op == "removeRecord")
      return RemoveRecord{Path(cursor, "file"), cursor.Need("record").Unsigned()};
    if (op == "swapRecords") return ParsePair<SwapRecords>(cursor);
    if (op == "emptyBucket") return EmptyBucket{Path(cursor, "file"), cursor.Need("bucket").Text()};
    if (op == "save") return SaveCopy{Path(cursor, "file"), CopyName(cursor)};
    if (op == "restore") {
      RestoreCopy restore{Path(cursor, "file"), CopyName(cursor)};
      if (const auto node = cursor.Find("node")) restore.node = NodeName(*node);
      return restore;
    }
    kind.Fail("no such operation");
  }();
  cursor.Finish();
  return parsed;
}

}  // namespace

std::vector<TamperOperation> ParseTamperOperations(const JsonCursor& cursor) {
  std::vector<TamperOperation> operations;
  for (const JsonCursor& item : cursor.Items()) operations.push_back(ParseOperation(item));
  return operations;
}

Step ParseStep(JsonCursor cursor, const Keys& keys) {
  Step step;
  if (const auto label = cursor.Find("as")) step.label = label->Text();
  if (const auto node = cursor.Find("node")) step.node = node->Text();
  std::string found;
  const auto take = [&](const std::string& kind) {
    auto body = cursor.Find(kind);
    if (body && !found.empty()) cursor.Fail("both \"" + found + "\" and \"" + kind + "\"");
    if (body) found = kind;
    return body;
  };
  for (const StepKind& kind : kStepKinds) {
    if (const auto body = take(kind.name)) step.action = kind.parse(*body, keys);
  }
  for (const std::string& kind : ClientStepKinds()) {
    if (const auto body = take(kind)) step.action = *ParseClientStep(kind, *body);
  }
  cursor.Finish();
  if (found.empty())
    cursor.Fail("a step is expected: golden, start, publish, read, stop, kill, wait, ...");
  return step;
}

}  // namespace atrest::scenario
