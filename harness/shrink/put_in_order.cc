#include <utility>

#include "harness/scenario/print.h"
#include "harness/shrink/canonical.h"
#include "harness/shrink/reduce.h"

namespace atrest::shrink {
namespace {

using scenario::Scenario;
using scenario::Step;

scenario::Publish* PublishAt(Scenario& scenario, size_t at) {
  return at < scenario.steps.size() ? std::get_if<scenario::Publish>(&scenario.steps[at].action)
                                    : nullptr;
}

void MergePublishes(Scenario& scenario) {
  std::vector<Step> steps;
  for (Step& step : scenario.steps) {
    auto* publish = std::get_if<scenario::Publish>(&step.action);
    auto* before = steps.empty() || !step.label.empty() || !steps.back().label.empty()
                       ? nullptr
                       : std::get_if<scenario::Publish>(&steps.back().action);
    const bool alike = publish != nullptr && before != nullptr &&
                       publish->channel == before->channel && publish->client == before->client &&
                       publish->explicit_empty == before->explicit_empty;
    if (alike) {
      before->payloads.insert(before->payloads.end(), publish->payloads.begin(),
                              publish->payloads.end());
    } else {
      steps.push_back(std::move(step));
    }
  }
  scenario.steps = std::move(steps);
}

// A later publish, but not that of the failing step, joins the first to its channel.
void PublishEarlier(Search& search) {
  for (size_t at = 1; at + 1 < search.best().steps.size(); ++at) {
    search.Try([at](Scenario& changed) {
      const auto* later = PublishAt(changed, at);
      for (size_t first = 0; later != nullptr && first < at; ++first) {
        auto* earlier = PublishAt(changed, first);
        if (earlier == nullptr || earlier->channel != later->channel) continue;
        earlier->payloads.insert(earlier->payloads.end(), later->payloads.begin(),
                                 later->payloads.end());
        changed.steps.erase(changed.steps.begin() + static_cast<ptrdiff_t>(at));
        return;
      }
    });
  }
}

// A run that is there only to be killed goes, and another one is killed instead of stopped.
void KillAnother(Search& search) {
  const size_t count = search.best().steps.size();
  for (size_t start = 0; start + 1 < count; ++start) {
    for (size_t stop = 0; stop < count; ++stop) {
      search.Try([=](Scenario& changed) {
        auto& steps = changed.steps;
        if (stop >= steps.size() || start + 1 >= steps.size()) return;
        if (!std::holds_alternative<scenario::Start>(steps[start].action) ||
            !std::holds_alternative<scenario::Kill>(steps[start + 1].action) ||
            !std::holds_alternative<scenario::Stop>(steps[stop].action))
          return;
        steps[stop].action = scenario::Kill{};
        steps.erase(steps.begin() + static_cast<ptrdiff_t>(start),
                    steps.begin() + static_cast<ptrdiff_t>(start) + 2);
      });
    }
  }
}

// What a failure needs of an early read is most often that the channel is there.
void PublishInsteadOfRead(Search& search) {
  for (size_t at = 0; at + 1 < search.best().steps.size(); ++at) {
    const auto* read = std::get_if<scenario::Read>(&search.best().steps[at].action);
    if (read == nullptr) continue;
    search.Try([at, channel = read->channel](Scenario& changed) {
      changed.steps[at].action = scenario::Publish{channel, {"a message for this channel"}};
      NameByFirstUse(changed);
    });
  }
}

// Neighbours change places where the text is earlier in the alphabet then.
void Swap(Search& search) {
  for (size_t at = 0; at + 1 < search.best().steps.size(); ++at) {
    Scenario candidate = search.best();
    if (PublishAt(candidate, at) == nullptr && PublishAt(candidate, at + 1) == nullptr) {
      const bool reads = std::holds_alternative<scenario::Read>(candidate.steps[at].action) &&
                         std::holds_alternative<scenario::Read>(candidate.steps[at + 1].action);
      if (!reads) continue;
    }
    std::swap(candidate.steps[at], candidate.steps[at + 1]);
    NameByFirstUse(candidate);
    if (scenario::PrintScenario(candidate) < scenario::PrintScenario(search.best()))
      search.Try(std::move(candidate));
  }
}

}  // namespace

void PutInOrder(Search& search) {
  search.Try(MergePublishes);
  PublishEarlier(search);
  KillAnother(search);
  PublishInsteadOfRead(search);
  Swap(search);
}

}  // namespace atrest::shrink
