#include <algorithm>
#include <type_traits>

#include "harness/shrink/names.h"
#include "harness/shrink/reduce.h"

namespace atrest::shrink {
namespace {

using scenario::ClientStep;
using scenario::Scenario;
using scenario::Step;

// A number in a scenario that may be lower. Those with one NAME and value are lowered together.
struct Number {
  std::string name;
  uint64_t least;
  uint64_t value;
  std::function<void(uint64_t)> set;
};

class Collector {
 public:
  std::vector<Number> Collect(Scenario& scenario) {
    for (at_ = 0; at_ < scenario.steps.size(); ++at_)
      std::visit([&](auto& action) { Look(action); }, scenario.steps[at_].action);
    return std::move(numbers_);
  }

 private:
  template <typename T>
  void Add(const std::string& name, uint64_t least, T& value) {
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) return;
    }
    numbers_.push_back({name, least, static_cast<uint64_t>(value),
                        [&value](uint64_t lower) { value = static_cast<T>(lower); }});
  }
  template <typename T>
  void AddSetting(const char* name, std::optional<T>& value) {
    if (value) Add(name, 1, *value);
  }
  // A name that no other number has.
  std::string Own(const char* name) const { return name + std::to_string(at_); }

  void Look(scenario::Start& start) {
    scenario::Settings& settings = start.settings;
    AddSetting("max_messages", settings.max_messages);
    AddSetting("max_bytes", settings.max_bytes);
    AddSetting("max_age_ms", settings.max_age_ms);
    AddSetting("slice_max_messages", settings.slice_max_messages);
    AddSetting("slice_max_bytes", settings.slice_max_bytes);
    AddSetting("buffer_size", settings.buffer_size);
    AddSetting("max_channels", settings.max_channels);
    AddSetting("max_subscriptions", settings.max_subscriptions);
    AddSetting("max_inactivity_ms", settings.max_inactivity_ms);
  }
  void Look(scenario::Read& read) {
    if (read.from == scenario::Read::From::kSequence) Add(Own("sequence"), 1, read.sequence);
    if (read.max != UINT64_MAX) Add(Own("max"), 1, read.max);
  }
  void Look(scenario::Wait& wait) { Add("wait", 1, wait.ms); }
  void Look(scenario::Interrupt& interrupt) { Add(Own("count"), 1, interrupt.count); }
  void Look(scenario::Tamper& tamper) {
    for (auto& operation : tamper.operations) {
      if (auto* flip = std::get_if<scenario::FlipByte>(&operation)) {
        Add(Own("at"), 0, flip->at);
        Add(Own("mask"), 1, flip->mask);
      } else if (auto* cut = std::get_if<scenario::Truncate>(&operation)) {
        if (cut->size) Add(Own("size"), 0, *cut->size);
        if (cut->by) Add(Own("by"), 1, *cut->by);
      } else if (auto* change = std::get_if<scenario::ChangeRecord>(&operation)) {
        Add(Own("record"), 1, change->record);
        Add(Own("offset"), 0, change->offset);
        if (change->set) Add(Own("set"), 0, *change->set);
        if (change->flip) Add(Own("flip"), 1, *change->flip);
      } else if (auto* swap = std::get_if<scenario::SwapData>(&operation)) {
        Add(Own("a"), 1, swap->a);
        Add(Own("b"), 1, swap->b);
      } else if (auto* copy = std::get_if<scenario::CopyData>(&operation)) {
        Add(Own("a"), 1, copy->a);
        Add(Own("b"), 1, copy->b);
      } else if (auto* fill = std::get_if<scenario::FillData>(&operation)) {
        Add(Own("record"), 1, fill->record);
      }
    }
  }
  void Look(ClientStep& step) {
    if (auto* subscribe = std::get_if<scenario::Subscribe>(&step)) {
      using From = scenario::Subscribe::From;
      if (subscribe->from == From::kSequence) Add(Own("sequence"), 1, subscribe->sequence);
      if (subscribe->from == From::kTimeDelta) Add(Own("ago"), 1, subscribe->time_delta_ms);
      if (subscribe->max_in_flight != scenario::Subscribe().max_in_flight)
        Add(Own("max_in_flight"), 1, subscribe->max_in_flight);
    } else if (auto* ack = std::get_if<scenario::Ack>(&step)) {
      for (uint64_t& sequence : ack->sequences) Add(Own("ack"), 1, sequence);
    }
  }
  template <typename Other>
  void Look(Other&) {}

  size_t at_ = 0;
  std::vector<Number> numbers_;
};

// Tries LEAST, then halves the distance between what does not fail and what does.
void LowerTo(const std::function<bool(uint64_t)>& try_value, uint64_t least, uint64_t value) {
  if (value <= least || try_value(least)) return;
  uint64_t passes = least;
  while (value - passes > 1) {
    const uint64_t middle = passes + (value - passes) / 2;
    if (try_value(middle)) {
      value = middle;
    } else {
      passes = middle;
    }
  }
}

// All numbers called NAME that have this value, or only the one at INDEX.
void Lower(Search& search, const Number& number, size_t index, bool together) {
  LowerTo(
      [&](uint64_t lower) {
        Scenario candidate = search.best();
        auto numbers = Collector().Collect(candidate);
        for (size_t i = 0; i < numbers.size(); ++i) {
          const bool same = numbers[i].name == number.name && numbers[i].value > lower;
          if (together ? same : i == index) numbers[i].set(lower);
        }
        return search.Try(std::move(candidate));
      },
      number.least, number.value);
}

std::vector<Number> NumbersOf(const Scenario& scenario) {
  Scenario copy = scenario;
  return Collector().Collect(copy);  // whose setters are not used
}

// Payloads that have not become any text: shorter, all equal ones at once.
void ShortenPayloads(Search& search) {
  const size_t count = NamesOf(search.best(), Shared::kPayload).size();
  for (size_t i = 0; i < count; ++i) {
    const auto payloads = NamesOf(search.best(), Shared::kPayload);
    if (i >= payloads.size()) return;
    std::string payload = payloads[i];
    const bool is_filled =
        payload.size() > 1 && payload.find_first_not_of('m', 1) == std::string::npos;
    if (!is_filled) continue;
    LowerTo(
        [&](uint64_t size) {
          Scenario candidate = search.best();
          const std::string shorter = payload.substr(0, size);
          Rename(candidate, Shared::kPayload, {{payload, shorter}});
          if (!search.Try(std::move(candidate))) return false;
          payload = shorter;
          return true;
        },
        1, payload.size());
  }
}

}  // namespace

void LowerNumbers(Search& search) {
  for (const bool together : {true, false}) {
    const size_t count = NumbersOf(search.best()).size();
    for (size_t i = 0; i < count; ++i) {
      const auto numbers = NumbersOf(search.best());
      if (i >= numbers.size()) return;
      Lower(search, numbers[i], i, together);
    }
  }
  ShortenPayloads(search);
}

}  // namespace atrest::shrink
