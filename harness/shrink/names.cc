#include "harness/shrink/names.h"

#include <algorithm>
#include <functional>

namespace atrest::shrink {
namespace {

using scenario::ClientStep;
using scenario::Scenario;
using scenario::Settings;
using scenario::Step;
using Visit = std::function<void(std::string&)>;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// The names in one step of a client.
void VisitClientStep(ClientStep& step, Shared what, const Visit& visit) {
  const auto client = [&](std::string& name) {
    if (what == Shared::kClient) visit(name);
  };
  const auto subscription = [&](std::string& name) {
    if (what == Shared::kSubscription) visit(name);
  };
  std::visit(Overloaded{
                 [&](scenario::Connect& s) { client(s.client); },
                 [&](scenario::Disconnect& s) { client(s.client); },
                 [&](scenario::Vanish& s) { client(s.client); },
                 [&](scenario::Subscribe& s) {
                   client(s.client);
                   subscription(s.name);
                   if (what == Shared::kChannel) visit(s.channel);
                   if (what == Shared::kDurable && !s.durable.empty()) visit(s.durable);
                   if (what == Shared::kQueue && !s.queue.empty()) visit(s.queue);
                 },
                 [&](scenario::Receive& s) { subscription(s.subscription); },
                 [&](scenario::Ack& s) { subscription(s.subscription); },
                 [&](scenario::CloseSubscription& s) { subscription(s.subscription); },
                 [&](scenario::Unsubscribe& s) { subscription(s.subscription); },
                 [](auto&) {},
             },
             step);
}

// The names that a step acts on, as opposed to those in paths and texts.
void VisitStep(Step& step, Shared what, const Visit& visit) {
  if (auto* publish = std::get_if<scenario::Publish>(&step.action)) {
    if (what == Shared::kChannel) visit(publish->channel);
    if (what == Shared::kClient && !publish->client.empty()) visit(publish->client);
    if (what != Shared::kPayload) return;
    for (std::string& payload : publish->payloads) visit(payload);
  } else if (auto* read = std::get_if<scenario::Read>(&step.action)) {
    if (what == Shared::kChannel) visit(read->channel);
  } else if (auto* start = std::get_if<scenario::Start>(&step.action)) {
    if (what != Shared::kKey) return;
    if (start->settings.key_variable) visit(*start->settings.key_variable);
    if (start->settings.key_option) visit(*start->settings.key_option);
  } else if (auto* client = std::get_if<ClientStep>(&step.action)) {
    VisitClientStep(*client, what, visit);
  }
}

void RenameIn(std::string& name, const Renaming& renaming) {
  const auto found = renaming.find(name);
  if (found != renaming.end()) name = found->second;
}

// "foo/msgs.1.dat": the channel is the directory.
void RenamePath(std::string& path, const Renaming& renaming) {
  const size_t slash = std::min(path.find('/'), path.size());
  const auto found = renaming.find(path.substr(0, slash));
  if (found != renaming.end()) path.replace(0, slash, found->second);
}

void RenameChannelsInFiles(Scenario& scenario, const Renaming& renaming) {
  for (Step& step : scenario.steps) {
    if (auto* tamper = std::get_if<scenario::Tamper>(&step.action)) {
      for (auto& operation : tamper->operations) {
        std::visit([&](auto& change) { RenamePath(change.file, renaming); }, operation);
        if (auto* rename = std::get_if<scenario::RenameFile>(&operation))
          RenamePath(rename->to, renaming);
      }
    } else if (auto* start = std::get_if<scenario::Start>(&step.action)) {
      std::map<std::string, scenario::ChannelLimits> renamed;
      for (auto& [name, limits] : start->settings.channels) {
        std::string channel = name;
        RenameIn(channel, renaming);
        renamed.emplace(channel, limits);
      }
      start->settings.channels = std::move(renamed);
    }
  }
  for (scenario::Expectation& expectation : scenario.expectations) {
    for (auto& message : expectation.messages) RenameIn(message.channel, renaming);
  }
}

void ReplaceAll(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

void RenameKeyMentions(Settings& settings, const Renaming& renaming) {
  for (const auto& [from, to] : renaming) {
    const std::string old_mention = "{key:" + from + "}";
    for (std::string& argument : settings.arguments)
      ReplaceAll(argument, old_mention, "{key:" + to + "}");
    if (settings.config) ReplaceAll(*settings.config, old_mention, "{key:" + to + "}");
  }
}

void RenameKeyNames(std::vector<std::string>& names, const Renaming& renaming) {
  std::vector<std::string> renamed;
  for (std::string& name : names) {
    RenameIn(name, renaming);
    if (std::ranges::find(renamed, name) == renamed.end()) renamed.push_back(name);
  }
  names = std::move(renamed);
}

void RenameKeysElsewhere(Scenario& scenario, const Renaming& renaming) {
  std::map<std::string, std::string> keys;
  for (const auto& [name, bytes] : scenario.keys) {
    std::string renamed = name;
    RenameIn(renamed, renaming);
    keys.emplace(renamed, bytes);
  }
  scenario.keys = std::move(keys);
  for (Step& step : scenario.steps) {
    if (auto* inspect = std::get_if<scenario::Inspect>(&step.action))
      RenameKeyNames(inspect->keys, renaming);
    if (auto* start = std::get_if<scenario::Start>(&step.action))
      RenameKeyMentions(start->settings, renaming);
  }
  for (scenario::Expectation& expectation : scenario.expectations) {
    for (auto& message : expectation.messages) {
      if (message.opened_by) RenameKeyNames(*message.opened_by, renaming);
    }
  }
}

void RenamePayloadsElsewhere(Scenario& scenario, const Renaming& renaming) {
  for (Step& step : scenario.steps) {
    if (auto* inspect = std::get_if<scenario::Inspect>(&step.action)) {
      for (std::string& text : inspect->texts) RenameIn(text, renaming);
    }
  }
  for (scenario::Expectation& expectation : scenario.expectations) {
    if (expectation.receives) {
      for (auto& delivery : *expectation.receives) {
        if (auto* text = std::get_if<std::string>(&delivery.payload)) RenameIn(*text, renaming);
      }
    }
    std::map<std::string, bool> texts;
    for (const auto& [text, found] : expectation.texts) {
      std::string renamed = text;
      RenameIn(renamed, renaming);
      texts.emplace(renamed, found);
    }
    expectation.texts = std::move(texts);
  }
}

}  // namespace

std::vector<std::string> NamesOf(const Scenario& scenario, Shared what) {
  std::vector<std::string> names;
  for (Step step : scenario.steps) {
    VisitStep(step, what, [&](std::string& name) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    });
  }
  return names;
}

void Rename(Scenario& scenario, Shared what, const Renaming& renaming) {
  for (Step& step : scenario.steps)
    VisitStep(step, what, [&](std::string& name) { RenameIn(name, renaming); });
  if (what == Shared::kChannel) RenameChannelsInFiles(scenario, renaming);
  if (what == Shared::kKey) RenameKeysElsewhere(scenario, renaming);
  if (what == Shared::kPayload) RenamePayloadsElsewhere(scenario, renaming);
}

std::vector<std::string*> PublishedPayloads(Scenario& scenario) {
  std::vector<std::string*> payloads;
  for (Step& step : scenario.steps) {
    auto* publish = std::get_if<scenario::Publish>(&step.action);
    if (publish == nullptr) continue;
    for (std::string& payload : publish->payloads) payloads.push_back(&payload);
  }
  return payloads;
}

}  // namespace atrest::shrink
