#include "harness/shrink/ingredients.h"

#include <algorithm>
#include <set>

#include "harness/shrink/shared_names.h"

namespace atrest::shrink {
namespace {

using scenario::ClientStep;
using scenario::Scenario;
using scenario::Step;
using enum Ingredient;

struct Row {
  const char* requirement;
  std::vector<Ingredient> needed;
};

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {"D-01", {kSealed}},
      {"D-07", {kSealed}},
      {"D-08", {kSealed}},
      {"D-09", {kStored}},
      {"D-11", {kPlain, kStartOn}},
      {"D-12", {kPlain, kStartOn, kRead}},
      {"D-13", {kStored, kRead}},
      {"D-14", {kStored}},
      {"D-16", {kSealed}},
      {"H-ciphertext", {kStored, kTamper, kRead}},
      {"H-code-byte", {kStored, kTamper, kRead}},
      {"H-downgrade", {kSealed, kStartOff, kPlain}},
      {"H-forge", {kStored, kRead}},
      {"H-head-of-line", {kStored, kStored, kRead}},
      {"H-looks-sealed", {kPlain, kStartOn, kRead}},
      {"H-mixed-keys", {kSealed, kStartOn, kSealed}},
      {"H-metadata", {kStored, kTamper, kRead}},
      {"H-off-noticed", {kStored, kStartOff, kRead}},
      {"H-removed-stay", {kStored, kStart, kRead}},
      {"H-replay", {kStored, kTamper, kRead}},
      {"H-sequence", {kStored, kTamper, kRead}},
      {"H-swap", {kStored, kTamper, kRead}},
      {"H-wrong-key-noticed", {kStored, kStartOn}},
      {"H-nonce-reuse", {kSealed, kSealed}},
      {"K-channel-key", {kSealed}},
  };
  return rows;
}

bool IsOn(const scenario::Settings& settings) {
  // An option with a key, an argument or a file may switch it on as well.
  return settings.encrypt.value_or(false) || settings.key_option || !settings.arguments.empty() ||
         settings.config;
}

bool MayBeOff(const scenario::Settings& settings) {
  return !settings.encrypt.value_or(false) || !settings.arguments.empty() || settings.config;
}

// Whether STEPS have all of NEEDED for CHANNEL, in order. One step counts for several in a row
// where it is several things at once: a golden store, publishes of many payloads.
class StepFinder {
 public:
  StepFinder(const std::vector<Ingredient>& needed, std::string channel)
      : needed_(needed), channel_(std::move(channel)) {}

  bool Finds(const std::vector<Step>& steps) {
    for (const Step& step : steps)
      std::visit([&](const auto& action) { Look(action); }, step.action);
    return at_ == needed_.size();
  }

 private:
  void See(std::initializer_list<Ingredient> what) {
    if (at_ < needed_.size() && std::ranges::find(what, needed_[at_]) != what.end()) ++at_;
  }
  void See(const scenario::Settings& settings) {
    on_ = IsOn(settings);
    off_ = MayBeOff(settings);
    if (on_ && off_) return See({kStart, kStartOn, kStartOff});
    on_ ? See({kStart, kStartOn}) : See({kStart, kStartOff});
  }

  void Look(const scenario::UseGolden&) {
    // Of any channel, and many of them.
    for (size_t i = 0; i < needed_.size(); ++i) See({kSealed, kPlain, kStored, kEnd});
  }
  void Look(const scenario::Start& start) { See(start.settings); }
  void Look(const scenario::Publish& publish) {
    if (publish.channel != channel_) return;
    for (size_t i = 0; i < publish.payloads.size(); ++i) {
      if (on_ && off_) {
        See({kStored, kSealed, kPlain});
      } else {
        on_ ? See({kStored, kSealed}) : See({kStored, kPlain});
      }
    }
  }
  void Look(const scenario::Read& read) {
    if (read.channel == channel_) See({kRead});
  }
  void Look(const scenario::Stop&) { See({kEnd}); }
  void Look(const scenario::Kill&) { See({kEnd}); }
  void Look(const scenario::Tamper&) { See({kTamper}); }
  void Look(const ClientStep& step) {
    if (const auto* subscribe = std::get_if<scenario::Subscribe>(&step)) {
      if (subscribe->channel == channel_) subscribed_.insert(subscribe->name);
    } else if (const auto* receive = std::get_if<scenario::Receive>(&step)) {
      if (subscribed_.contains(receive->subscription)) See({kRead});
    }
  }
  void Look(const scenario::Wait&) {}
  void Look(const scenario::Interrupt&) {}
  void Look(const scenario::Inspect&) {}
  void Look(const scenario::Elect&) {}

  const std::vector<Ingredient>& needed_;
  std::string channel_;
  size_t at_ = 0;
  bool on_ = false;
  bool off_ = true;
  std::set<std::string> subscribed_;
};

// What the scenario makes up byte by byte may do anything, and files may be moved to any channel.
bool IsBeyondUs(const Scenario& scenario) {
  return std::ranges::any_of(scenario.steps, [](const Step& step) {
    if (const auto* tamper = std::get_if<scenario::Tamper>(&step.action)) {
      return std::ranges::any_of(tamper->operations, [](const auto& operation) {
        return std::holds_alternative<scenario::RenameFile>(operation) ||
               std::holds_alternative<scenario::RestoreCopy>(operation);
      });
    }
    const auto* client = std::get_if<ClientStep>(&step.action);
    return client != nullptr && (std::holds_alternative<scenario::Request>(*client) ||
                                 std::holds_alternative<scenario::Raw>(*client));
  });
}

}  // namespace

const std::vector<Ingredient>* NeededFor(const std::string& requirement) {
  const auto row = std::ranges::find_if(
      Rows(), [&](const Row& candidate) { return requirement == candidate.requirement; });
  return row == Rows().end() ? nullptr : &row->needed;
}

std::vector<std::string> RequirementsWithIngredients() {
  std::vector<std::string> requirements;
  for (const Row& row : Rows()) requirements.push_back(row.requirement);
  return requirements;
}

bool CanFail(const Scenario& scenario, const Fingerprint& failure) {
  if (scenario.steps.empty()) return false;
  const bool of_expectation = failure.oracle == "expectation" || failure.oracle == "tampering";
  // An expectation may speak for any requirement; without one nobody does.
  if (of_expectation) return !scenario.expectations.empty();
  const auto* needed = NeededFor(failure.requirement);
  if (needed == nullptr || IsBeyondUs(scenario)) return true;
  auto channels = NamesOf(scenario, Shared::kChannel);
  channels.push_back("");  // of a golden store
  return std::ranges::any_of(channels, [&](const std::string& channel) {
    return StepFinder(*needed, channel).Finds(scenario.steps);
  });
}

}  // namespace atrest::shrink
