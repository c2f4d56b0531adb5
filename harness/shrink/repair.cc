#include "harness/shrink/repair.h"

#include <algorithm>
#include <set>

#include "harness/scenario/needs.h"

namespace atrest::shrink {
namespace {

using scenario::ClientStep;
using scenario::Scenario;
using scenario::Step;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

bool IsRefused(const Scenario& scenario, const Step& step) {
  return !step.label.empty() && std::ranges::any_of(scenario.expectations, [&](const auto& e) {
    return e.step == step.label && (e.refusal || e.exit_code || e.started == false);
  });
}

// Follows the steps that stay.
class Order {
 public:
  explicit Order(const Scenario& scenario) : scenario_(scenario) {}

  // Whether STEP can be performed now. It may be changed so that it can.
  bool Take(Step& step) {
    const bool taken = std::visit([&](auto& action) { return Admit(step, action); }, step.action);
    begun_ = begun_ || taken;
    return taken;
  }

 private:
  bool Admit(Step&, scenario::UseGolden&) { return !begun_; }
  bool Admit(Step& step, scenario::Start&) {
    if (running_) return false;
    running_ = !IsRefused(scenario_, step);
    return true;
  }
  bool Admit(Step&, scenario::Publish& publish) {
    if (!clients_.contains(publish.client)) publish.client.clear();
    return running_ && !publish.payloads.empty();
  }
  bool Admit(Step&, scenario::Read&) { return running_; }
  bool Admit(Step& step, scenario::Stop&) {
    if (running_ && killed_) step.action = scenario::Kill{};
    return End();
  }
  bool Admit(Step&, scenario::Kill&) { return End(); }
  bool Admit(Step&, scenario::Wait& wait) { return wait.ms > 0; }
  bool Admit(Step&, scenario::Interrupt& interrupt) {
    if (interrupted_) return false;
    interrupted_ = true;
    killed_ = interrupt.how == scenario::Interrupt::How::kKill;
    return true;
  }
  bool Admit(Step&, scenario::Tamper& tamper) { return !running_ && !tamper.operations.empty(); }
  bool Admit(Step&, scenario::Inspect&) { return true; }
  bool Admit(Step&, scenario::Elect&) { return false; }  // clusters are not minimised
  bool Admit(Step&, ClientStep& step) {
    return running_ && std::visit([&](auto& act) { return AdmitOfClient(act); }, step);
  }

  bool AdmitOfClient(scenario::Connect& s) { return clients_.insert(s.client).second; }
  bool AdmitOfClient(scenario::Disconnect& s) { return clients_.erase(s.client) > 0; }
  bool AdmitOfClient(scenario::Vanish& s) { return clients_.erase(s.client) > 0; }
  bool AdmitOfClient(scenario::Subscribe& s) {
    return clients_.contains(s.client) && subscriptions_.insert(s.name).second;
  }
  bool AdmitOfClient(scenario::Receive& s) { return subscriptions_.contains(s.subscription); }
  bool AdmitOfClient(scenario::Ack& s) {
    return subscriptions_.contains(s.subscription) && !s.sequences.empty();
  }
  bool AdmitOfClient(scenario::CloseSubscription& s) {
    return subscriptions_.erase(s.subscription) > 0;
  }
  bool AdmitOfClient(scenario::Unsubscribe& s) { return subscriptions_.erase(s.subscription) > 0; }
  bool AdmitOfClient(scenario::Request&) { return true; }
  bool AdmitOfClient(scenario::Raw&) { return true; }

  bool End() {
    if (!running_) return false;
    running_ = interrupted_ = killed_ = false;
    clients_.clear();
    subscriptions_.clear();
    return true;
  }

  const Scenario& scenario_;
  bool begun_ = false;
  bool running_ = false;
  bool interrupted_ = false;
  bool killed_ = false;
  std::set<std::string> clients_;
  std::set<std::string> subscriptions_;
};

void DropWhatIsNotReferredTo(Scenario& scenario) {
  std::erase_if(scenario.expectations, [&](const scenario::Expectation& expectation) {
    return std::ranges::find(scenario.steps, expectation.step, &Step::label) ==
           scenario.steps.end();
  });
  for (Step& step : scenario.steps) {
    const bool is_named =
        std::ranges::find(scenario.expectations, step.label, &scenario::Expectation::step) !=
        scenario.expectations.end();
    if (!is_named) step.label.clear();
  }
}

// What no step speaks of, but the scenario as a whole may be in need of, stays.
void NeedOnlyWhatIsUsed(Scenario& scenario) {
  auto needed = scenario::NeedsOf(scenario.steps);
  for (const char* whole : {"clock", "cluster"}) {
    if (std::ranges::find(scenario.needs, whole) != scenario.needs.end()) needed.insert(whole);
  }
  scenario.needs.assign(needed.begin(), needed.end());
}

}  // namespace

void Repair(Scenario& scenario) {
  Order order(scenario);
  std::vector<Step> steps;
  for (Step& step : scenario.steps) {
    if (order.Take(step)) steps.push_back(std::move(step));
  }
  scenario.steps = std::move(steps);
  DropWhatIsNotReferredTo(scenario);
  NeedOnlyWhatIsUsed(scenario);
}

}  // namespace atrest::shrink
