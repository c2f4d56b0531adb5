#include <algorithm>

#include "harness/shrink/names.h"
#include "harness/shrink/reduce.h"

namespace atrest::shrink {
namespace {

using scenario::ClientStep;
using scenario::Scenario;
using scenario::Step;

template <typename T>
void Erase(std::vector<T>& values, size_t begin, size_t end) {
  end = std::min(end, values.size());
  if (begin < end)
    values.erase(values.begin() + static_cast<ptrdiff_t>(begin),
                 values.begin() + static_cast<ptrdiff_t>(end));
}

Change DropRange(size_t begin, size_t end) {
  return [begin, end](Scenario& scenario) { Erase(scenario.steps, begin, end); };
}

// Runs of the server but the last one: what is done from one start to before the next.
std::vector<Change> SessionDrops(const Scenario& scenario) {
  std::vector<size_t> starts;
  for (size_t at = 0; at < scenario.steps.size(); ++at) {
    if (std::holds_alternative<scenario::Start>(scenario.steps[at].action)) starts.push_back(at);
  }
  std::vector<Change> drops;
  for (size_t i = starts.size(); i-- > 1;) drops.push_back(DropRange(starts[i - 1], starts[i]));
  return drops;
}

std::vector<std::string> ChannelsOf(const Step& step) {
  Scenario one;
  one.steps = {step};
  return NamesOf(one, Shared::kChannel);
}

std::vector<Change> ChannelDrops(const Scenario& scenario) {
  const auto kept = ChannelsOf(scenario.steps.back());
  std::vector<Change> drops;
  for (const std::string& channel : NamesOf(scenario, Shared::kChannel)) {
    if (std::ranges::find(kept, channel) != kept.end()) continue;
    drops.push_back([channel](Scenario& changed) {
      std::erase_if(changed.steps, [&](const Step& step) {
        const auto of_step = ChannelsOf(step);
        return std::ranges::find(of_step, channel) != of_step.end();
      });
    });
  }
  return drops;
}

// From the last but one: what is late depends on what is early, and an index stays right while what
// is behind it goes.
std::vector<Change> StepDrops(const Scenario& scenario) {
  std::vector<Change> drops;
  for (size_t at = scenario.steps.size() - 1; at-- > 0;) drops.push_back(DropRange(at, at + 1));
  return drops;
}

// The parts that a step has several of. Each drops number INDEX of the parts of step AT.
template <typename Kind, typename PartsOf>
void AppendPartDrops(std::vector<Change>& drops, const Scenario& scenario, size_t at,
                     PartsOf parts_of) {
  Scenario copy = scenario;
  auto* kind = std::get_if<Kind>(&copy.steps[at].action);
  if (kind == nullptr) return;
  for (size_t index = parts_of(*kind).size(); index-- > 0;) {
    drops.push_back([=](Scenario& changed) {
      if (at >= changed.steps.size()) return;
      if (auto* same = std::get_if<Kind>(&changed.steps[at].action))
        Erase(parts_of(*same), index, index + 1);
    });
  }
}

void DropAcks(std::vector<Change>& drops, const Scenario& scenario, size_t at) {
  AppendPartDrops<ClientStep>(drops, scenario, at, [](ClientStep& step) -> std::vector<uint64_t>& {
    static std::vector<uint64_t> none;
    auto* ack = std::get_if<scenario::Ack>(&step);
    return ack == nullptr ? none : ack->sequences;
  });
}

std::vector<Change> PartDrops(const Scenario& scenario) {
  std::vector<Change> drops;
  for (size_t at = scenario.steps.size(); at-- > 0;) {
    AppendPartDrops<scenario::Publish>(
        drops, scenario, at, [](scenario::Publish & s) -> auto& { return s.payloads; });
    AppendPartDrops<scenario::Tamper>(
        drops, scenario, at, [](scenario::Tamper & s) -> auto& { return s.operations; });
    AppendPartDrops<scenario::Inspect>(
        drops, scenario, at, [](scenario::Inspect & s) -> auto& { return s.texts; });
    AppendPartDrops<scenario::Start>(
        drops, scenario, at, [](scenario::Start & s) -> auto& { return s.settings.arguments; });
    DropAcks(drops, scenario, at);
  }
  return drops;
}

void LowerIfAbove(uint64_t& sequence, uint64_t dropped) {
  if (sequence > dropped) --sequence;
}

void LowerInFiles(scenario::Tamper& tamper, const std::string& channel, uint64_t dropped) {
  for (auto& operation : tamper.operations) {
    const auto is_of_channel = [&](const std::string& file) {
      return file.starts_with(channel + "/");
    };
    if (auto* change = std::get_if<scenario::ChangeRecord>(&operation)) {
      if (is_of_channel(change->file)) LowerIfAbove(change->record, dropped);
    } else if (auto* fill = std::get_if<scenario::FillData>(&operation)) {
      if (is_of_channel(fill->file)) LowerIfAbove(fill->record, dropped);
    } else if (auto* swap = std::get_if<scenario::SwapData>(&operation)) {
      if (!is_of_channel(swap->file)) continue;
      LowerIfAbove(swap->a, dropped);
      LowerIfAbove(swap->b, dropped);
    } else if (auto* copy = std::get_if<scenario::CopyData>(&operation)) {
      if (!is_of_channel(copy->file)) continue;
      LowerIfAbove(copy->a, dropped);
      LowerIfAbove(copy->b, dropped);
    }
  }
}

// Message NUMBER (from 1) of CHANNEL is not published, and whatever counts messages of the channel
// counts one less.
void DropMessage(Scenario& scenario, const std::string& channel, uint64_t number) {
  uint64_t seen = 0;
  for (Step& step : scenario.steps) {
    if (auto* publish = std::get_if<scenario::Publish>(&step.action)) {
      if (publish->channel != channel) continue;
      const uint64_t before = seen;
      seen += publish->payloads.size();
      if (number > before && number <= seen)
        Erase(publish->payloads, number - before - 1, number - before);
    } else if (auto* read = std::get_if<scenario::Read>(&step.action)) {
      if (read->channel == channel) LowerIfAbove(read->sequence, number);
    } else if (auto* tamper = std::get_if<scenario::Tamper>(&step.action)) {
      LowerInFiles(*tamper, channel, number);
    } else if (auto* client = std::get_if<ClientStep>(&step.action)) {
      if (auto* subscribe = std::get_if<scenario::Subscribe>(client)) {
        if (subscribe->channel == channel) LowerIfAbove(subscribe->sequence, number);
      } else if (auto* ack = std::get_if<scenario::Ack>(client)) {
        for (uint64_t& sequence : ack->sequences) LowerIfAbove(sequence, number);
      }
    }
  }
}

std::vector<Change> MessageDrops(const Scenario& scenario) {
  std::map<std::string, uint64_t> published;
  for (const Step& step : scenario.steps) {
    if (const auto* publish = std::get_if<scenario::Publish>(&step.action))
      published[publish->channel] += publish->payloads.size();
  }
  std::vector<Change> drops;
  for (const auto& [channel, count] : published) {
    for (uint64_t number = count; number > 0; --number) {
      drops.push_back([channel = channel, number](Scenario& changed) {
        DropMessage(changed, channel, number);
      });
    }
  }
  return drops;
}

std::vector<Change> ExpectationDrops(const Scenario& scenario) {
  std::vector<Change> drops;
  for (size_t at = scenario.expectations.size(); at-- > 0;) {
    drops.push_back([at](Scenario& changed) { Erase(changed.expectations, at, at + 1); });
  }
  return drops;
}

}  // namespace

void DropSteps(Search& search) {
  search.TryMost(SessionDrops(search.best()));
  search.TryMost(ChannelDrops(search.best()));
  search.TryMost(StepDrops(search.best()));
}

void DropParts(Search& search) {
  search.TryMost(ExpectationDrops(search.best()));
  search.TryMost(MessageDrops(search.best()));
  search.TryMost(PartDrops(search.best()));
}

}  // namespace atrest::shrink
