#include "harness/compare/pair_run.h"

#include <algorithm>
#include <map>
#include <memory>

#include "harness/compare/disk_facts.h"
#include "harness/compare/normaliser.h"
#include "harness/compare/observation_facts.h"
#include "harness/compare/tree.h"
#include "harness/tamper/tamper.h"

namespace atrest::compare {
namespace {

using verdict::Observation;

// How long a server may take, once it is ready, for what it does about recovered subscriptions: on
// a thread of its own, ordered behind nothing that a client could ask for.
constexpr int64_t kStartSettlesMs = 300;

class Side {
 public:
  Side(std::unique_ptr<driver::Driver> driver, const std::map<std::string, std::string>& keys)
      : driver_(std::move(driver)), keys_(keys), normaliser_(driver_->directory(), keys) {}

  Result<Observation> Perform(const scenario::Action& action) {
    return std::visit([&](const auto& step) { return Do(step); }, action);
  }
  // A server program without a clock of its own: while one waits, the other's time passes too.
  bool lives_in_real_time() const {
    const auto has = driver_->Info().capabilities;
    const auto can = [&](const char* name) { return std::ranges::find(has, name) != has.end(); };
    return can("program") && !can("clock");
  }
  Normaliser& normaliser() { return normaliser_; }
  Result<Tree> Store() { return ReadTree(driver_->files(), driver_->directory()); }
  Status SetStore(const Tree& tree) {
    return WriteTree(driver_->files(), driver_->directory(), tree);
  }

 private:
  Result<Observation> Do(const scenario::UseGolden&) {
    return Status(Code::kUnsupported, "a comparison does not begin with a golden store");
  }
  Result<Observation> Do(const scenario::Start& step) {
    return driver_->Start(step.settings, keys_);
  }
  Result<Observation> Do(const scenario::Publish& step) { return driver_->Publish(step); }
  Result<Observation> Do(const scenario::Read& step) { return driver_->Read(step); }
  Result<Observation> Do(const scenario::Stop&) { return driver_->Stop(); }
  Result<Observation> Do(const scenario::Kill&) { return driver_->Kill(); }
  Result<Observation> Do(const scenario::Wait& step) { return driver_->Wait(step); }
  Result<Observation> Do(const scenario::Interrupt& step) { return driver_->Interrupt(step); }
  Result<Observation> Do(const scenario::Inspect&) { return Observation{}; }
  Result<Observation> Do(const scenario::Elect&) { return Observation{}; }
  Result<Observation> Do(const scenario::ClientStep& step) { return driver_->Act(step); }
  Result<Observation> Do(const scenario::Tamper& step) {
    // What does not fit the files is refused for both alike, or else the files differ.
    const Status applied = tamper::Apply(step.operations, driver_->directory(), driver_->files());
    return Observation{verdict::Answered{applied.message()}, {}};
  }

  std::unique_ptr<driver::Driver> driver_;
  const std::map<std::string, std::string>& keys_;
  Normaliser normaliser_;
};

bool NeedsRunning(const scenario::Action& action) {
  return std::holds_alternative<scenario::Publish>(action) ||
         std::holds_alternative<scenario::Read>(action) ||
         std::holds_alternative<scenario::Stop>(action) ||
         std::holds_alternative<scenario::Kill>(action) ||
         std::holds_alternative<scenario::ClientStep>(action);
}

bool MayDeliver(const scenario::Action& action) {
  if (std::holds_alternative<scenario::Publish>(action)) return true;
  const auto* client = std::get_if<scenario::ClientStep>(&action);
  return client != nullptr && (std::holds_alternative<scenario::Subscribe>(*client) ||
                               std::holds_alternative<scenario::Receive>(*client));
}

std::string Joined(const Facts& facts) {
  std::string text;
  for (const Fact& fact : facts) text += (text.empty() ? "" : "; ") + fact.field + ": " + fact.text;
  return text;
}

class PairRun {
 public:
  PairRun(const Case& one, Side left, Side right)
      : case_(one),
        polynomials_(PolynomialsOf(one)),
        left_(std::move(left)),
        right_(std::move(right)),
        waits_together_(left_.lives_in_real_time() && right_.lives_in_real_time()) {}

  PairOutcome Run() {
    for (size_t i = 0; i < case_.steps.size() && !Ended(); ++i) {
      const Status performed = Perform(i);
      if (!performed.ok()) outcome_.inconclusive = performed.message();
    }
    return std::move(outcome_);
  }

 private:
  bool Ended() const { return outcome_.difference || !outcome_.inconclusive.empty(); }

  Status Perform(size_t index) {
    const Step& step = case_.steps[index];
    if (NeedsRunning(step.action) && !running_) return Status();  // behind a refused start
    if (step.exchange) ATREST_TRY(Exchange());
    Note(step.action);
    auto left = left_.Perform(step.action);
    if (!left.ok()) return left.status();
    auto right = right_.Perform(ForTheOther(step.action));
    if (!right.ok()) return right.status();
    if (subscribed_ && HasStarted(left.value()) && HasStarted(right.value()))
      ATREST_TRY(Settle(left.value(), right.value()));
    Defer(step.action, left.value().log, right.value().log);
    Compare(index, left.value(), right.value());
    Follow(step.action, left.value());
    if (running_ || Ended() || std::holds_alternative<scenario::Wait>(step.action)) return Status();
    return CompareDisks(index);
  }

  // A wait that has passed for both when it has for one.
  scenario::Action ForTheOther(const scenario::Action& action) const {
    const bool has_passed = waits_together_ && std::holds_alternative<scenario::Wait>(action);
    return has_passed ? scenario::Wait{0} : action;
  }

  static bool HasStarted(const Observation& seen) {
    const auto* started = std::get_if<verdict::Started>(&seen.outcome);
    return started != nullptr && started->ok;
  }

  // Adds to a start what is logged shortly after it.
  Status Settle(Observation& left, Observation& right) {
    const scenario::Action wait = scenario::Wait{kStartSettlesMs};
    const auto of_left = left_.Perform(wait);
    if (!of_left.ok()) return of_left.status();
    const auto of_right = right_.Perform(ForTheOther(wait));
    if (!of_right.ok()) return of_right.status();
    left.log.insert(left.log.end(), of_left.value().log.begin(), of_left.value().log.end());
    right.log.insert(right.log.end(), of_right.value().log.begin(), of_right.value().log.end());
    return Status();
  }

  // A subscription that acks by itself goes on and on: what the server logs about it belongs to its
  // opening, to a publish or to a later receive, as it happens. So it is compared with the next
  // step of another kind.
  void Defer(const scenario::Action& action, std::vector<verdict::LogLine>& left,
             std::vector<verdict::LogLine>& right) {
    const auto move = [](std::vector<verdict::LogLine>& from, std::vector<verdict::LogLine>& to) {
      to.insert(to.end(), from.begin(), from.end());
      from.clear();
    };
    move(left, deferred_left_);
    move(right, deferred_right_);
    if (acks_by_itself_ && MayDeliver(action)) return;
    left.swap(deferred_left_);
    right.swap(deferred_right_);
  }

  Status Exchange() {
    const auto left = left_.Store();
    if (!left.ok()) return left.status();
    const auto right = right_.Store();
    if (!right.ok()) return right.status();
    ATREST_TRY(left_.SetStore(right.value()));
    ATREST_TRY(right_.SetStore(left.value()));
    left_.normaliser().ExchangeMemory(right_.normaliser());
    return Status();
  }

  // What later steps need to know of ACTION.
  void Note(const scenario::Action& action) {
    if (const auto* publish = std::get_if<scenario::Publish>(&action)) {
      for (const std::string& payload : publish->payloads) {
        left_.normaliser().Know(payload);
        right_.normaliser().Know(payload);
      }
    }
    // A kill leaves the subscription of a read behind.
    subscribed_ = subscribed_ || std::holds_alternative<scenario::Kill>(action);
    const auto* client = std::get_if<scenario::ClientStep>(&action);
    if (client == nullptr) return;
    if (const auto* subscribe = std::get_if<scenario::Subscribe>(client)) {
      channels_[subscribe->name] = subscribe->channel;
      subscribed_ = true;
      acks_by_itself_ = acks_by_itself_ || !subscribe->manual_acks;
    }
  }

  std::string ChannelOf(const scenario::Action& action) {
    if (const auto* read = std::get_if<scenario::Read>(&action)) return read->channel;
    const auto* client = std::get_if<scenario::ClientStep>(&action);
    const auto* receive = client == nullptr ? nullptr : std::get_if<scenario::Receive>(client);
    return receive == nullptr ? "" : channels_[receive->subscription];
  }

  void Compare(size_t index, const Observation& left, const Observation& right) {
    const Step& step = case_.steps[index];
    const std::string channel = ChannelOf(step.action);
    const Facts facts = ObservationFacts(left, channel, left_.normaliser());
    const auto mismatch =
        FirstMismatch(facts, ObservationFacts(right, channel, right_.normaliser()));
    outcome_.trace.push_back(std::to_string(index) + ". " + Describe(step) + " -> " +
                             Joined(facts));
    const auto* undecided = std::get_if<verdict::Undecided>(&left.outcome);
    if (undecided != nullptr && std::holds_alternative<verdict::Undecided>(right.outcome)) {
      outcome_.inconclusive = undecided->why;
    } else if (mismatch) {
      outcome_.difference = {index, *mismatch};
    }
  }

  // Both targets did the same, or the case has ended.
  void Follow(const scenario::Action& action, const Observation& seen) {
    if (const auto* started = std::get_if<verdict::Started>(&seen.outcome)) running_ = started->ok;
    if (std::holds_alternative<scenario::Start>(action)) acks_by_itself_ = false;
    const bool stops = std::holds_alternative<scenario::Stop>(action) ||
                       std::holds_alternative<scenario::Kill>(action) ||
                       std::holds_alternative<verdict::Crashed>(seen.outcome);
    if (stops) running_ = false;
  }

  Status CompareDisks(size_t index) {
    const auto left = left_.Store();
    if (!left.ok()) return left.status();
    const auto right = right_.Store();
    if (!right.ok()) return right.status();
    const auto mismatch =
        FirstMismatch(DiskFacts(left.value(), polynomials_, left_.normaliser()),
                      DiskFacts(right.value(), polynomials_, right_.normaliser()));
    if (mismatch) outcome_.difference = {index, *mismatch};
    return Status();
  }

  const Case& case_;
  const std::vector<uint32_t> polynomials_;
  Side left_;
  Side right_;
  const bool waits_together_;
  bool running_ = false;
  bool subscribed_ = false;      // ever
  bool acks_by_itself_ = false;  // some subscription, since the start
  std::vector<verdict::LogLine> deferred_left_;
  std::vector<verdict::LogLine> deferred_right_;
  std::map<std::string, std::string> channels_;  // of subscriptions
  PairOutcome outcome_;
};

}  // namespace

PairOutcome RunPair(const Case& one, const Target& left, const Target& right) {
  PairOutcome failed;
  auto left_driver = left.make(left.options);
  auto right_driver = right.make(right.options);
  if (!left_driver.ok() || !right_driver.ok()) {
    failed.inconclusive =
        left_driver.ok() ? right_driver.status().message() : left_driver.status().message();
    return failed;
  }
  return PairRun(one, Side(std::move(left_driver).value(), one.keys),
                 Side(std::move(right_driver).value(), one.keys))
      .Run();
}

}  // namespace atrest::compare
