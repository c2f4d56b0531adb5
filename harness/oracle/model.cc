#include "harness/oracle/model.h"

#include <algorithm>

namespace atrest::oracle {
namespace {

using verdict::Level;

// D-07 by the documentation: CHACHA on ARM, otherwise AES. On platforms that are neither ARM nor
// x86, page and server disagree, so that either is accepted there.
std::string DefaultCipher() {
#if defined(__arm__) || defined(__aarch64__)
  return "CHACHA";
#elif defined(__x86_64__) || defined(__i386__)
  return "AES";
#else
  return "";
#endif
}

// Longer names are refused by file systems, not by servers.
constexpr size_t kChannelNameMax = 200;

// Options that say what the documentation's options say, in a form that is not read here.
bool IsConfiguredElsewhere(const scenario::Settings& settings) {
  return settings.config || std::ranges::any_of(settings.arguments, [](const std::string& text) {
           return text.find("encrypt") != std::string::npos;
         });
}

}  // namespace

void Model::Adopt(const std::vector<scenario::KnownMessage>& messages) {
  for (const scenario::KnownMessage& known : messages) {
    Entry entry;
    entry.payload = known.payload;
    entry.certain = known.certain;
    if (known.key) {
      entry.storage = Entry::Storage::kSealed;
      entry.key = *known.key;
      entry.cipher = known.cipher;
      entry.cipher_chosen = !known.cipher.empty();
    }
    on_disk_[known.channel][known.sequence] = entry;
  }
}

std::vector<Finding> Model::Observe(const scenario::Action& action,
                                    const verdict::Observation& seen) {
  Findings findings;
  if (const auto* start = std::get_if<scenario::Start>(&action)) {
    Follow(*start, std::get<verdict::Started>(seen.outcome), findings);
  } else if (const auto* publish = std::get_if<scenario::Publish>(&action)) {
    Follow(*publish, std::get<verdict::Published>(seen.outcome), findings);
  } else if (const auto* read = std::get_if<scenario::Read>(&action)) {
    JudgeRead(*read, std::get<verdict::Read>(seen.outcome), findings);
  } else if (const auto* step = std::get_if<scenario::ClientStep>(&action)) {
    Follow(*step, seen, findings);
  } else if (const auto* inspect = std::get_if<scenario::Inspect>(&action)) {
    JudgeDisk(*inspect, std::get<verdict::Disk>(seen.outcome), findings);
  } else if (std::holds_alternative<scenario::Tamper>(action)) {
    tampered_ = true;
  } else if (std::holds_alternative<scenario::Interrupt>(action)) {
    is_interrupted_ = true;
    was_interrupted_ = true;
  } else if (std::holds_alternative<scenario::Stop>(action) ||
             std::holds_alternative<scenario::Kill>(action)) {
    End();
  }
  return findings;
}

Model::Mode Model::ModeOf(const scenario::Settings& settings) const {
  Mode mode;
  // D-02, D-04, D-05: `encrypt` switches encryption on; with it on, the variable goes before the
  // option. A key without `encrypt`, an empty key and no key at all are not described.
  const auto bytes_of = [&](const std::optional<std::string>& name) {
    return name ? keys_.at(*name) : "";
  };
  if (IsConfiguredElsewhere(settings)) {
    mode.encryption = Mode::Encryption::kUnspecified;
    return mode;
  }
  if (!settings.encrypt.value_or(false)) {
    if (settings.key_option) mode.encryption = Mode::Encryption::kUnspecified;
    return mode;
  }
  mode.key = bytes_of(settings.key_variable ? settings.key_variable : settings.key_option);
  mode.cipher = settings.cipher.value_or("");
  mode.cipher_chosen = !mode.cipher.empty();
  // D-06 names two, in capitals.
  const bool described =
      !mode.key.empty() && (mode.cipher.empty() || mode.cipher == "AES" || mode.cipher == "CHACHA");
  mode.encryption = described ? Mode::Encryption::kOn : Mode::Encryption::kUnspecified;
  if (mode.cipher.empty()) mode.cipher = DefaultCipher();
  return mode;
}

Entry Model::EntryFor(const std::string& payload) const {
  Entry entry;
  entry.payload = payload;
  entry.key = mode_.key;
  entry.cipher = mode_.cipher;
  entry.cipher_chosen = mode_.cipher_chosen;
  switch (mode_.encryption) {
    case Mode::Encryption::kOff:
      entry.storage = Entry::Storage::kPlain;
      break;
    case Mode::Encryption::kOn:
      entry.storage = Entry::Storage::kSealed;
      break;
    case Mode::Encryption::kUnspecified:
      entry.storage = Entry::Storage::kUnspecified;
      break;
  }
  return entry;
}

Model::Duty Model::DutyFor(const Entry& entry) const {
  if (tampered_ || mode_.encryption == Mode::Encryption::kUnspecified) return Duty::kUnspecified;
  if (entry.storage == Entry::Storage::kUnspecified) return Duty::kUnspecified;
  const bool sealed = entry.storage == Entry::Storage::kSealed;
  if (mode_.encryption == Mode::Encryption::kOff) {
    // What a server without encryption does with sealed payloads is not described.
    return sealed ? Duty::kUnspecified : Duty::kMustDeliver;
  }
  if (!sealed) return Duty::kMayDeliver;  // D-11
  if (entry.key == mode_.key) return Duty::kMustDeliver;
  // D-14. Whether there is anything to decrypt in an empty payload is not described.
  return entry.payload.empty() ? Duty::kMayDeliver : Duty::kMustNotDeliver;
}

// D-11 and D-14 let a server fail on data it cannot decrypt, "not necessarily at startup": to
// refuse to start, to subscribe or to publish is one way.
bool Model::SomethingCannotBeRead() const {
  if (tampered_ || mode_.encryption == Mode::Encryption::kUnspecified) return true;
  for (const auto& [channel, messages] : *history_) {
    for (const auto& [sequence, entry] : messages) {
      if (DutyFor(entry) != Duty::kMustDeliver) return true;
    }
  }
  for (const auto& [channel, doubt] : doubts_) {
    for (const Entry& entry : doubt.sent) {
      if (history_ == &on_disk_ && DutyFor(entry) != Duty::kMustDeliver) return true;
    }
  }
  return false;
}

bool Model::IsJudged(const std::string& channel) const {
  return !tampered_ && channel.size() <= kChannelNameMax && !unclear_.contains(channel);
}

void Model::Limit(const std::string& channel, Messages& messages) {
  uint64_t keep = messages.size();
  const auto doubt = history_ == &on_disk_ ? doubts_.find(channel) : doubts_.end();
  const uint64_t behind = doubt == doubts_.end() ? 0 : doubt->second.sent.size();
  if (max_messages_.value_or(0) > 0)
    keep = std::min<uint64_t>(keep, *max_messages_ - std::min(behind, *max_messages_));
  if (other_limits_) keep = 0;
  const bool may_remove = other_limits_ || max_messages_.value_or(0) > 0;
  for (uint64_t i = 0; may_remove && i < behind; ++i) doubt->second.sent[i].certain = false;
  auto entry = messages.begin();
  for (uint64_t removed = messages.size() - keep; removed > 0; --removed, ++entry) {
    entry->second.certain = false;
  }
}

void Model::End() {
  is_interrupted_ = false;
  in_memory_.clear();
  subscribed_to_.clear();
}

void Model::Follow(const scenario::Start& start, const verdict::Started& started,
                   Findings& findings) {
  mode_ = ModeOf(start.settings);
  history_ = start.settings.store == "memory" ? &in_memory_ : &on_disk_;
  max_messages_ = start.settings.max_messages;
  other_limits_ = start.settings.max_bytes || start.settings.max_age_ms ||
                  start.settings.max_inactivity_ms || !start.settings.channels.empty();
  may_refuse_ = start.settings.max_channels || start.settings.max_subscriptions ||
                !start.settings.channels.empty() || !start.settings.arguments.empty() ||
                start.settings.truncate_bad_eof.value_or(false);
  for (auto& [channel, messages] : *history_) Limit(channel, messages);
  const bool may_refuse =
      !FollowMaking(start.settings) || may_refuse_ || is_interrupted_ || SomethingCannotBeRead();
  if (!started.ok) is_interrupted_ = false;
  if (started.ok || may_refuse) return;
  const std::string message = "the server must start, but refused: " + started.refusal;
  // The documentation does not speak of what a kill or a full disk leaves.
  if (was_interrupted_) {
    findings.push_back({"model", "H-starts-again", Level::kShould, message});
  } else {
    findings.push_back({"model", "", Level::kMust, message});
  }
}

// What a server of another cluster id, or with another polynomial, does with a store that is there
// is not described. Whether the store is one for these settings.
bool Model::FollowMaking(const scenario::Settings& settings) {
  if (settings.store == "memory") return true;
  const Making making{settings.cluster_id.value_or(""), settings.crc_polynomial.value_or(0)};
  if (!making_) making_ = making;
  if (making_->crc_polynomial != making.crc_polynomial) tampered_ = true;
  return making_->cluster_id == making.cluster_id && !tampered_;
}

// Where a subscription over several steps stands is not described; what it delivers is.
void Model::Follow(const scenario::ClientStep& step, const verdict::Observation& seen,
                   Findings& findings) {
  if (const auto* subscribe = std::get_if<scenario::Subscribe>(&step)) {
    subscribed_to_[subscribe->name] = subscribe->channel;
  } else if (const auto* receive = std::get_if<scenario::Receive>(&step)) {
    const auto channel = subscribed_to_.find(receive->subscription);
    if (channel == subscribed_to_.end() || !IsJudged(channel->second)) return;
    for (const verdict::Delivery& delivery : std::get<verdict::Read>(seen.outcome).deliveries)
      JudgeDelivery(channel->second, delivery, findings);
  }
}

void Model::Follow(const scenario::Publish& publish, const verdict::Published& published,
                   Findings& findings) {
  Messages& messages = (*history_)[publish.channel];
  const bool failed = published.acked < publish.payloads.size();
  const bool is_kept = history_ == &on_disk_;
  if (is_kept && doubts_.contains(publish.channel)) {
    AddDoubtful(publish, 0, published.acked);
  } else {
    for (size_t i = 0; i < publish.payloads.size() && i < published.acked; ++i) {
      const uint64_t sequence = messages.empty() ? 1 : messages.rbegin()->first + 1;
      messages[sequence] = EntryFor(publish.payloads[i]);
      // No client library sends it, and no document speaks of it.
      if (publish.explicit_empty && publish.payloads[i].empty())
        messages[sequence].storage = Entry::Storage::kUnspecified;
    }
    if (is_kept && failed && is_interrupted_)
      AddDoubtful(publish, published.acked, published.acked);
  }
  Limit(publish.channel, messages);
  if (failed && !is_interrupted_) JudgeRefusal(publish, published, findings);
}

void Model::JudgeRefusal(const scenario::Publish& publish, const verdict::Published& published,
                         Findings& findings) {
  unclear_.insert(publish.channel);
  const bool is_owed = !may_refuse_ && publish.channel.size() <= kChannelNameMax;
  if (!is_owed || SomethingCannotBeRead()) return;
  findings.push_back({"model", "", Level::kMust,
                      "message " + std::to_string(published.acked + 1) + " to " + publish.channel +
                          " must be acked, but was not: " + published.error});
}

}  // namespace atrest::oracle
