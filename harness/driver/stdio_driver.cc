#include "harness/driver/stdio_driver.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "harness/driver/stdio_messages.h"

namespace atrest::driver {
namespace {

using verdict::Observation;
using verdict::Outcome;
using Json = StdioAdapter::Json;

// Of the lines of its standard error, which are no log of the target's.
constexpr char kStderrLevel[] = "stderr";

}  // namespace

StdioDriver::StdioDriver(std::string command, const DriverOptions& options, std::string scratch)
    : command_(std::move(command)),
      options_(options),
      scratch_(std::move(scratch)),
      store_(options.directory.empty() ? scratch_ + "/store" : options.directory) {}

Result<std::unique_ptr<Driver>> StdioDriver::Make(const std::string& command,
                                                  const DriverOptions& options) {
  const char* temporary = std::getenv("TMPDIR");
  std::string scratch = std::string(temporary == nullptr ? "/tmp" : temporary) + "/atrest-XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr)
    return Status(Code::kIo, "cannot make a directory " + scratch);
  std::unique_ptr<StdioDriver> driver(new StdioDriver(command, options, scratch));
  auto trouble = driver->Launch();
  if (!trouble.ok()) return trouble.status();
  driver->trouble_ = std::move(trouble).value();
  if (driver->trouble_) driver->info_ = {"stdio", "unknown", {}, false};
  return std::unique_ptr<Driver>(std::move(driver));
}

StdioDriver::~StdioDriver() {
  adapter_.reset();
  (void)files_.RemoveAll(scratch_);
}

Result<std::optional<Observation>> StdioDriver::Launch() {
  adapter_.reset();
  auto adapter = StdioAdapter::Launch(
      command_, StdioAdapter::Duration(options_.answer_ms * options_.patience), store_);
  if (!adapter.ok()) return adapter.status();
  adapter_ = std::move(adapter).value();
  const Observation seen = Asked(HelloRequest(), false, [this](const Json& answer) -> Outcome {
    info_ = HelloAnswer(answer);
    const Status traceable = SyscallTracer::Availability();
    if (!traceable.ok() && std::erase(info_.capabilities, "interrupt") > 0)
      info_.lacks["interrupt"] = traceable.message();
    return verdict::Done{};
  });
  if (std::holds_alternative<verdict::Done>(seen.outcome)) return std::optional<Observation>();
  return std::optional(seen);
}

template <typename Take>
Observation StdioDriver::Asked(const Json& request, bool may_lack, Take take,
                               StdioAdapter::Duration more) {
  const auto answered = adapter_->Ask(request, more);
  if (const auto* trouble = std::get_if<driver::Trouble>(&answered)) return Seen(*trouble);
  const Json& answer = std::get<Json>(answered);
  const std::string what = request.value("do", "");
  try {
    Observation seen;
    seen.log = LogOf(answer);
    const std::string lacking = UnimplementedOf(answer);
    if (!lacking.empty() && !may_lack)
      throw BadAnswer{
          "the adapter must do this, by the capabilities that it declares, but it "
          "answered unimplemented: " +
          lacking};
    seen.outcome = lacking.empty() ? Outcome(take(answer)) : verdict::Unimplemented{lacking};
    return seen;
  } catch (const BadAnswer& bad) {
    return Seen(adapter_->Violate("in answer to \"" + what + "\": " + bad.why));
  }
}

Observation StdioDriver::Seen(const driver::Trouble& trouble) {
  Observation seen;
  seen.outcome = trouble.outcome;
  for (const std::string& line : adapter_->LastWords()) seen.log.push_back({kStderrLevel, line});
  return seen;
}

Observation StdioDriver::Unless(Observation seen, Outcome lost) const {
  if (adapter_->WasInterrupted()) seen.outcome = std::move(lost);
  return seen;
}

void StdioDriver::EndInterrupt() {
  if (is_interrupted_) adapter_->EndInterrupt();
  is_interrupted_ = false;
}

Result<Observation> StdioDriver::Start(const scenario::Settings& settings,
                                       const std::map<std::string, std::string>& keys) {
  auto seen = Unless(Asked(StartRequest(settings, keys, store_, options_.seed), true, StartAnswer),
                     verdict::Started{true, ""});
  const auto* started = std::get_if<verdict::Started>(&seen.outcome);
  if (started != nullptr && !started->ok) EndInterrupt();
  return seen;
}

Result<Observation> StdioDriver::Publish(const scenario::Publish& publish) {
  if (!is_interrupted_) {
    return Asked(PublishRequest(publish), false, [&](const Json& answer) {
      return PublishAnswer(answer, publish.payloads.size());
    });
  }
  Observation all{verdict::Published{}, {}};
  auto& published = std::get<verdict::Published>(all.outcome);
  for (const std::string& payload : publish.payloads) {
    scenario::Publish one = publish;
    one.payloads = {payload};
    Observation seen = Unless(Asked(PublishRequest(one), false,
                                    [](const Json& answer) { return PublishAnswer(answer, 1); }),
                              verdict::Published{0, kInterrupted});
    std::ranges::move(seen.log, std::back_inserter(all.log));
    const auto* result = std::get_if<verdict::Published>(&seen.outcome);
    if (result == nullptr) return Observation{std::move(seen.outcome), std::move(all.log)};
    published.acked += result->acked;
    published.error = result->error;
    if (result->acked == 0) break;
  }
  return all;
}

Result<Observation> StdioDriver::Read(const scenario::Read& read) {
  return Unless(Asked(ReadRequest(read), false, ReadAnswer), verdict::Read{{}, kInterrupted});
}

Result<Observation> StdioDriver::Stop() {
  const auto seen = Unless(Asked(StopRequest(), false, DoneAnswer), verdict::Done{});
  EndInterrupt();
  return seen;
}

Result<Observation> StdioDriver::Kill() {
  adapter_->Kill();
  is_interrupted_ = false;
  const auto trouble = Launch();
  if (!trouble.ok()) return trouble.status();
  return trouble.value().value_or(Observation{});
}

Result<Observation> StdioDriver::Wait(const scenario::Wait& wait) {
  return Unless(Asked(WaitRequest(wait), true, DoneAnswer, StdioAdapter::Duration(wait.ms)),
                verdict::Done{});
}

Result<Observation> StdioDriver::Interrupt(const scenario::Interrupt& interrupt) {
  ATREST_TRY(adapter_->Interrupt(interrupt));
  is_interrupted_ = true;
  return Observation{};
}

Result<Observation> StdioDriver::Act(const scenario::ClientStep& step) {
  return Unless(Asked(ClientRequest(step), false,
                      [&](const Json& answer) { return ClientAnswer(step, answer); }),
                OutcomeOfNobody(step));
}

}  // namespace atrest::driver
