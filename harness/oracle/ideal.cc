#include "harness/oracle/ideal.h"

#include <algorithm>

namespace atrest::oracle {
namespace {

using Encryption = IdealMode::Encryption;

Finding Blame(const char* requirement, const std::string& message) {
  return {"ideal", requirement, verdict::Level::kShould, message};
}

}  // namespace

void Ideal::Adopt(const std::vector<scenario::KnownMessage>& messages) {
  for (const scenario::KnownMessage& known : messages) {
    Kept kept;
    kept.payload = known.payload;
    kept.certain = known.certain;
    if (known.key) {
      kept.seal = Kept::Seal::kSealed;
      kept.key = *known.key;
    }
    Channel& channel = on_disk_[known.channel];
    channel.messages[known.sequence] = kept;
    channel.simple = false;
  }
}

std::vector<Finding> Ideal::Observe(const scenario::Action& action,
                                    const verdict::Observation& seen) {
  Findings findings;
  NoteReports(action, seen);
  if (const auto* start = std::get_if<scenario::Start>(&action)) {
    Follow(*start, seen, findings);
  } else if (const auto* publish = std::get_if<scenario::Publish>(&action)) {
    Follow(*publish, std::get<verdict::Published>(seen.outcome), findings);
  } else if (const auto* read = std::get_if<scenario::Read>(&action)) {
    JudgeRead(*read, std::get<verdict::Read>(seen.outcome), findings);
  } else if (const auto* step = std::get_if<scenario::ClientStep>(&action)) {
    Follow(*step, seen, findings);
  } else if (const auto* tamper = std::get_if<scenario::Tamper>(&action)) {
    Follow(*tamper);
  } else if (std::holds_alternative<scenario::Stop>(action) ||
             std::holds_alternative<scenario::Kill>(action)) {
    End();
  }
  return findings;
}

void Ideal::NoteReports(const scenario::Action& action, const verdict::Observation& seen) {
  if (std::holds_alternative<scenario::Start>(action) ||
      std::holds_alternative<scenario::Tamper>(action))
    reported_ = false;
  for (const verdict::LogLine& line : seen.log) {
    if (line.level == "WRN" || line.level == "ERR" || line.level == "FTL") reported_ = true;
  }
}

void Ideal::Limit(Channel& channel) const {
  if (mode_.other_limits) {
    for (auto& [sequence, kept] : channel.messages) kept.certain = false;
  }
  // A sequence that may have been given twice leaves open which messages are the newest.
  const bool counts = mode_.max_messages > 0;
  if (!counts || channel.messages.size() <= mode_.max_messages) return;
  channel.simple = false;
  auto message = channel.messages.begin();
  for (uint64_t over = channel.messages.size() - mode_.max_messages; over > 0; --over, ++message) {
    message->second.certain = false;
    if (message->second.removed_in == 0 && !channel.loose) message->second.removed_in = run_;
  }
}

void Ideal::Loosen(Channel& channel) const {
  channel.loose = true;
  channel.simple = false;
}

void Ideal::End() {
  in_memory_.clear();
  subscribed_to_.clear();
}

void Ideal::Follow(const scenario::Start& start, const verdict::Observation& seen,
                   Findings& findings) {
  const scenario::Settings& settings = start.settings;
  mode_ = ModeOf(settings, keys_);
  ++run_;
  key_judged_ = false;
  clear_judged_ = false;
  channels_ = settings.store == "memory" ? &in_memory_ : &on_disk_;
  sliced_ = settings.slice_max_messages || settings.slice_max_bytes || settings.config ||
            !settings.arguments.empty();
  if (!std::get<verdict::Started>(seen.outcome).ok) return;
  for (auto& [name, channel] : *channels_) {
    if (sliced_) channel.simple = false;
    if (settings.max_inactivity_ms) Loosen(channel);
    Limit(channel);
  }
  if (reported_) return;
  if (mode_.lacks_key) {
    findings.push_back(Blame("H-empty-key", "started silently with an empty key or none at all"));
  }
  if (mode_.unused_key) {
    findings.push_back(
        Blame("H-key-unused", "started silently without encryption, a key in the variable"));
  }
  if (mode_.bad_cipher) {
    findings.push_back(Blame("H-cipher-refused",
                             "started silently with the unknown cipher " + Show(*settings.cipher)));
  }
}

Ideal::Kept Ideal::KeptOf(const scenario::Publish& publish, const std::string& payload) const {
  Kept kept;
  kept.payload = payload;
  kept.key = mode_.key;
  kept.explicit_empty = publish.explicit_empty && payload.empty();
  kept.seal = mode_.encryption == Encryption::kOn    ? Kept::Seal::kSealed
              : mode_.encryption == Encryption::kOff ? Kept::Seal::kPlain
                                                     : Kept::Seal::kUnknown;
  // Nothing can tell under which key an empty payload was stored.
  if (payload.empty() && mode_.encryption == Encryption::kOn) kept.seal = Kept::Seal::kPlain;
  return kept;
}

void Ideal::Follow(const scenario::Publish& publish, const verdict::Published& published,
                   Findings& findings) {
  Channel& channel = (*channels_)[publish.channel];
  if (sliced_) channel.simple = false;
  const size_t acked = std::min<size_t>(published.acked, publish.payloads.size());
  const auto end = publish.payloads.begin() + static_cast<std::ptrdiff_t>(acked);
  // An empty payload is stored in no way.
  if (std::any_of(publish.payloads.begin(), end, [](const auto& text) { return !text.empty(); })) {
    JudgeKey("a message to " + publish.channel + " was acked", findings);
    JudgeStored(publish.channel, channel, findings);
  }
  for (size_t i = 0; i < acked; ++i) {
    if (channel.loose) {
      channel.floating.insert(publish.payloads[i]);
      continue;
    }
    const uint64_t sequence = channel.messages.empty() ? 1 : channel.messages.rbegin()->first + 1;
    channel.messages[sequence] = KeptOf(publish, publish.payloads[i]);
  }
  Limit(channel);
  if (acked == publish.payloads.size()) return;
  channel.floating.insert(publish.payloads[acked]);  // stored or not
  Loosen(channel);
}

// Where a subscription over several steps stands is not followed; what it delivers is.
void Ideal::Follow(const scenario::ClientStep& step, const verdict::Observation& seen,
                   Findings& findings) {
  if (const auto* subscribe = std::get_if<scenario::Subscribe>(&step)) {
    subscribed_to_[subscribe->name] = subscribe->channel;
  } else if (std::holds_alternative<scenario::Request>(step) ||
             std::holds_alternative<scenario::Raw>(step)) {
    for (auto& [name, channel] : *channels_) channel.unreached = channel.loose = true;
  } else if (const auto* receive = std::get_if<scenario::Receive>(&step)) {
    const auto name = subscribed_to_.find(receive->subscription);
    if (name == subscribed_to_.end()) return;
    const auto& deliveries = std::get<verdict::Read>(seen.outcome).deliveries;
    if (!deliveries.empty()) JudgeKey("a subscription to " + name->second + " got some", findings);
    for (const verdict::Delivery& delivery : deliveries)
      JudgeDelivery(name->second, (*channels_)[name->second], delivery, findings);
  }
}

void Ideal::Follow(const scenario::Tamper& tamper) {
  const auto hit = [](Channel& channel, const DamageTo& damage) {
    channel.damages.push_back(damage.damage);
    if (damage.is_of_records && channel.simple) {
      // What is copied stays where it was.
      if (damage.damage.kind != Damage::Kind::kCopied) channel.damaged.insert(damage.damage.a);
      if (damage.damage.b > 0) channel.damaged.insert(damage.damage.b);
      return;
    }
    channel.unreached = true;
    channel.loose = true;
    channel.simple = false;
  };
  for (const scenario::TamperOperation& operation : tamper.operations) {
    for (const DamageTo& damage : DamageOf(operation)) {
      if (!damage.channel.empty() && damage.channel != ".") {
        hit(on_disk_[damage.channel], damage);
        continue;
      }
      for (auto& [name, channel] : on_disk_) hit(channel, damage);
    }
  }
}

// The store has sealed messages, all of which are under other keys than the running one.
bool Ideal::IsOtherKey() const {
  if (mode_.encryption != Encryption::kOn) return false;
  bool sealed = false;
  for (const auto& [name, channel] : *channels_) {
    if (channel.unreached) return false;  // what is left of it is not known
    for (const auto& [sequence, kept] : channel.messages) {
      if (kept.seal == Kept::Seal::kUnknown) return false;
      if (kept.seal != Kept::Seal::kSealed) continue;
      if (kept.key == mode_.key) return false;
      sealed = sealed || kept.certain;
    }
  }
  return sealed;
}

void Ideal::JudgeKey(const std::string& what, Findings& findings) {
  if (reported_ || key_judged_ || !IsOtherKey()) return;
  key_judged_ = true;
  findings.push_back(Blame("H-wrong-key-noticed", what + " under a key that is not the store's, " +
                                                      "and nobody was told of it before"));
}

void Ideal::JudgeStored(const std::string& where, const Channel& channel, Findings& findings) {
  bool sealed = false;
  bool same_key = false;
  for (const auto& [sequence, kept] : channel.messages) {
    sealed = sealed || (kept.seal == Kept::Seal::kSealed && kept.certain);
    same_key = same_key || kept.seal == Kept::Seal::kUnknown ||
               (kept.seal == Kept::Seal::kSealed && kept.key == mode_.key);
  }
  if (!sealed || channel.unreached) return;
  if (mode_.encryption == Encryption::kOn && !same_key) {
    findings.push_back(
        Blame("H-mixed-keys", "a message was stored in " + where +
                                  " under another key than everything that is sealed there"));
  }
  if (mode_.encryption == Encryption::kOff && !reported_ && !clear_judged_) {
    clear_judged_ = true;
    findings.push_back(Blame("H-downgrade", "a message was stored in clear in " + where +
                                                ", which is sealed, and nobody was told"));
  }
}

}  // namespace atrest::oracle
