#include <set>

#include "harness/oracle/model.h"

namespace atrest::oracle {
namespace {

using verdict::Level;

std::string Where(const std::string& channel, uint64_t sequence) {
  return channel + ":" + std::to_string(sequence);
}

}  // namespace

void Model::JudgeRead(const scenario::Read& read, const verdict::Read& seen,
                      Findings& findings) const {
  if (!IsJudged(read.channel)) return;
  const bool may_refuse = may_refuse_ || is_interrupted_;
  if (!seen.error.empty() && !may_refuse && !SomethingCannotBeRead()) {
    findings.push_back({"model", "", Level::kMust,
                        "a subscription to " + read.channel + " was refused: " + seen.error});
  }
  std::set<uint64_t> before;
  for (const verdict::Delivery& delivery : seen.deliveries) {
    JudgeDelivery(read.channel, delivery, findings);
    // Delivery is at least once: what is marked as redelivered may come again at any time.
    const bool again = delivery.redelivered && before.contains(delivery.sequence);
    if (!again && !before.empty() && delivery.sequence <= *before.rbegin()) {
      const std::string message = Where(read.channel, delivery.sequence) +
                                  " was delivered after sequence " +
                                  std::to_string(*before.rbegin());
      // What was on its way when the server ended may have been given the sequence, too.
      if (was_interrupted_) {
        findings.push_back({"model", "H-sequence-once", Level::kShould, message});
      } else {
        findings.push_back({"model", "", Level::kMust, message});
      }
    }
    before.insert(delivery.sequence);
  }
  JudgeMissing(read, seen, findings);
  JudgeDoubtful(read, seen, findings);
}

void Model::JudgeDelivery(const std::string& channel, const verdict::Delivery& delivery,
                          Findings& findings) const {
  if (IsInDoubt(channel, delivery.sequence)) return;
  const std::string where = Where(channel, delivery.sequence);
  const auto in_channel = history_->find(channel);
  if (in_channel == history_->end() || !in_channel->second.contains(delivery.sequence)) {
    findings.push_back({"model", "", Level::kMust, where + " was delivered but never published"});
    return;
  }
  const Entry& entry = in_channel->second.at(delivery.sequence);
  const Duty duty = DutyFor(entry);
  if (duty == Duty::kUnspecified) return;
  if (delivery.subject != channel) {
    findings.push_back({"model", "", Level::kMust,
                        where + " was delivered with the subject \"" + delivery.subject + "\""});
  }
  if (duty == Duty::kMustNotDeliver) {
    findings.push_back(
        {"model", "D-14", Level::kMust,
         where + " was stored under another key and must not be delivered, but was, as " +
             Show(delivery.payload)});
  } else if (delivery.payload != entry.payload) {
    const bool sealed = entry.storage == Entry::Storage::kSealed;
    const bool detected = !sealed && mode_.encryption == Mode::Encryption::kOn;
    const char* id = detected ? "D-12" : sealed && entry.cipher != mode_.cipher ? "D-13" : "";
    findings.push_back({"model", id, Level::kMust,
                        where + " must be delivered as " + Show(entry.payload) +
                            ", but was delivered as " + Show(delivery.payload)});
  }
}

void Model::JudgeMissing(const scenario::Read& read, const verdict::Read& seen,
                         Findings& findings) const {
  const auto in_channel = history_->find(read.channel);
  if (in_channel == history_->end() || in_channel->second.empty()) return;
  if (read.from == scenario::Read::From::kNew || !seen.error.empty()) return;
  uint64_t from = in_channel->second.begin()->first;
  const bool is_last_in_doubt = IsInDoubt(read.channel, UINT64_MAX);
  if (read.from == scenario::Read::From::kLast && is_last_in_doubt) return;
  if (read.from == scenario::Read::From::kLast) from = in_channel->second.rbegin()->first;
  if (read.from == scenario::Read::From::kSequence) from = read.sequence;

  std::set<uint64_t> delivered;
  for (const verdict::Delivery& delivery : seen.deliveries) delivered.insert(delivery.sequence);
  const bool cut = delivered.size() >= read.max;  // nothing is owed behind the last that was asked
  auto message = in_channel->second.lower_bound(from);
  for (; message != in_channel->second.end(); ++message) {
    const auto& [sequence, entry] = *message;
    if (delivered.contains(sequence)) continue;
    if (cut && (delivered.empty() || sequence > *delivered.rbegin())) return;
    const Duty duty = DutyFor(entry);
    if (duty == Duty::kMustDeliver && entry.certain) {
      const bool other_cipher =
          entry.storage == Entry::Storage::kSealed && entry.cipher != mode_.cipher;
      findings.push_back({"model", other_cipher ? "D-13" : "", Level::kMust,
                          Where(read.channel, sequence) + " must be delivered, but was not"});
      return;
    }
    const bool visible = !entry.payload.empty() && entry.payload[0] != 1 && entry.payload[0] != 2;
    if (duty == Duty::kMayDeliver && visible && entry.certain) {
      findings.push_back({"model", "D-12", Level::kShould,
                          Where(read.channel, sequence) +
                              " is visibly not encrypted and should be delivered, but was not"});
    }
    // What comes behind a message that could not be decrypted is not described.
    if (duty != Duty::kMustDeliver) return;
  }
}

}  // namespace atrest::oracle
