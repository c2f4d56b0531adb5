#include <algorithm>
#include <iostream>
#include <memory>

#include "harness/cli/command.h"
#include "harness/cli/run_reporters.h"
#include "harness/driver/stdio_adapter.h"
#include "harness/driver/stdio_messages.h"
#include "harness/report/printable.h"
#include "harness/runner/disk.h"
#include "harness/runner/trace.h"

namespace atrest::cli {
namespace {

using driver::Driver;
using verdict::ExitCode;
using verdict::Observation;

// Enough for what is asked here, and little enough to be told soon.
constexpr int64_t kAnswerMs = 2'000;
constexpr char kStdio[] = "stdio:";
constexpr char kRight[] = "right";
constexpr char kWrong[] = "wrong";
constexpr char kSecret[] = "a secret that no file may hold";

struct SmokeArguments {
  TargetArguments target;
  std::string root;
};

// What is wrong: what was expected, what came, what to change.
struct Wrong {
  std::string expected;
  std::string came;
  std::string change;
};
// After which nothing else can be asked.
struct Over {};

std::string EveryByte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

bool IsEnding(const verdict::Outcome& outcome) {
  return std::holds_alternative<verdict::Crashed>(outcome) ||
         std::holds_alternative<verdict::TimedOut>(outcome) ||
         std::holds_alternative<verdict::Violated>(outcome) ||
         std::holds_alternative<verdict::Undecided>(outcome);
}

// Prints a line for each obligation, and remembers whether all are kept.
class Checks {
 public:
  // WHAT holds if TRY returns; it throws Wrong if it does not.
  template <typename Try>
  void That(const std::string& what, Try try_it) {
    try {
      try_it();
      std::cout << "ok     " << what << '\n';
    } catch (const Wrong& wrong) {
      all_ok_ = false;
      std::cout << "wrong  " << what << '\n'
                << "         expected: " << report::Printable(wrong.expected) << '\n'
                << "         came:     " << report::Printable(wrong.came) << '\n'
                << "         change:   " << report::Printable(wrong.change) << '\n';
      if (is_over_) throw Over();
    }
  }
  void Left(const std::string& what, const std::string& why) {
    std::cout << "-      " << what << " (" << why << ")\n";
  }
  // What a step showed, unless nothing can be asked afterwards.
  Observation Seen(const Result<Observation>& seen) {
    if (!seen.ok()) {
      is_over_ = true;
      throw Wrong{"that the harness can act", seen.status().message(),
                  "the machine or the options"};
    }
    if (!IsEnding(seen.value().outcome)) return seen.value();
    std::string came = runner::Summarise(seen.value());
    for (const verdict::LogLine& line : seen.value().log) came += "; " + line.text;
    Fail({"an answer", came, "what ends or holds up the target, or breaks the protocol"});
  }
  // As Wrong, and nothing can be asked afterwards.
  [[noreturn]] void Fail(const Wrong& wrong) {
    is_over_ = true;
    throw wrong;
  }
  bool all_ok() const { return all_ok_; }

 private:
  bool all_ok_ = true;
  bool is_over_ = false;
};

class Smoke {
 public:
  Smoke(Driver& driver, Checks& checks) : driver_(driver), checks_(checks), info_(driver.Info()) {}

  void All() {
    Hello();
    settings_.store = Can("file") ? "file" : "memory";
    Messages();
    if (Can("file")) Restart();
    Kill();
    Refusal();
    Sealed();
    Clients();
  }

 private:
  using Deliveries = std::vector<verdict::Delivery>;

  bool Can(const std::string& capability) const {
    return std::ranges::find(info_.capabilities, capability) != info_.capabilities.end();
  }

  void Hello() {
    checks_.That("it is there, and says who it is and what it can do", [&] {
      if (const auto trouble = driver_.Trouble()) checks_.Seen(*trouble);
      static const std::vector<std::string> known = {
          "file", "memory",  "kill",  "format:stan-file-1", "client",
          "raw",  "program", "clock", "interrupt",          "explicit_empty"};
      for (const std::string& capability : info_.capabilities) {
        if (std::ranges::find(known, capability) == known.end())
          throw Wrong{"capabilities that scenarios can need", "\"" + capability + "\"",
                      "its spelling; harness/driver/PROTOCOL.md lists them"};
      }
      if (!Can("file") && !Can("memory"))
        throw Wrong{"the capability \"file\" or \"memory\"", "neither", "declare one"};
    });
    std::cout << "         " << info_.name << ' ' << info_.version << ", can:";
    for (const std::string& capability : info_.capabilities) std::cout << ' ' << capability;
    std::cout << '\n';
  }

  void Start(const scenario::Settings& settings) {
    if (is_started_) Stop();
    const auto seen = checks_.Seen(driver_.Start(settings, keys_));
    const auto* started = std::get_if<verdict::Started>(&seen.outcome);
    if (started == nullptr || !started->ok)
      checks_.Fail(
          {"a start", runner::Summarise(seen), "start with these settings, or declare less"});
    is_started_ = true;
  }
  void Stop() {
    is_started_ = false;
    const auto seen = checks_.Seen(driver_.Stop());
    if (!std::holds_alternative<verdict::Done>(seen.outcome))
      throw Wrong{"that it stops", runner::Summarise(seen), "close the store, without an error"};
  }
  void Publish(const std::string& channel, const std::vector<std::string>& payloads) {
    const auto seen = checks_.Seen(driver_.Publish({channel, payloads}));
    const auto* published = std::get_if<verdict::Published>(&seen.outcome);
    if (published == nullptr || published->acked != payloads.size())
      throw Wrong{std::to_string(payloads.size()) + " acked", runner::Summarise(seen),
                  "store each payload and count it in \"acked\""};
  }
  void ExpectRead(const scenario::Read& read, const Deliveries& expected) {
    const auto seen = checks_.Seen(driver_.Read(read));
    const auto* got = std::get_if<verdict::Read>(&seen.outcome);
    const auto same = [](const verdict::Delivery& a, const verdict::Delivery& b) {
      return a.sequence == b.sequence && a.payload == b.payload && a.subject == b.subject;
    };
    if (got != nullptr && std::ranges::equal(got->deliveries, expected, same)) return;
    const std::string came = runner::Summarise(seen);
    const std::string wanted = runner::Summarise({verdict::Read{expected, ""}, {}});
    throw Wrong{wanted, came == wanted ? came + ", with other subjects" : came,
                "sequences count from 1 in each channel; payloads are any bytes; the subject is "
                "the channel"};
  }

  void Messages() {
    using From = scenario::Read::From;
    checks_.That("starts on an empty directory, store \"" + settings_.store + "\"",
                 [&] { Start(settings_); });
    checks_.That("acks a text, an empty payload and one of every byte",
                 [&] { Publish("smoke", payloads_); });
    stored_ = {{1, payloads_[0], "smoke"}, {2, "", "smoke"}, {3, payloads_[2], "smoke"}};
    checks_.That("delivers them from the first", [&] { ExpectRead({"smoke"}, stored_); });
    checks_.That("delivers from a sequence, and no more than asked for", [&] {
      ExpectRead({"smoke", From::kSequence, 2, 1}, {stored_[1]});
    });
    checks_.That("delivers from the last", [&] {
      ExpectRead({"smoke", From::kLast}, {stored_[2]});
    });
    checks_.That("delivers nothing old to a new subscription", [&] {
      ExpectRead({"smoke", From::kNew}, {});
    });
    checks_.That("lets time pass", [&] { checks_.Seen(driver_.Wait({1})); });
    checks_.That("stops", [&] { Stop(); });
  }

  void Restart() {
    checks_.That("delivers the same after a stop and a start", [&] {
      Start(settings_);
      ExpectRead({"smoke"}, stored_);
    });
    checks_.That("goes on with the next sequence", [&] {
      Publish("smoke", {"four"});
      stored_.push_back({4, "four", "smoke"});
      ExpectRead({"smoke"}, stored_);
    });
    checks_.That("stops again", [&] { Stop(); });
    Disk("has its messages in files of the format", "smoke", stored_.size());
  }

  verdict::Disk Look(const std::vector<std::string>& texts) {
    auto disk = runner::LookAtDisk(driver_.files(), driver_.directory(), {kRight, kWrong}, keys_,
                                   texts, driver_.barrier_channel());
    if (disk.ok()) return std::move(disk).value();
    throw Wrong{"a store that can be read", disk.status().message(), "what is in the directory"};
  }

  void Disk(const std::string& what, const std::string& channel, size_t count) {
    if (!Can("format:stan-file-1")) return checks_.Left(what, "no format:stan-file-1");
    checks_.That(what, [&] {
      const auto disk = Look({});
      const auto found = std::ranges::count(disk.messages, channel, &verdict::DiskMessage::channel);
      if (!disk.damage.empty())
        throw Wrong{"no damage", disk.damage[0].file + ": " + disk.damage[0].why,
                    "what is written; `atrest inspect` shows it"};
      if (static_cast<size_t>(found) != count)
        throw Wrong{std::to_string(count) + " messages of channel " + channel,
                    std::to_string(found), "flush before you ack and before you stop"};
    });
  }

  void Kill() {
    if (!Can("kill") || !Can("file")) return checks_.Left("survives a kill", "no kill");
    checks_.That("has what was acked after a kill", [&] {
      Start(settings_);
      Publish("killed", {"before the kill"});
      checks_.Seen(driver_.Kill());
      is_started_ = false;
      Start(settings_);
      ExpectRead({"killed"}, {{1, "before the kill", "killed"}});
      Stop();
    });
  }

  void Refusal() {
    checks_.That("refuses encryption without a key, and goes on", [&] {
      scenario::Settings settings = settings_;
      settings.encrypt = true;
      if (is_started_) Stop();
      const auto seen = checks_.Seen(driver_.Start(settings, keys_));
      const auto* started = std::get_if<verdict::Started>(&seen.outcome);
      if (started == nullptr || started->ok || started->refusal.empty())
        checks_.Fail({"a refusal with its reason", runner::Summarise(seen),
                      "answer \"error\"; the process stays"});
    });
  }

  void Sealed() {
    scenario::Settings settings = settings_;
    settings.encrypt = true;
    settings.key_variable = kRight;
    checks_.That("stores and delivers with encryption on", [&] {
      Start(settings);
      Publish("sealed", {kSecret});
      ExpectRead({"sealed"}, {{1, kSecret, "sealed"}});
      Stop();
    });
    if (!Can("file")) return;
    Secret();
    checks_.That("delivers nothing under another key, and goes on", [&] {
      settings.key_variable = kWrong;
      Start(settings);
      ExpectRead({"sealed"}, {});
      Stop();
    });
  }

  void Secret() {
    checks_.That("leaves no sealed payload in the clear", [&] {
      for (const verdict::ScanHit& hit : Look({kSecret}).hits) {
        if (!hit.contents.empty())
          throw Wrong{"no file with the payload", hit.contents[0], "seal it before it is written"};
      }
    });
    if (!Can("format:stan-file-1")) return;
    checks_.That("seals with the key that was given", [&] {
      for (const verdict::DiskMessage& message : Look({}).messages) {
        const bool opens = message.opened_by == std::vector<std::string>{kRight};
        if (message.channel == "sealed" && !opens)
          throw Wrong{"a message that this key opens, and no other", "it does not",
                      "the key of the channel (reference/crypto/FORMAT.md has its derivation)"};
      }
    });
  }

  void ExpectAccepted(const scenario::ClientStep& step) {
    const auto seen = checks_.Seen(driver_.Act(step));
    const auto* answered = std::get_if<verdict::Answered>(&seen.outcome);
    if (answered == nullptr || !answered->error.empty())
      throw Wrong{"that it is accepted: " + scenario::Describe(step), runner::Summarise(seen),
                  "do it, or do not declare \"client\""};
  }

  void Clients() {
    if (!Can("client")) return checks_.Left("has clients that stay connected", "no client");
    checks_.That("has clients that stay connected", [&] {
      Start(settings_);
      ExpectAccepted(scenario::Connect{"c"});
      scenario::Subscribe subscribe;
      subscribe.client = "c";
      subscribe.name = "s";
      subscribe.channel = "live";
      ExpectAccepted(subscribe);
      Publish("live", {"to the client"});
      const auto seen = checks_.Seen(driver_.Act(scenario::Receive{"s"}));
      const auto* read = std::get_if<verdict::Read>(&seen.outcome);
      if (read == nullptr || read->deliveries.size() != 1)
        throw Wrong{"one message", runner::Summarise(seen), "deliver to open subscriptions"};
      ExpectAccepted(scenario::CloseSubscription{"s"});
      ExpectAccepted(scenario::Disconnect{"c"});
      Stop();
    });
  }

  Driver& driver_;
  Checks& checks_;
  const driver::TargetInfo info_;
  const std::map<std::string, std::string> keys_ = {{kRight, "the right key"},
                                                    {kWrong, "another key"}};
  const std::vector<std::string> payloads_ = {"a text", "", EveryByte()};
  scenario::Settings settings_;
  Deliveries stored_;
  bool is_started_ = false;
};

// What scenarios do not ask an adapter.
void SmokeProtocol(const std::string& command, int64_t answer_ms, Checks& checks) {
  using driver::StdioAdapter;
  auto adapter = StdioAdapter::Launch(command, StdioAdapter::Duration(answer_ms));
  if (!adapter.ok()) return;
  const auto ask = [&](const StdioAdapter::Json& request) {
    const auto answer = adapter.value()->Ask(request);
    if (const auto* trouble = std::get_if<driver::Trouble>(&answer))
      checks.Seen(Observation{trouble->outcome, {}});
    return std::get<StdioAdapter::Json>(answer);
  };
  checks.That("answers what it does not know with \"unimplemented\"", [&] {
    ask(driver::HelloRequest());
    const auto answer = ask({{"do", "no-such-request"}});
    if (driver::UnimplementedOf(answer).empty())
      throw Wrong{"\"unimplemented\" with a reason", answer.dump(),
                  "the branch for unknown requests"};
  });
  checks.That("ends when its standard input does", [&] {
    if (!adapter.value()->EndsWithItsInput(StdioAdapter::Duration(answer_ms)))
      throw Wrong{"that the process ends", "it runs on", "leave the loop at the end of the input"};
  });
}

ExitCode SmokeTarget(const SmokeArguments& arguments) {
  const std::string& target = arguments.target.name;
  const auto driver = FactoryFor(arguments.target, FindRoot(arguments.root))({});
  if (!driver.ok()) throw CommandError{ExitCode::kUsage, driver.status().message()};
  Checks checks;
  try {
    Smoke(*driver.value(), checks).All();
    if (target.starts_with(kStdio))
      SmokeProtocol(target.substr(sizeof kStdio - 1), arguments.target.answer_ms, checks);
  } catch (const Over&) {
    std::cout << "       nothing else can be asked\n";
  }
  std::cout << (checks.all_ok() ? "all is well: `atrest run` is next\n" : "something is wrong\n");
  return checks.all_ok() ? ExitCode::kAsExpected : ExitCode::kConformanceFailed;
}

}  // namespace

void AddSmokeCommand(CLI::App& app, RunVerb& chosen) {
  CLI::App* verb = app.add_subcommand(
      "smoke", "Tell the author of an adapter or a target file what is wrong with it");
  auto arguments = std::make_shared<SmokeArguments>();
  arguments->target.answer_ms = kAnswerMs;
  AddTargetOptions(*verb, arguments->target);
  verb->add_option("--root", arguments->root, "Directory with scenarios/ and fixtures/");
  verb->callback(
      [arguments, &chosen] { chosen = [arguments] { return SmokeTarget(*arguments); }; });
}

}  // namespace atrest::cli
