#include "harness/runner/disk_follower.h"

#include <algorithm>
#include <utility>

namespace atrest::runner {
namespace {

// Records from one on which all keys are tried to the next: they are most of what a record costs.
constexpr uint64_t kEveryKeyEach = 16;

// Bytes that the scenario itself makes up may publish anything.
bool PublishesUnseen(const scenario::Scenario& scenario) {
  return std::ranges::any_of(scenario.steps, [](const scenario::Step& step) {
    const auto* client = std::get_if<scenario::ClientStep>(&step.action);
    return client != nullptr && (std::holds_alternative<scenario::Request>(*client) ||
                                 std::holds_alternative<scenario::Raw>(*client));
  });
}

// Options that say what the documentation's options say, in a form that is not read here.
bool IsConfiguredElsewhere(const scenario::Settings& settings) {
  return settings.config || std::ranges::any_of(settings.arguments, [](const std::string& text) {
           return text.find("encrypt") != std::string::npos;
         });
}

uint32_t PolynomialOf(const scenario::Scenario& scenario) {
  for (const scenario::Step& step : scenario.steps) {
    const auto* start = std::get_if<scenario::Start>(&step.action);
    if (start != nullptr) {
      return start->settings.crc_polynomial.value_or(disktruth::Checksum::kIeee);
    }
  }
  return disktruth::Checksum::kIeee;
}

}  // namespace

bool DiskFollower::HasOtherChecksums(const scenario::Action& action) const {
  const auto* start = std::get_if<scenario::Start>(&action);
  return start != nullptr && start->settings.crc_polynomial.value_or(disktruth::Checksum::kIeee) !=
                                 PolynomialOf(scenario_);
}

DiskFollower::DiskFollower(const scenario::Scenario& scenario, driver::Driver& driver)
    : scenario_(scenario) {
  const auto has = driver.Info().capabilities;
  if (std::ranges::find(has, "format:stan-file-1") == has.end()) return;
  if (PublishesUnseen(scenario)) return;
  disktruth::DiskTruth::Settings settings;
  settings.keys = scenario.keys;
  settings.crc_polynomial = PolynomialOf(scenario);
  settings.every_key_each = kEveryKeyEach;
  truth_ = std::make_unique<disktruth::DiskTruth>(std::move(settings));
  tree_ = std::make_unique<DiskTree>(driver);
}

// By the documentation, as the model has it (D-02 to D-08); what it leaves open is not judged.
disktruth::Mode DiskFollower::ModeOf(const scenario::Settings& settings) const {
  disktruth::Mode mode;
  mode.in_memory = settings.store == "memory";
  mode.limits = settings.max_messages || settings.max_bytes || settings.max_age_ms ||
                settings.max_inactivity_ms || !settings.channels.empty() ||
                !settings.arguments.empty();
  mode.encrypt = settings.encrypt.value_or(false);
  const auto& name = settings.key_variable ? settings.key_variable : settings.key_option;
  if (mode.encrypt && name) mode.key = scenario_.keys.at(*name);
  mode.cipher_chosen = settings.cipher.has_value();
  mode.cipher = settings.cipher.value_or("");
  const bool is_named = mode.cipher.empty() || mode.cipher == "AES" || mode.cipher == "CHACHA";
  const bool is_described = mode.encrypt ? !mode.key.empty() && is_named : !settings.key_option;
  mode.is_judged = is_described && !IsConfiguredElsewhere(settings);
  return mode;
}

Result<std::vector<oracle::Finding>> DiskFollower::Observe(const scenario::Step& step,
                                                           const verdict::Observation& seen) {
  std::vector<oracle::Finding> findings;
  if (truth_ && HasOtherChecksums(step.action)) truth_.reset();
  if (!truth_) return findings;
  const bool is_ours = std::holds_alternative<scenario::UseGolden>(step.action) ||
                       std::holds_alternative<scenario::Tamper>(step.action);
  tree_->AddLog(seen.log);
  if (is_ours) {
    ATREST_TRY(truth_->Adopt(*tree_));
    return findings;
  }
  Follow(step.action, seen);
  const auto target = is_running_ ? disktruth::Target::kRunning : disktruth::Target::kStopped;
  const auto found = truth_->Look(*tree_, step.label, target);
  if (!found.ok()) return found.status();
  for (const disktruth::Finding& finding : found.value()) {
    findings.push_back({"disk", finding.requirement, finding.level, disktruth::Describe(finding)});
  }
  return findings;
}

void DiskFollower::Follow(const scenario::Action& action, const verdict::Observation& seen) {
  if (std::holds_alternative<verdict::Crashed>(seen.outcome)) {
    truth_->Kill();
    is_running_ = false;
    return;
  }
  if (const auto* start = std::get_if<scenario::Start>(&action)) {
    const auto* started = std::get_if<verdict::Started>(&seen.outcome);
    is_running_ = started != nullptr && started->ok;
    // One that refuses may have applied its limits before.
    truth_->Start(ModeOf(start->settings));
  } else if (const auto* publish = std::get_if<scenario::Publish>(&action)) {
    const auto* published = std::get_if<verdict::Published>(&seen.outcome);
    if (published == nullptr) return;
    // The first that is not acked is the last that was sent.
    const size_t sent = std::min<size_t>(publish->payloads.size(), published->acked + 1);
    for (size_t number = 0; number < sent; ++number) {
      truth_->Publish(publish->channel, publish->payloads[number], number < published->acked);
    }
  } else if (const auto* read = std::get_if<scenario::Read>(&action)) {
    FollowDeliveries(read->channel, seen);
  } else if (const auto* client = std::get_if<scenario::ClientStep>(&action)) {
    if (const auto* subscribe = std::get_if<scenario::Subscribe>(client)) {
      channels_[subscribe->name] = subscribe->channel;
    } else if (const auto* receive = std::get_if<scenario::Receive>(client)) {
      FollowDeliveries(channels_[receive->subscription], seen);
    }
  } else if (std::holds_alternative<scenario::Interrupt>(action)) {
    truth_->Kill();  // from now on it may leave anything unfinished
  } else if (std::holds_alternative<scenario::Kill>(action)) {
    truth_->Kill();
    is_running_ = false;
  } else if (std::holds_alternative<scenario::Stop>(action)) {
    is_running_ = false;
  }
}

void DiskFollower::FollowDeliveries(const std::string& channel, const verdict::Observation& seen) {
  const auto* deliveries = std::get_if<verdict::Read>(&seen.outcome);
  if (deliveries == nullptr) return;
  for (const verdict::Delivery& delivery : deliveries->deliveries) {
    truth_->Deliver(channel, delivery.sequence, delivery.payload);
  }
}

}  // namespace atrest::runner
