#include "harness/compare/shrink.h"

#include <algorithm>
#include <utility>

#include "harness/compare/order.h"

namespace atrest::compare {
namespace {

using scenario::Settings;

// A change that may make a step simpler; false where it changes nothing.
using Simplification = std::function<bool(Step&)>;

template <typename T>
bool Reset(T& value, T simple) {
  if (value == simple) return false;
  value = std::move(simple);
  return true;
}

template <typename T>
Simplification ResetSetting(T Settings::*member) {
  return [member](Step& step) {
    auto* start = std::get_if<scenario::Start>(&step.action);
    return start != nullptr && Reset(start->settings.*member, Settings().*member);
  };
}

bool DropLimitsOfChannels(Step& step) {
  auto* start = std::get_if<scenario::Start>(&step.action);
  if (start == nullptr || start->settings.channels.empty()) return false;
  start->settings.channels.clear();
  return true;
}

template <typename Kind>
Kind* ClientStepIn(Step& step) {
  auto* client = std::get_if<scenario::ClientStep>(&step.action);
  return client == nullptr ? nullptr : std::get_if<Kind>(client);
}

bool StopInsteadOfKill(Step& step) {
  if (!std::holds_alternative<scenario::Kill>(step.action)) return false;
  step.action = scenario::Stop{};
  return true;
}

template <typename T>
bool Halve(std::vector<T>& values, bool keep_first) {
  if (values.size() < 2) return false;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  if (keep_first) {
    values.erase(middle, values.end());
  } else {
    values.erase(values.begin(), middle);
  }
  return true;
}

bool HalveStep(Step& step, bool keep_first) {
  if (auto* publish = std::get_if<scenario::Publish>(&step.action))
    return Halve(publish->payloads, keep_first);
  if (auto* tamper = std::get_if<scenario::Tamper>(&step.action))
    return Halve(tamper->operations, keep_first);
  if (auto* ack = ClientStepIn<scenario::Ack>(step)) return Halve(ack->sequences, keep_first);
  return false;
}

bool PlainPayloads(Step& step) {
  auto* publish = std::get_if<scenario::Publish>(&step.action);
  if (publish == nullptr) return false;
  bool changed = false;
  for (std::string& payload : publish->payloads) changed |= Reset<std::string>(payload, "message");
  return changed;
}

bool OwnPublisher(Step& step) {
  auto* publish = std::get_if<scenario::Publish>(&step.action);
  return publish != nullptr && Reset<std::string>(publish->client, "");
}

template <typename T>
Simplification ResetSubscription(T scenario::Subscribe::*member, T simple) {
  return [member, simple](Step& step) {
    auto* subscribe = ClientStepIn<scenario::Subscribe>(step);
    return subscribe != nullptr && Reset(subscribe->*member, simple);
  };
}

const std::vector<Simplification>& Simplifications() {
  using From = scenario::Subscribe::From;
  static const std::vector<Simplification> all = {
      [](Step& step) { return Reset(step.exchange, false); },
      StopInsteadOfKill,
      [](Step& step) { return HalveStep(step, true); },
      [](Step& step) { return HalveStep(step, false); },
      PlainPayloads,
      OwnPublisher,
      ResetSetting(&Settings::encrypt),
      ResetSetting(&Settings::cipher),
      ResetSetting(&Settings::key_variable),
      ResetSetting(&Settings::key_option),
      ResetSetting(&Settings::store),
      ResetSetting(&Settings::max_messages),
      ResetSetting(&Settings::max_bytes),
      ResetSetting(&Settings::max_age_ms),
      ResetSetting(&Settings::slice_max_messages),
      ResetSetting(&Settings::slice_max_bytes),
      ResetSetting(&Settings::buffer_size),
      ResetSetting(&Settings::read_buffer_size),
      ResetSetting(&Settings::check_crc),
      ResetSetting(&Settings::crc_polynomial),
      ResetSetting(&Settings::truncate_bad_eof),
      ResetSetting(&Settings::cluster_id),
      ResetSetting(&Settings::max_channels),
      ResetSetting(&Settings::max_subscriptions),
      ResetSetting(&Settings::max_inactivity_ms),
      ResetSetting(&Settings::arguments),
      ResetSetting(&Settings::config),
      DropLimitsOfChannels,
      ResetSubscription<std::string>(&scenario::Subscribe::durable, ""),
      ResetSubscription<std::string>(&scenario::Subscribe::queue, ""),
      ResetSubscription<From>(&scenario::Subscribe::from, From::kFirst),
      ResetSubscription<uint32_t>(&scenario::Subscribe::max_in_flight, 1024),
  };
  return all;
}

class Shrinker {
 public:
  Shrinker(Case one, const Fails& fails, size_t runs_max)
      : best_(std::move(one)), fails_(fails), runs_left_(runs_max) {}

  Case Run() {
    bool progress = true;
    while (progress && runs_left_ > 0) {
      progress = DropChunks();
      progress = DropChannels() || progress;
      progress = SimplifySteps() || progress;
    }
    return std::move(best_);
  }

 private:
  // Takes CANDIDATE for the best case if it fails.
  bool Try(std::vector<Step> steps) {
    if (runs_left_ == 0) return false;
    --runs_left_;
    Case candidate = best_;
    candidate.steps = std::move(steps);
    if (!fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool DropChunks() {
    bool progress = false;
    for (size_t size = std::max<size_t>(best_.steps.size() / 2, 1); size > 0; size /= 2) {
      // From the end: what is late depends on what is early, not the other way round.
      for (size_t end = best_.steps.size(); end > 0; end = end > size ? end - size : 0) {
        end = std::min(end, best_.steps.size());
        const size_t begin = end > size ? end - size : 0;
        std::vector<Step> steps = best_.steps;
        steps.erase(steps.begin() + static_cast<ptrdiff_t>(begin),
                    steps.begin() + static_cast<ptrdiff_t>(end));
        steps = Repair(steps);
        if (steps.size() < best_.steps.size() && Try(std::move(steps))) progress = true;
      }
    }
    return progress;
  }

  // Each channel in turn becomes "foo", if none is called so.
  bool DropChannels() {
    bool progress = false;
    std::set<std::string> names;
    for (const Step& step : best_.steps) {
      if (const auto* publish = std::get_if<scenario::Publish>(&step.action))
        names.insert(publish->channel);
    }
    if (names.contains("foo")) return false;
    for (const std::string& name : names) {
      std::vector<Step> steps = best_.steps;
      for (Step& step : steps) Rename(step, name);
      progress = Try(std::move(steps)) || progress;
      if (progress) break;
    }
    return progress;
  }

  static void Rename(Step& step, const std::string& name) {
    const auto rename = [&](std::string& channel) {
      if (channel == name) channel = "foo";
    };
    if (auto* publish = std::get_if<scenario::Publish>(&step.action)) rename(publish->channel);
    if (auto* read = std::get_if<scenario::Read>(&step.action)) rename(read->channel);
    if (auto* subscribe = ClientStepIn<scenario::Subscribe>(step)) rename(subscribe->channel);
    auto* tamper = std::get_if<scenario::Tamper>(&step.action);
    if (tamper == nullptr) return;
    for (auto& operation : tamper->operations) {
      std::visit(
          [&](auto& change) {
            if (change.file == name || change.file.starts_with(name + "/"))
              change.file.replace(0, name.size(), "foo");
          },
          operation);
    }
  }

  bool SimplifySteps() {
    bool progress = false;
    for (size_t i = 0; i < best_.steps.size(); ++i) {
      for (const Simplification& simplify : Simplifications()) {
        if (i >= best_.steps.size()) break;
        std::vector<Step> steps = best_.steps;
        if (!simplify(steps[i])) continue;
        progress = Try(Repair(steps)) || progress;
      }
    }
    return progress;
  }

  Case best_;
  const Fails& fails_;
  size_t runs_left_;
};

}  // namespace

Case Shrink(Case one, const Fails& fails, size_t runs_max) {
  return Shrinker(std::move(one), fails, runs_max).Run();
}

}  // namespace atrest::compare
