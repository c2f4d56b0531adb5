#include "harness/shrink/canonical.h"

#include <algorithm>

#include "harness/shrink/setting_changes.h"
#include "harness/shrink/shared_names.h"

namespace atrest::shrink {
namespace {

using scenario::ClientStep;
using scenario::Scenario;
using scenario::Step;

// What names become, in the order of their first use.
const std::vector<std::string>& CanonicalNames(Shared what) {
  static const std::map<Shared, std::vector<std::string>> names = {
      {Shared::kChannel, {"foo", "bar", "baz"}},
      {Shared::kKey, {"K", "other", "third"}},
      {Shared::kClient, {"a", "b", "c"}},
      {Shared::kSubscription, {"s", "t", "u"}},
      {Shared::kDurable, {"D", "E", "F"}},
      {Shared::kQueue, {"g", "h", "i"}},
      {Shared::kPayload, {}},
  };
  return names.at(what);
}

std::string CanonicalName(Shared what, size_t index) {
  if (what == Shared::kPayload) return CanonicalPayload(index + 1);
  const auto& names = CanonicalNames(what);
  return index < names.size() ? names[index] : names[0] + std::to_string(index + 1);
}

// The bytes of a canonical key.
std::string KeyBytes(const std::string& name) { return "the bytes of key " + name; }

// A name is never taken from another that stays: all change at once.
void NameOneByFirstUse(Scenario& scenario, Shared what) {
  Renaming renaming;
  const auto names = NamesOf(scenario, what);
  for (size_t i = 0; i < names.size(); ++i) renaming[names[i]] = CanonicalName(what, i);
  if (what == Shared::kKey) {
    // Keys that no start uses keep to themselves, behind the others.
    for (const auto& [name, bytes] : scenario.keys) {
      if (!renaming.contains(name)) renaming[name] = CanonicalName(what, renaming.size());
    }
  }
  Rename(scenario, what, renaming);
}

void NameAllTheSame(Scenario& scenario, Shared what) {
  Renaming renaming;
  for (const std::string& name : NamesOf(scenario, what)) renaming[name] = CanonicalName(what, 0);
  Rename(scenario, what, renaming);
}

void NumberPayloads(Scenario& scenario) {
  size_t number = 0;
  for (std::string* payload : PublishedPayloads(scenario)) *payload = CanonicalPayload(++number);
}

void DropUnusedKeys(Scenario& scenario) {
  const auto used = NamesOf(scenario, Shared::kKey);
  std::erase_if(scenario.keys, [&](const auto& key) {
    const std::string mention = "{key:" + key.first + "}";
    const auto mentions = [&](const std::string& text) {
      return text.find(mention) != std::string::npos;
    };
    return std::ranges::find(used, key.first) == used.end() &&
           std::ranges::none_of(scenario.steps, [&](const Step& step) {
             const auto* start = std::get_if<scenario::Start>(&step.action);
             return start != nullptr && (std::ranges::any_of(start->settings.arguments, mentions) ||
                                         mentions(start->settings.config.value_or("")));
           });
  });
  for (Step& step : scenario.steps) {
    if (auto* inspect = std::get_if<scenario::Inspect>(&step.action)) {
      std::erase_if(inspect->keys,
                    [&](const std::string& name) { return !scenario.keys.contains(name); });
    }
  }
  for (scenario::Expectation& expectation : scenario.expectations) {
    for (auto& message : expectation.messages) {
      if (!message.opened_by) continue;
      std::erase_if(*message.opened_by,
                    [&](const std::string& name) { return !scenario.keys.contains(name); });
    }
  }
}

void CanonicalKeyBytes(Scenario& scenario) {
  for (auto& [name, bytes] : scenario.keys) bytes = KeyBytes(name);
}

template <typename Kind>
Change EachStep(void (*change)(Kind&)) {
  return [change](Scenario& scenario) {
    for (Step& step : scenario.steps) {
      if constexpr (std::is_same_v<Kind, Step>) {
        change(step);
      } else if constexpr (std::is_constructible_v<ClientStep, Kind>) {
        auto* client = std::get_if<ClientStep>(&step.action);
        auto* kind = client == nullptr ? nullptr : std::get_if<Kind>(client);
        if (kind != nullptr) change(*kind);
      } else if (auto* kind = std::get_if<Kind>(&step.action)) {
        change(*kind);
      }
    }
  };
}

void ReadAll(scenario::Read& read) { read = scenario::Read{read.channel}; }
void PublishAsOurselves(scenario::Publish& publish) { publish.client.clear(); }
void PublishAsLibrariesDo(scenario::Publish& publish) { publish.explicit_empty = false; }
void SearchForNothing(scenario::Inspect& inspect) { inspect.texts.clear(); }
void StopInOrder(Step& step) {
  if (std::holds_alternative<scenario::Kill>(step.action)) step.action = scenario::Stop{};
}
void LeaveInOrder(Step& step) {
  auto* client = std::get_if<ClientStep>(&step.action);
  if (client == nullptr) return;
  if (const auto* vanish = std::get_if<scenario::Vanish>(client)) {
    *client = scenario::Disconnect{std::string(vanish->client)};
  } else if (const auto* unsubscribe = std::get_if<scenario::Unsubscribe>(client)) {
    *client = scenario::CloseSubscription{std::string(unsubscribe->subscription)};
  }
}
void SubscribeToAll(scenario::Subscribe& subscribe) {
  const scenario::Subscribe plain;
  subscribe.from = scenario::Subscribe::From::kFirst;
  subscribe.sequence = plain.sequence;
  subscribe.time_delta_ms = plain.time_delta_ms;
}
void SubscribePlainly(scenario::Subscribe& subscribe) {
  const scenario::Subscribe plain;
  subscribe.max_in_flight = plain.max_in_flight;
  subscribe.ack_wait_s = plain.ack_wait_s;
  subscribe.manual_acks = false;
}
void NotDurable(scenario::Subscribe& subscribe) { subscribe.durable.clear(); }
void NoGroup(scenario::Subscribe& subscribe) { subscribe.queue.clear(); }

// What named clients received is read by clients of the harness's own.
void WithoutClients(Scenario& scenario) {
  std::map<std::string, std::string> channels;  // of subscriptions
  std::vector<Step> steps;
  for (Step& step : scenario.steps) {
    auto* client = std::get_if<ClientStep>(&step.action);
    if (client == nullptr) {
      steps.push_back(std::move(step));
      continue;
    }
    if (const auto* subscribe = std::get_if<scenario::Subscribe>(client))
      channels[subscribe->name] = subscribe->channel;
    const auto* receive = std::get_if<scenario::Receive>(client);
    if (receive == nullptr || !channels.contains(receive->subscription)) continue;
    steps.push_back({step.label, scenario::Read{channels[receive->subscription]}});
  }
  scenario.steps = std::move(steps);
}

// AES for CHACHA and the other way round, where CHACHA is the first of them.
void AesFirst(Scenario& scenario) {
  std::vector<std::optional<std::string>*> ciphers;
  for (Step& step : scenario.steps) {
    auto* start = std::get_if<scenario::Start>(&step.action);
    if (start != nullptr && start->settings.encrypt.value_or(false))
      ciphers.push_back(&start->settings.cipher);
  }
  if (ciphers.empty() || *ciphers[0] != "CHACHA") return;
  for (auto* cipher : ciphers) *cipher = *cipher == "CHACHA" ? "AES" : "CHACHA";
}

void Append(std::vector<Change>& to, std::vector<Change> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// The names from the second on become each of those before it.
void AppendMerges(std::vector<Change>& changes, const Scenario& scenario, Shared what) {
  const auto names = NamesOf(scenario, what);
  for (size_t i = 1; i < names.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      changes.push_back([what, from = names[i], to = names[j]](Scenario& changed) {
        Rename(changed, what, {{from, to}});
      });
    }
  }
}

// From the simplest on, what else a payload may be that cannot be any text. NUMBER: which of the
// payloads it is.
std::vector<std::string> SimplerThan(const std::string& payload, size_t number) {
  const std::string text = CanonicalPayload(number);
  if (payload.empty()) return {text};
  const std::string first = payload.substr(0, 1);
  // What begins like a seal begins like one of AES.
  return {text, "\x01" + text.substr(1), first + text.substr(1), std::string(payload.size(), 'm'),
          first + std::string(payload.size() - 1, 'm')};
}

void AppendPayloadChanges(std::vector<Change>& changes, const Scenario& scenario) {
  const auto payloads = NamesOf(scenario, Shared::kPayload);
  for (size_t i = 0; i < payloads.size(); ++i) {
    const auto simpler = SimplerThan(payloads[i], i + 1);
    const auto own = std::ranges::find(simpler, payloads[i]);
    for (auto text = simpler.begin(); text != own; ++text) {
      changes.push_back([from = payloads[i], to = *text](Scenario& changed) {
        Rename(changed, Shared::kPayload, {{from, to}});
      });
    }
  }
}

template <typename Kind>
void AppendForEach(std::vector<Change>& changes, const Scenario& scenario, void (*change)(Kind&)) {
  for (size_t at = 0; at < scenario.steps.size(); ++at) {
    changes.push_back([at, change](Scenario& changed) {
      if (at >= changed.steps.size()) return;
      Scenario one;
      one.steps.push_back(std::move(changed.steps[at]));
      EachStep(change)(one);
      changed.steps[at] = std::move(one.steps[0]);
    });
  }
}

}  // namespace

std::string CanonicalPayload(size_t number) { return "message no. " + std::to_string(number); }

std::vector<Change> BoldChanges() {
  std::vector<Change> changes = {
      WithoutClients,
      EachStep(PublishAsOurselves),
      EachStep(PublishAsLibrariesDo),
      EachStep(SearchForNothing),
      EachStep(ReadAll),
      EachStep(SubscribePlainly),
      EachStep(SubscribeToAll),
      EachStep(NotDurable),
      EachStep(NoGroup),
      EachStep(LeaveInOrder),
      EachStep(StopInOrder),
  };
  Append(changes, DropOtherSettings());
  Append(changes, {DropUnusedKeys, NumberPayloads});
  for (const Shared what :
       {Shared::kKey, Shared::kChannel, Shared::kClient, Shared::kDurable, Shared::kQueue}) {
    changes.push_back([what](Scenario& scenario) { NameAllTheSame(scenario, what); });
  }
  changes.push_back([](Scenario& s) { NameOneByFirstUse(s, Shared::kSubscription); });
  changes.push_back(CanonicalKeyBytes);
  return changes;
}

void NameByFirstUse(Scenario& scenario) {
  for (const Shared what : {Shared::kChannel, Shared::kKey, Shared::kClient, Shared::kSubscription,
                            Shared::kDurable, Shared::kQueue, Shared::kPayload}) {
    NameOneByFirstUse(scenario, what);
  }
}

std::vector<Change> JointChanges() {
  std::vector<Change> changes = SimplifyEncryption();
  changes.push_back(AesFirst);
  for (const Shared what : {Shared::kChannel, Shared::kKey, Shared::kClient, Shared::kSubscription,
                            Shared::kDurable, Shared::kQueue, Shared::kPayload}) {
    changes.push_back([what](Scenario& scenario) { NameOneByFirstUse(scenario, what); });
  }
  changes.push_back(CanonicalKeyBytes);
  return changes;
}

std::vector<Change> SingleChanges(const Scenario& scenario) {
  std::vector<Change> changes;
  AppendMerges(changes, scenario, Shared::kKey);
  AppendMerges(changes, scenario, Shared::kChannel);
  AppendMerges(changes, scenario, Shared::kClient);
  AppendPayloadChanges(changes, scenario);
  for (size_t at = 0; at < scenario.steps.size(); ++at) Append(changes, SimplifyStart(at));
  AppendForEach(changes, scenario, ReadAll);
  AppendForEach(changes, scenario, StopInOrder);
  AppendForEach(changes, scenario, PublishAsOurselves);
  AppendForEach(changes, scenario, SubscribePlainly);
  AppendForEach(changes, scenario, SubscribeToAll);
  AppendForEach(changes, scenario, NotDurable);
  AppendForEach(changes, scenario, NoGroup);
  AppendForEach(changes, scenario, LeaveInOrder);
  for (const auto& key : scenario.keys) {
    changes.push_back(
        [name = key.first](Scenario& changed) { changed.keys[name] = KeyBytes(name); });
  }
  return changes;
}

}  // namespace atrest::shrink
