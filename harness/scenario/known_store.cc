#include "harness/scenario/known_store.h"

#include <charconv>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "harness/scenario/json_cursor.h"

namespace atrest::scenario {
namespace {

// How one phase of a plan was run, as far as it decides what its messages are stored under.
struct Phase {
  std::optional<std::string> key;
  std::string cipher;
  bool limited = false;
};

void ReadConfig(const std::string& config, Phase& phase, bool& encrypt) {
  std::smatch match;
  if (std::regex_search(config, match, std::regex("encryption_key: \"([^\"]*)\"")))
    phase.key = match[1];
  if (std::regex_search(config, match, std::regex("encryption_cipher: \"([^\"]*)\"")))
    phase.cipher = match[1];
  encrypt = encrypt || config.find("encrypt: true") != std::string::npos;
}

Phase ReadPhase(JsonCursor& cursor) {
  Phase phase;
  bool encrypt = false;
  if (const auto args = cursor.Find("args")) {
    const auto items = args->Items();
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string flag = items[i].Text();
      const bool has_value = i + 1 < items.size();
      if (flag == "-encrypt") encrypt = true;
      if (flag == "-encryption_cipher" && has_value) phase.cipher = items[i + 1].Text();
      if (flag == "-encryption_key" && has_value) phase.key = items[i + 1].Text();
      if (flag == "-mm" || flag == "-mb" || flag == "-ma") phase.limited = true;
    }
  }
  if (const auto config = cursor.Find("config")) ReadConfig(config->Text(), phase, encrypt);
  // The variable is the documented way and goes before the option (D-05).
  if (auto environment = cursor.Find("env")) {
    if (const auto key = environment->Find("NATS_STREAMING_ENCRYPTION_KEY"))
      phase.key = key->Text();
  }
  if (!encrypt) phase.key.reset();
  return phase;
}

void ReadPublish(JsonCursor step, const Phase& phase, std::map<std::string, uint64_t>& last,
                 std::vector<KnownMessage>& messages) {
  const auto channel = step.Find("publish");
  if (!channel) return;
  const JsonCursor payloads = step.Need("payload");
  for (const JsonCursor& item : payloads.Items()) {
    const std::string name = channel->Text();
    messages.push_back(
        {name, ++last[name], item.Payload(), phase.key, phase.cipher, !phase.limited});
  }
}

std::vector<KnownMessage> ReadPlan(JsonCursor& plan) {
  std::vector<KnownMessage> messages;
  std::map<std::string, uint64_t> last;
  const JsonCursor phases = plan.Need("phases");
  auto items = phases.Items();
  for (JsonCursor& cursor : items) {
    const Phase phase = ReadPhase(cursor);
    const JsonCursor steps = cursor.Need("steps");
    for (const JsonCursor& step : steps.Items()) ReadPublish(step, phase, last, messages);
  }
  return messages;
}

uint64_t Number(const JsonCursor& at, const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) at.Fail("\"" + text + "\" is no sequence");
  return number;
}

using Place = std::pair<std::string, uint64_t>;  // channel, sequence

std::set<Place> ReadRefused(const std::string& file, std::string_view json) {
  std::set<Place> refused;
  const auto document = ParseJson(file, json);
  const auto openings = JsonCursor(file, document).Need("opens").Items();
  for (JsonCursor opening : openings) {
    if (opening.Need("encrypt").Bool()) continue;
    JsonCursor channels = opening.Need("read");
    for (const std::string& channel : channels.Names()) {
      JsonCursor sequences = channels.Need(channel);
      for (const std::string& sequence : sequences.Names()) {
        if (sequences.Need(sequence).is_null())
          refused.emplace(channel, Number(sequences, sequence));
      }
    }
  }
  return refused;
}

std::vector<KnownMessage> FindPlan(const std::string& file, std::string_view json,
                                   const std::string& store) {
  const auto document = ParseJson(file, json);
  auto plans = JsonCursor(file, document).Items();
  for (JsonCursor& plan : plans) {
    if (plan.Need("name").Text() == store) return ReadPlan(plan);
  }
  throw LoadError{file + ": no golden store \"" + store + "\""};
}

}  // namespace

Result<std::vector<KnownMessage>> LoadKnownStore(const std::string& plans_file,
                                                 std::string_view plans_json,
                                                 const std::string& store,
                                                 const std::string& expect_file,
                                                 std::string_view expect_json) {
  try {
    auto messages = FindPlan(plans_file, plans_json, store);
    const auto refused = ReadRefused(expect_file, expect_json);
    std::erase_if(messages, [&](const KnownMessage& message) {
      return refused.contains({message.channel, message.sequence});
    });
    return messages;
  } catch (const LoadError& error) {
    return Status(Code::kInvalid, error.message);
  }
}

}  // namespace atrest::scenario
