#include <algorithm>

#include "harness/oracle/ideal.h"

namespace atrest::oracle {
namespace {

using Encryption = IdealMode::Encryption;
using Kind = Damage::Kind;

Finding Blame(const char* requirement, const std::string& message) {
  return {"ideal", requirement, verdict::Level::kShould, message};
}

std::string Where(const std::string& channel, uint64_t sequence) {
  return channel + ":" + std::to_string(sequence);
}

bool LooksSealed(const std::string& payload) {
  return !payload.empty() && (payload[0] == 1 || payload[0] == 2);
}

// PAYLOAD is BYTES, repeated and cut.
bool IsFilledWith(const std::string& payload, const std::string& bytes) {
  if (payload.empty() || bytes.empty()) return false;
  for (size_t i = 0; i < payload.size(); ++i) {
    if (payload[i] != bytes[i % bytes.size()]) return false;
  }
  return true;
}

const Damage* Find(const std::vector<Damage>& damages, Kind kind) {
  const auto found = std::ranges::find(damages, kind, &Damage::kind);
  return found == damages.end() ? nullptr : &*found;
}

}  // namespace

void Ideal::JudgeRead(const scenario::Read& read, const verdict::Read& seen, Findings& findings) {
  const Channel& channel = (*channels_)[read.channel];
  if (!seen.deliveries.empty())
    JudgeKey("a subscription to " + read.channel + " got messages", findings);
  uint64_t highest = 0;
  for (const verdict::Delivery& delivery : seen.deliveries) {
    JudgeDelivery(read.channel, channel, delivery, findings);
    if (delivery.sequence <= highest && !delivery.redelivered) {
      findings.push_back(Blame(BlameForOrder(channel), Where(read.channel, delivery.sequence) +
                                                           " was delivered after " +
                                                           std::to_string(highest)));
    }
    highest = std::max(highest, delivery.sequence);
  }
  JudgeMissing(read, channel, seen, findings);
}

const char* Ideal::BlameForOrder(const Channel& channel) const {
  if (channel.damages.empty()) return "H-faithful";
  if (Find(channel.damages, Kind::kField) != nullptr) return "H-sequence";
  return RequirementOf(channel.damages.front().kind);
}

bool Ideal::IsSealed(const Channel& channel) const {
  return std::ranges::any_of(channel.messages, [](const auto& message) {
    return message.second.seal == Kept::Seal::kSealed;
  });
}

void Ideal::JudgeDelivery(const std::string& name, const Channel& channel,
                          const verdict::Delivery& delivery, Findings& findings) const {
  const auto found = channel.messages.find(delivery.sequence);
  const Kept* kept = found == channel.messages.end() ? nullptr : &found->second;
  const std::string where = Where(name, delivery.sequence);
  if (kept != nullptr && kept->payload == delivery.payload && delivery.subject == name) {
    if (kept->removed_in != 0 && kept->removed_in < run_) {
      findings.push_back(Blame("H-removed-stay", where + " was removed by a limit, and came back"));
    }
    return;
  }
  if (channel.loose && channel.floating.contains(delivery.payload) && delivery.subject == name)
    return;
  // Where nothing is sealed, whoever has the disk writes what he likes.
  const bool tampered = !channel.damages.empty();
  if (tampered && !IsSealed(channel)) return;
  // Behind an unacked publish or a request of its own kind, sequences are anybody's guess.
  if (channel.loose && !tampered && kept == nullptr) return;
  findings.push_back(
      Blame(BlameFor(channel, kept, name, delivery),
            where + " was delivered as " + Show(delivery.payload) +
                (delivery.subject == name ? "" : " on the subject \"" + delivery.subject + "\"") +
                (kept == nullptr ? ", and was never published so"
                                 : ", but was published as " + Show(kept->payload))));
}

// Which of the things that were done to the channel made this delivery.
const char* Ideal::BlameFor(const Channel& channel, const Kept* kept, const std::string& name,
                            const verdict::Delivery& delivery) const {
  const auto has = [&](Kind kind) { return Find(channel.damages, kind) != nullptr; };
  const bool longer = kept != nullptr && delivery.payload.size() > kept->payload.size();
  // An empty payload need not be sealed, but may be.
  const bool sealed = kept != nullptr && (kept->seal != Kept::Seal::kPlain ||
                                          (kept->payload.empty() && LooksSealed(delivery.payload)));
  const bool off = mode_.encryption == Encryption::kOff;
  // Also where its sequence was given behind a loss, and is not known.
  const bool unknown_seal = kept == nullptr && off && LooksSealed(delivery.payload);
  if ((mode_.encryption != Encryption::kOn && sealed && longer) || unknown_seal)
    return "H-off-noticed";
  if (channel.damages.empty()) return "H-faithful";
  for (const Damage& damage : channel.damages) {
    const bool filled = IsFilledWith(delivery.payload, damage.bytes);
    if (damage.kind == Kind::kForged && filled) return "H-forge";
    const bool may_be_here =
        !channel.simple || damage.a == delivery.sequence || damage.b == delivery.sequence;
    if (damage.kind == Kind::kCode && longer && may_be_here) return "H-code-byte";
  }
  if (delivery.subject != name) {
    if (has(Kind::kMoved)) return "H-channel-moved";
    if (has(Kind::kField)) return "H-metadata";
  }
  const auto is_this = [&](const auto& message) {
    return message.second.payload == delivery.payload;
  };
  if (std::ranges::any_of(channel.messages, is_this)) {
    for (const Damage& damage : channel.damages) {
      const bool here = !channel.simple || damage.b == delivery.sequence ||
                        (damage.kind == Kind::kSwapped && damage.a == delivery.sequence);
      if (here && (damage.kind == Kind::kSwapped || damage.kind == Kind::kCopied))
        return RequirementOf(damage.kind);
    }
    for (const Kind kind : {Kind::kField, Kind::kRolledBack, Kind::kMoved}) {
      if (has(kind)) return RequirementOf(kind);
    }
  }
  for (const Kind kind : {Kind::kData, Kind::kCode, Kind::kForged, Kind::kMoved}) {
    if (has(kind)) return RequirementOf(kind);
  }
  return has(Kind::kField) ? "H-sequence" : "H-faithful";
}

Ideal::Duty Ideal::DutyFor(const Channel& channel, uint64_t sequence, const Kept& kept) const {
  if (mode_.encryption == Encryption::kUnknown || kept.seal == Kept::Seal::kUnknown)
    return Duty::kNothing;
  if (channel.unreached || channel.damaged.contains(sequence)) return Duty::kReport;
  if (kept.seal == Kept::Seal::kPlain) return Duty::kDeliver;
  const bool readable = mode_.encryption == Encryption::kOn && kept.key == mode_.key;
  return readable ? Duty::kDeliver : Duty::kReport;
}

void Ideal::JudgeMissing(const scenario::Read& read, const Channel& channel,
                         const verdict::Read& seen, Findings& findings) const {
  if (read.from == scenario::Read::From::kNew || channel.messages.empty()) return;
  if (!seen.error.empty()) return;
  // Which message is the last, or stands at a sequence, is not known behind a loss.
  if (channel.loose && read.from != scenario::Read::From::kFirst) return;
  uint64_t from = 0;
  if (read.from == scenario::Read::From::kLast) from = channel.messages.rbegin()->first;
  if (read.from == scenario::Read::From::kSequence) from = read.sequence;
  std::set<uint64_t> delivered;
  uint64_t highest = 0;
  for (const verdict::Delivery& delivery : seen.deliveries) {
    const auto kept = channel.messages.find(delivery.sequence);
    const bool true_one =
        kept == channel.messages.end() || kept->second.payload == delivery.payload;
    // What was delivered falsely has been judged, and is not missing besides, unless its sequence
    // was given again behind a loss.
    if (true_one || !channel.floating.contains(delivery.payload))
      delivered.insert(delivery.sequence);
    highest = std::max(highest, delivery.sequence);
  }
  const bool cut = seen.deliveries.size() >= read.max;
  bool unreadable_before = false;
  bool said_held_up = false;
  for (auto message = channel.messages.lower_bound(from); message != channel.messages.end();
       ++message) {
    const auto& [sequence, kept] = *message;
    if (cut && sequence > highest) return;
    if (delivered.contains(sequence) || !kept.certain) continue;
    const Duty duty = DutyFor(channel, sequence, kept);
    if (duty == Duty::kNothing) return;  // whether it stands in the way is not known either
    const bool held_up = duty == Duty::kDeliver && unreadable_before;
    if (held_up && !said_held_up) {
      said_held_up = true;
      findings.push_back(Blame("H-head-of-line", Where(read.channel, sequence) +
                                                     " can be read and was not delivered, behind " +
                                                     "a message that could not be"));
    }
    if (!held_up) {
      JudgeUnread(Where(read.channel, sequence), channel, sequence, kept, reported_, findings);
    }
    unreadable_before = true;
  }
}

// The first message that was not delivered, or one that cannot be read.
void Ideal::JudgeUnread(const std::string& where, const Channel& channel, uint64_t sequence,
                        const Kept& kept, bool told, Findings& findings) const {
  const Duty duty = DutyFor(channel, sequence, kept);
  const bool off = mode_.encryption == Encryption::kOff;
  if (duty == Duty::kDeliver && kept.explicit_empty && !off) {
    findings.push_back(Blame("H-explicit-empty",
                             where + ", a data field that is there and empty, was not delivered"));
  } else if (duty == Duty::kDeliver && kept.seal == Kept::Seal::kPlain && !off &&
             LooksSealed(kept.payload)) {
    findings.push_back(Blame("H-looks-sealed", where +
                                                   ", stored before encryption and beginning like "
                                                   "a seal, was not delivered"));
  } else if (!told) {
    const char* requirement = "H-loss-reported";
    if (!channel.damages.empty()) requirement = RequirementOf(channel.damages.front().kind);
    findings.push_back(Blame(requirement, where + " was not delivered, and nobody was told"));
  }
}

}  // namespace atrest::oracle
