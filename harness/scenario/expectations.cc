#include "harness/scenario/expectations.h"

#include <algorithm>
#include <type_traits>

namespace atrest::scenario {
namespace {

PayloadPattern ParsePattern(JsonCursor cursor) {
  if (cursor.is_object()) {
    if (const auto cipher = cursor.Find("sealed")) {
      if (cipher->Text() != "AES" && cipher->Text() != "CHACHA")
        cipher->Fail("\"AES\" or \"CHACHA\" is expected");
      const SealedPayload sealed{cipher->Text(), cursor.Need("size").Unsigned()};
      cursor.Finish();
      return sealed;
    }
  }
  return cursor.Payload();
}

std::vector<ExpectedDelivery> ParseReceives(const JsonCursor& cursor) {
  std::vector<ExpectedDelivery> deliveries;
  for (const JsonCursor& item : cursor.Items()) {
    const auto parts = item.Items();
    if (parts.size() < 2 || parts.size() > 3) {
      item.Fail("a sequence, a payload and perhaps a subject are expected");
    }
    ExpectedDelivery delivery{parts[0].Unsigned(), ParsePattern(parts[1]), {}};
    if (parts.size() == 3) delivery.subject = parts[2].Text();
    deliveries.push_back(std::move(delivery));
  }
  return deliveries;
}

std::vector<std::string> ParseTexts(const JsonCursor& cursor) {
  std::vector<std::string> texts;
  for (const JsonCursor& item : cursor.Items()) texts.push_back(item.Text());
  return texts;
}

std::optional<std::string> ParseCipher(JsonCursor& cursor) {
  const auto cipher = cursor.Find("cipher");
  if (!cipher) return std::nullopt;
  return cipher->is_null() ? "" : cipher->Text();
}

std::optional<std::vector<std::string>> ParseOpenedBy(JsonCursor& cursor,
                                                      const Scenario& scenario) {
  const auto keys = cursor.Find("opened_by");
  if (!keys) return std::nullopt;
  auto names = ParseTexts(*keys);
  for (const std::string& name : names) {
    if (!scenario.keys.contains(name)) keys->Fail("no key \"" + name + "\" in /keys");
  }
  return names;
}

ExpectedDiskMessage ParseDiskMessage(JsonCursor cursor, const Scenario& scenario) {
  ExpectedDiskMessage message;
  message.channel = cursor.Need("channel").Text();
  message.sequence = cursor.Need("sequence").Unsigned();
  message.cipher = ParseCipher(cursor);
  message.opened_by = ParseOpenedBy(cursor, scenario);
  if (const auto size = cursor.Find("data_size")) message.data_size = size->Unsigned();
  if (const auto counter = cursor.Find("nonce_counter"))
    message.nonce_counter = counter->Unsigned();
  if (const auto as = cursor.Find("nonce_random_as")) message.nonce_random_as = as->Unsigned();
  cursor.Finish();
  return message;
}

ExpectedLogEntry ParseLogEntry(JsonCursor cursor, const Scenario& scenario) {
  ExpectedLogEntry entry;
  entry.channel = cursor.Need("channel").Text();
  entry.sequence = cursor.Need("sequence").Unsigned();
  if (const auto there = cursor.Find("there")) entry.is_there = there->Bool();
  if (const auto freed = cursor.Find("freed")) entry.is_freed = freed->Bool();
  entry.cipher = ParseCipher(cursor);
  entry.opened_by = ParseOpenedBy(cursor, scenario);
  if (!entry.is_there && (entry.cipher || entry.opened_by))
    cursor.Fail("what is not there has neither a cipher nor keys");
  cursor.Finish();
  return entry;
}

template <typename Kind>
bool Is(const Action& action) {
  if constexpr (std::is_constructible_v<ClientStep, Kind>) {
    const auto* step = std::get_if<ClientStep>(&action);
    return step != nullptr && std::holds_alternative<Kind>(*step);
  } else {
    return std::holds_alternative<Kind>(action);
  }
}

// The step that EXPECTATION names must be of one of KINDS, since MEMBER is about such a step's
// outcome.
template <typename... Kinds>
void NeedStep(const JsonCursor& cursor, const Action& action, const char* member) {
  if (!(Is<Kinds>(action) || ...)) cursor.Fail(std::string(member) + " does not go with this step");
}

void ParseStartChecks(JsonCursor& cursor, const Action& action, Expectation& expectation) {
  if (const auto started = cursor.Find("started")) {
    NeedStep<Start>(*started, action, "\"started\"");
    expectation.started = started->Bool();
  }
  if (const auto refusal = cursor.Find("refused")) {
    NeedStep<Start>(*refusal, action, "\"refused\"");
    expectation.refusal = refusal->Text();
  }
  if (const auto code = cursor.Find("exit")) {
    NeedStep<Start>(*code, action, "\"exit\"");
    expectation.exit_code = static_cast<int>(code->Unsigned(255));
  }
}

void ParseClientChecks(JsonCursor& cursor, const Action& action, bool is_cluster,
                       Expectation& expectation) {
  if (const auto receives = cursor.Find("receives")) {
    NeedStep<Read, Receive>(*receives, action, "\"receives\"");
    expectation.receives = ParseReceives(*receives);
  }
  if (const auto redelivered = cursor.Find("redelivered")) {
    NeedStep<Receive>(*redelivered, action, "\"redelivered\"");
    expectation.redelivered.emplace();
    for (const JsonCursor& item : redelivered->Items())
      expectation.redelivered->push_back(item.Unsigned());
  }
  if (const auto answer = cursor.Find("answer")) {
    NeedStep<Connect, Disconnect, Subscribe, CloseSubscription, Unsubscribe, Publish>(
        *answer, action, "\"answer\"");
    expectation.answer = answer->Text();
  }
  if (const auto reply = cursor.Find("reply")) {
    NeedStep<Request, Raw>(*reply, action, "\"reply\"");
    expectation.reply = reply->Payload();
  }
  if (const auto published = cursor.Find("published")) {
    NeedStep<Publish>(*published, action, "\"published\"");
    expectation.published = published->Bool();
  }
  if (const auto tampering = cursor.Find("tampering")) {
    NeedStep<Read>(*tampering, action, "\"tampering\"");
    if (is_cluster) tampering->Fail("of a cluster each delivery is expected by itself");
    expectation.tampering_noticed = tampering->Text() == "noticed";
    if (tampering->Text() != "detected" && !expectation.tampering_noticed)
      tampering->Fail("\"detected\" or \"noticed\" is expected");
    expectation.tampering_detected = true;
  }
}

void ParseDiskChecks(JsonCursor& cursor, const Scenario& scenario, const Action& action,
                     Expectation& expectation) {
  const auto find = [&](const char* name) {
    auto member = cursor.Find(name);
    if (member) NeedStep<Inspect>(*member, action, name);
    return member;
  };
  if (const auto messages = find("messages")) {
    for (const JsonCursor& item : messages->Items()) {
      expectation.messages.push_back(ParseDiskMessage(item, scenario));
    }
  }
  if (const auto entries = find("entries")) {
    if (!scenario.cluster) entries->Fail("only a node of a cluster has a Raft log");
    for (const JsonCursor& item : entries->Items())
      expectation.entries.push_back(ParseLogEntry(item, scenario));
  }
  if (const auto snapshots = find("snapshots")) expectation.snapshots = snapshots->Unsigned();
  if (const auto count = find("configurations")) expectation.configurations = count->Unsigned();
  if (const auto damage = find("damage")) expectation.damage = ParseTexts(*damage);
  if (const auto unique = find("nonces_unique")) expectation.nonces_unique = unique->Bool();
  if (auto sizes = find("sizes")) {
    for (const std::string& path : sizes->Names()) {
      const JsonCursor size = sizes->Need(path);
      expectation.sizes[path] = size.is_null() ? std::optional<uint64_t>() : size.Unsigned();
    }
  }
  const auto& asked = std::holds_alternative<Inspect>(action) ? std::get<Inspect>(action).texts
                                                              : std::vector<std::string>();
  for (const auto& [member, must_be_found] :
       {std::pair("found", true), std::pair("absent", false)}) {
    const auto texts = find(member);
    for (const std::string& text : texts ? ParseTexts(*texts) : std::vector<std::string>()) {
      if (std::ranges::find(asked, text) == asked.end())
        texts->Fail("the step does not search for this text");
      expectation.texts[text] = must_be_found;
    }
  }
}

bool ChecksSomething(const Expectation& e) {
  return e.started || e.refusal || e.exit_code || e.receives || e.redelivered || e.answer ||
         e.reply || e.errors || e.warnings || e.published || !e.messages.empty() ||
         !e.entries.empty() || e.snapshots || e.configurations || e.damage || e.nonces_unique ||
         !e.texts.empty() || !e.sizes.empty() || e.tampering_detected;
}

}  // namespace

Expectation ParseExpectation(JsonCursor cursor, const Scenario& scenario) {
  Expectation expectation;
  const JsonCursor step = cursor.Need("step");
  expectation.step = step.Text();
  const auto found = std::ranges::find(scenario.steps, expectation.step, &Step::label);
  if (found == scenario.steps.end()) step.Fail("no step is labelled so");
  if (const auto requirement = cursor.Find("requirement")) {
    expectation.requirement = requirement->Text();
    if (std::ranges::find(scenario.requirements, expectation.requirement) ==
        scenario.requirements.end()) {
      requirement->Fail("not among /requirement");
    }
  } else {
    expectation.requirement = scenario.requirements.front();
  }
  ParseStartChecks(cursor, found->action, expectation);
  ParseClientChecks(cursor, found->action, scenario.cluster.has_value(), expectation);
  ParseDiskChecks(cursor, scenario, found->action, expectation);
  if (const auto errors = cursor.Find("errors")) expectation.errors = ParseTexts(*errors);
  if (const auto warnings = cursor.Find("warnings")) expectation.warnings = ParseTexts(*warnings);
  cursor.Finish();
  if (!ChecksSomething(expectation)) cursor.Fail("nothing is expected of the step");
  return expectation;
}

}  // namespace atrest::scenario
