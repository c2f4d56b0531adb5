#include "harness/generate/story.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "harness/scenario/needs.h"

namespace atrest::generate {
namespace {

using scenario::Settings;

constexpr size_t kSealOverhead = 29;
constexpr size_t kToldPerStep = 16;

bool IsEmptyKey(const std::optional<std::string>& name) {
  return !name || BytesOfKey(*name).empty();
}

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// Whether the real server seals with SETTINGS (standalone.md 3.6).
bool Seals(const Settings& settings) {
  return settings.encrypt.value_or(false) || !IsEmptyKey(settings.key_option);
}

// Whether the real server refuses to start with SETTINGS, whatever the store.
bool IsRefused(const Settings& settings) {
  static const std::vector<std::string> kNames = {"", "AES", "CHACHA"};
  if (!Seals(settings)) return false;
  const std::string cipher = Upper(settings.cipher.value_or(""));
  return std::ranges::find(kNames, cipher) == kNames.end() ||
         (IsEmptyKey(settings.key_variable) && IsEmptyKey(settings.key_option));
}

bool HasSmallSlices(const Settings& settings) {
  return settings.slice_max_messages || settings.slice_max_bytes || !settings.arguments.empty();
}

// The channel whose directory a path is or is in; "" for files of the server.
std::string ChannelOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? file : file.substr(0, slash);
}

}  // namespace

const std::string& BytesOfKey(const std::string& name) {
  static const std::map<std::string, std::string> kKeys = {
      {kKey, "a long and winding key"},
      {kOtherKey, "quite another key"},
      {kEmptyKey, ""},
      {kPaddedKey, " a long and winding key "},
      {kLongKey, std::string(5000, 'k')},
      {kBytesKey, std::string("\xFF\x01\xFE\x80", 4)},
      {kWordKey, "cl\xC3\xA9-\xE9\x8D\xB5"},
      {kSpaceKey, " "},
  };
  return kKeys.at(name);
}

Story::Story(Random& random, const std::set<std::string>& capabilities, size_t steps)
    : random_(random),
      capabilities_(capabilities),
      steps_max_(steps),
      told_max_(kToldPerStep * (steps + 1)) {
  steps_.reserve(steps + 4);
}

void Story::Push(scenario::Action action) {
  for (std::string& need : scenario::NeedsOf(action)) needs_.insert(std::move(need));
  steps_.push_back({"", std::move(action)});
}

void Story::NoteKeys(const Settings& settings) {
  for (const auto& name : {settings.key_variable, settings.key_option}) {
    if (name) keys_used_.insert(*name);
  }
  const auto note_named = [&](const std::string& text) {
    constexpr std::string_view kMark = "{key:";
    for (size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
      const size_t begin = at + kMark.size();
      keys_used_.insert(text.substr(begin, text.find('}', begin) - begin));
    }
  };
  if (settings.config) note_named(*settings.config);
  for (const std::string& argument : settings.arguments) note_named(argument);
}

void Story::Start(Settings settings) {
  ++told_;
  End();
  for (const std::string& need : scenario::NeedsOf(scenario::Start{settings})) {
    if (!capabilities_.contains(need)) return;
  }
  NoteKeys(settings);
  seals_ = Seals(settings);
  doubtful_ = settings.config.has_value() || !settings.arguments.empty();
  refused_ = IsRefused(settings);
  in_memory_ = settings.store == "memory";
  sliced_ = sliced_ || HasSmallSlices(settings);
  running_ = true;
  has_store_ = has_store_ || (!in_memory_ && !refused_);
  Push(scenario::Start{std::move(settings)});
}

void Story::Stop() {
  if (!running_ || must_be_killed_) return;
  Push(scenario::Stop{});
  running_ = interrupted_ = false;
}

void Story::Kill() {
  if (!running_) return;
  if (!Can("kill") && !must_be_killed_) return Stop();
  Push(scenario::Kill{});
  running_ = interrupted_ = must_be_killed_ = false;
}

void Story::End() {
  if (must_be_killed_ || random_.Below(100) < 15) return Kill();
  Stop();
}

void Story::Publish(const std::string& name, std::vector<std::string> payloads, bool explicit_empty,
                    const std::string& client) {
  if (!running_ || payloads.empty() || (explicit_empty && !Can("explicit_empty"))) return;
  const std::string& channel = names_.try_emplace(Upper(name), name).first->second;
  if (!refused_) Remember(channel, payloads);
  Push(scenario::Publish{channel, std::move(payloads), client, explicit_empty});
}

void Story::Remember(const std::string& channel, const std::vector<std::string>& payloads) {
  StoryChannel& state = channels_[channel];
  state.published += payloads.size();
  if (in_memory_) return;
  state.known = state.known && !sliced_ && !interrupted_ && !doubtful_;
  for (const std::string& payload : payloads) {
    const bool sealed = seals_ && !payload.empty();
    state.records.push_back({payload.size() + (sealed ? kSealOverhead : 0), sealed});
  }
}

void Story::Read(scenario::Read read) {
  if (!running_) return;
  Push(std::move(read));
}

void Story::Wait(int64_t ms) {
  if (!Can("clock")) return;
  Push(scenario::Wait{ms});
}

void Story::Interrupt(scenario::Interrupt interrupt) {
  if (!Can("interrupt") || !Can("kill") || interrupted_) return;
  interrupted_ = true;
  must_be_killed_ = interrupt.how == scenario::Interrupt::How::kKill;
  Push(interrupt);
}

// What the file holds behind a change that is not of single records is not followed.
void Story::Forget(const std::string& file) {
  const auto channel = channels_.find(ChannelOf(file));
  if (channel != channels_.end()) {
    channel->second.known = false;
  } else {
    for (auto& [name, state] : channels_) state.known = false;
  }
}

void Story::Tamper(std::vector<scenario::TamperOperation> operations) {
  if (running_ || !has_store_ || !Can("format:stan-file-1") || operations.empty()) return;
  for (const scenario::TamperOperation& operation : operations) {
    if (const auto* save = std::get_if<scenario::SaveCopy>(&operation)) {
      copies_.insert(save->name);
      continue;
    }
    if (const auto* restore = std::get_if<scenario::RestoreCopy>(&operation)) {
      if (!copies_.contains(restore->name)) return;
    }
    const auto* change = std::get_if<scenario::ChangeRecord>(&operation);
    const bool of_records = (change != nullptr && change->repair_crc) ||
                            std::holds_alternative<scenario::SwapData>(operation) ||
                            std::holds_alternative<scenario::CopyData>(operation) ||
                            std::holds_alternative<scenario::FillData>(operation);
    if (of_records) continue;
    std::visit([&](const auto& op) { Forget(op.file); }, operation);
  }
  Push(scenario::Tamper{std::move(operations)});
}

void Story::Inspect() {
  if (!has_store_ || !Can("format:stan-file-1")) return;
  Push(scenario::Inspect{{keys_used_.begin(), keys_used_.end()}, {}});
}

void Story::Act(scenario::ClientStep step) {
  if (!running_ || !Can("client")) return;
  Push(std::move(step));
}

std::string Story::Text() {
  constexpr size_t kDigits = 4;
  const std::string number = std::to_string(++texts_);
  return "message " + std::string(kDigits - std::min(kDigits, number.size()), '0') + number;
}

uint64_t Story::SealedRecord(const std::string& channel) {
  const auto state = channels_.find(channel);
  if (state == channels_.end() || !state->second.known || state->second.records.empty()) return 0;
  const auto& records = state->second.records;
  const size_t begin = random_.Below(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    const size_t at = (begin + i) % records.size();
    if (records[at].sealed) return at + 1;
  }
  return 0;
}

std::pair<uint64_t, uint64_t> Story::SealedPair(const std::string& channel) {
  const uint64_t first = SealedRecord(channel);
  if (first == 0) return {0, 0};
  const auto& records = channels_.at(channel).records;
  const size_t begin = random_.Below(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    const size_t at = (begin + i) % records.size();
    const StoredRecord& other = records[at];
    if (at + 1 != first && other.sealed && other.data_size == records[first - 1].data_size)
      return {first, at + 1};
  }
  return {0, 0};
}

void Story::MoveInto(scenario::Scenario& scenario) {
  // A scenario has at least a step, and ends with the server stopped.
  if (steps_.empty()) Start({});
  End();
  scenario.steps = std::move(steps_);
  scenario.needs.assign(needs_.begin(), needs_.end());
  for (const std::string& name : keys_used_) scenario.keys[name] = BytesOfKey(name);
}

}  // namespace atrest::generate
