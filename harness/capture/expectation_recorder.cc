#include "harness/capture/expectation_recorder.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "harness/runner/execute.h"
#include "reference/base/bytes.h"
#include "reference/base/utf8.h"

namespace atrest::capture {
namespace {

using scenario::Action;
using scenario::Expectation;
using scenario::Scenario;
using scenario::Step;
using verdict::Observation;

constexpr uint64_t kSeeds[] = {1, 2};
constexpr size_t kNonceRandomSize = 4;
constexpr size_t kNonceSize = 12;
// Code byte, nonce and tag.
constexpr size_t kOverhead = 29;

bool IsUtf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(std::string_view(text).substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// The steps that were done, and what each showed.
class Recorder : public runner::StepObserver {
 public:
  struct Seen {
    size_t index;
    Observation observation;
  };
  Status After(size_t index, const Step&, const Observation& seen, driver::Driver&) override {
    seen_.push_back({index, seen});
    return {};
  }
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  std::vector<Seen> seen_;
};

std::optional<std::vector<std::string>> LinesOf(const Observation& seen, const char* level) {
  std::vector<std::string> lines;
  for (const verdict::LogLine& line : seen.log) {
    if (line.level != level) continue;
    if (!IsUtf8(line.text)) return std::nullopt;  // the language has no way to write it
    lines.push_back(line.text);
  }
  return lines;
}

// Sealed bytes that nobody published differ from run to run.
scenario::PayloadPattern PatternOf(const std::string& payload,
                                   const std::vector<std::string>& published) {
  const bool looks_sealed =
      payload.size() >= kOverhead && (payload[0] == '\x01' || payload[0] == '\x02');
  if (!looks_sealed || std::ranges::find(published, payload) != published.end()) return payload;
  return scenario::SealedPayload{payload[0] == '\x01' ? "AES" : "CHACHA",
                                 payload.size() - kOverhead};
}

std::vector<std::string> PublishedIn(const Scenario& scenario) {
  std::vector<std::string> payloads;
  for (const Step& step : scenario.steps) {
    if (const auto* publish = std::get_if<scenario::Publish>(&step.action))
      payloads.insert(payloads.end(), publish->payloads.begin(), publish->payloads.end());
  }
  return payloads;
}

scenario::ExpectedDiskMessage MessageOf(const verdict::DiskMessage& stored) {
  scenario::ExpectedDiskMessage message;
  message.channel = stored.channel;
  message.sequence = stored.sequence;
  message.cipher = stored.cipher;
  message.opened_by = stored.opened_by;
  message.data_size = stored.data_size;
  if (stored.nonce.size() == kNonceSize) {
    uint64_t counter = 0;
    for (const char c : stored.nonce.substr(kNonceRandomSize))
      counter = counter << 8 | static_cast<unsigned char>(c);
    if (counter <= INT64_MAX) message.nonce_counter = counter;  // else it looks sealed only
  }
  return message;
}

// What one step's observation says, as an expectation.
class Writer {
 public:
  Writer(const Step& step, const std::vector<std::string>& published, Expectation& expectation)
      : step_(step), published_(published), expectation_(expectation) {}

  void Write(const Observation& seen) {
    std::visit([&](const auto& outcome) { Note(outcome); }, seen.outcome);
    expectation_.errors = LinesOf(seen, "ERR");
    expectation_.warnings = LinesOf(seen, "WRN");
  }

 private:
  void Note(const verdict::Started& started) {
    if (started.ok) {
      expectation_.started = true;
      return;
    }
    expectation_.refusal = started.refusal;
    expectation_.exit_code = started.exit_code;
  }
  void Note(const verdict::Published& published) {
    const auto& publish = std::get<scenario::Publish>(step_.action);
    expectation_.published = published.acked == publish.payloads.size();
    if (!published.error.empty()) expectation_.answer = published.error;
  }
  void Note(const verdict::Read& read) {
    if (!read.error.empty()) return;
    const auto* own = std::get_if<scenario::Read>(&step_.action);
    expectation_.receives.emplace();
    std::vector<uint64_t> redelivered;
    for (const verdict::Delivery& delivery : read.deliveries) {
      if (delivery.redelivered) redelivered.push_back(delivery.sequence);
      if (delivery.redelivered && own == nullptr) continue;  // may come again, or not
      scenario::ExpectedDelivery expected{delivery.sequence,
                                          PatternOf(delivery.payload, published_), std::nullopt};
      if (own != nullptr && delivery.subject != own->channel && IsUtf8(delivery.subject))
        expected.subject = delivery.subject;
      expectation_.receives->push_back(std::move(expected));
    }
    if (!redelivered.empty() && own == nullptr) {
      expectation_.redelivered = redelivered;
      expectation_.receives.reset();
    }
  }
  void Note(const verdict::Answered& answered) {
    const auto& step = std::get<scenario::ClientStep>(step_.action);
    // The others have no answer that the language speaks of.
    const bool may_be_expected = std::holds_alternative<scenario::Connect>(step) ||
                                 std::holds_alternative<scenario::Disconnect>(step) ||
                                 std::holds_alternative<scenario::Subscribe>(step) ||
                                 std::holds_alternative<scenario::CloseSubscription>(step) ||
                                 std::holds_alternative<scenario::Unsubscribe>(step);
    if (may_be_expected) expectation_.answer = answered.error;
  }
  void Note(const verdict::Reply& reply) {
    if (reply.answered) expectation_.reply = reply.bytes;
  }
  void Note(const verdict::Disk& disk) {
    for (const verdict::DiskMessage& stored : disk.messages) {
      const bool is_first = std::ranges::none_of(expectation_.messages, [&](const auto& message) {
        return message.channel == stored.channel && message.sequence == stored.sequence;
      });
      if (is_first && IsUtf8(stored.channel)) expectation_.messages.push_back(MessageOf(stored));
    }
    expectation_.damage.emplace();
    for (const verdict::DiskDamage& damage : disk.damage)
      expectation_.damage->push_back(damage.kind);
    expectation_.nonces_unique = disk.nonce_reuse.empty();
    const auto& asked = std::get<scenario::Inspect>(step_.action).texts;
    for (const verdict::ScanHit& hit : disk.hits) {
      if (std::ranges::find(asked, hit.text) == asked.end() || !IsUtf8(hit.text)) continue;
      expectation_.texts[hit.text] = !hit.contents.empty() || !hit.names.empty();
    }
  }
  void Note(const verdict::Done&) {}
  template <typename Ending>
  void Note(const Ending&) {}

  const Step& step_;
  const std::vector<std::string>& published_;
  Expectation& expectation_;
};

bool operator==(const scenario::SealedPayload& a, const scenario::SealedPayload& b) {
  return a.cipher == b.cipher && a.size == b.size;
}
bool Same(const scenario::ExpectedDelivery& a, const scenario::ExpectedDelivery& b) {
  const bool same_payload = std::visit(
      [&](const auto& of_a) {
        const auto* of_b = std::get_if<std::decay_t<decltype(of_a)>>(&b.payload);
        return of_b != nullptr && of_a == *of_b;
      },
      a.payload);
  return a.sequence == b.sequence && same_payload && a.subject == b.subject;
}
bool Same(const std::vector<scenario::ExpectedDelivery>& a,
          const std::vector<scenario::ExpectedDelivery>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return Same(x, y); });
}

template <typename T>
void KeepSame(std::optional<T>& value, const std::optional<T>& other) {
  if (value != other) value.reset();
}

// Leaves in ONE what ANOTHER run showed too.
void KeepWhatIsTheSame(Expectation& one, const Expectation& another) {
  KeepSame(one.started, another.started);
  KeepSame(one.refusal, another.refusal);
  KeepSame(one.exit_code, another.exit_code);
  KeepSame(one.answer, another.answer);
  KeepSame(one.reply, another.reply);
  KeepSame(one.redelivered, another.redelivered);
  KeepSame(one.errors, another.errors);
  KeepSame(one.warnings, another.warnings);
  KeepSame(one.published, another.published);
  KeepSame(one.damage, another.damage);
  KeepSame(one.nonces_unique, another.nonces_unique);
  if (one.receives && (!another.receives || !Same(*one.receives, *another.receives)))
    one.receives.reset();
  std::erase_if(one.messages, [&](scenario::ExpectedDiskMessage& message) {
    const auto same = std::ranges::find_if(another.messages, [&](const auto& other) {
      return other.channel == message.channel && other.sequence == message.sequence;
    });
    if (same == another.messages.end()) return true;
    KeepSame(message.cipher, same->cipher);
    KeepSame(message.opened_by, same->opened_by);
    KeepSame(message.data_size, same->data_size);
    KeepSame(message.nonce_counter, same->nonce_counter);
    return false;
  });
  std::erase_if(one.texts, [&](const auto& text) {
    const auto same = another.texts.find(text.first);
    return same == another.texts.end() || same->second != text.second;
  });
}

bool IsWorthALine(const Action& action, const Expectation& e) {
  const bool has_outcome = e.started || e.refusal || e.answer || e.reply || e.redelivered ||
                           e.receives || e.published || !e.messages.empty() || e.damage ||
                           e.nonces_unique;
  const bool logged = (e.errors && !e.errors->empty()) || (e.warnings && !e.warnings->empty());
  // That nothing is logged is worth a line at a start only, where much could be.
  return has_outcome || logged || std::holds_alternative<scenario::Start>(action);
}

// The index of every step that was done, with what it showed.
using Shown = std::vector<std::pair<size_t, Expectation>>;

Result<Shown> Show(Scenario scenario, const driver::DriverFactory& make_driver, uint64_t seed,
                   const runner::Suite& suite, env::FileSystem& fixtures) {
  scenario.suite = verdict::Suite::kConformance;  // nobody judges, so that nobody is missed
  driver::DriverOptions made;
  made.seed = seed;
  auto target = make_driver(made);
  if (!target.ok()) return target.status();
  Recorder recorder;
  runner::ExecuteOptions options;
  options.oracles = runner::ExecuteOptions::Oracles::kNone;
  options.observer = &recorder;
  const auto done =
      runner::ExecuteWith(scenario, *target.value(), suite, fixtures, options).verdict;
  if (done.kind != verdict::Kind::kPass && done.kind != verdict::Kind::kRejectedAsExpected) {
    return Status(Code::kInvalid, std::string(verdict::NameOf(done.kind)) + ": " + done.message);
  }
  const auto published = PublishedIn(scenario);
  Shown shown;
  for (const auto& [index, observation] : recorder.seen()) {
    Expectation expectation;
    Writer(scenario.steps[index], published, expectation).Write(observation);
    shown.emplace_back(index, std::move(expectation));
  }
  return shown;
}

}  // namespace

Result<Scenario> Record(const Scenario& given, const driver::DriverFactory& make_driver,
                        const runner::Suite& suite, env::FileSystem& fixtures) {
  Scenario scenario = given;
  // What was expected would have refused starts end the scenario, or not.
  scenario.expectations.clear();
  auto shown = Show(scenario, make_driver, kSeeds[0], suite, fixtures);
  if (!shown.ok()) return shown.status();
  const auto again = Show(scenario, make_driver, kSeeds[1], suite, fixtures);
  if (!again.ok()) return again.status();
  if (again.value().size() != shown.value().size())
    return Status(Code::kInvalid, "the target did not do the same steps twice");

  const bool has_labels =
      std::ranges::any_of(given.steps, [](const Step& step) { return !step.label.empty(); });
  scenario.steps.clear();
  for (size_t i = 0; i < shown.value().size(); ++i) {
    auto& [index, expectation] = shown.value()[i];
    Step step = given.steps[index];
    KeepWhatIsTheSame(expectation, again.value()[i].second);
    const bool is_asked = !has_labels || !step.label.empty() || expectation.refusal;
    if (is_asked && IsWorthALine(step.action, expectation)) {
      if (step.label.empty()) step.label = "step-" + std::to_string(index + 1);
      expectation.step = step.label;
      expectation.requirement = given.requirements.front();
      scenario.expectations.push_back(std::move(expectation));
    }
    scenario.steps.push_back(std::move(step));
  }
  if (scenario.expectations.empty())
    return Status(Code::kInvalid, "there is nothing to expect in this scenario");
  return scenario;
}

}  // namespace atrest::capture
