#include "harness/oracle/model.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace atrest::oracle {
namespace {

using verdict::Level;

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// D-07 by the documentation: CHACHA on ARM, otherwise AES. On platforms that are neither, page and
// server disagree, so that either is accepted there.
std::string DefaultCipher() {
#if defined(__arm__) || defined(__aarch64__)
  return "CHACHA";
#elif defined(__x86_64__) || defined(__i386__)
  return "AES";
#else
  return "";
#endif
}

bool IsDocumentedCipher(const std::string& name) { return name == "AES" || name == "CHACHA"; }

std::string Where(const std::string& channel, uint64_t sequence) {
  return channel + ":" + std::to_string(sequence);
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
      entry.cipher = known.cipher.empty() ? "" : Upper(known.cipher);
    }
    history_[known.channel][known.sequence] = entry;
  }
}

std::vector<Finding> Model::Observe(const scenario::Action& action,
                                    const verdict::Observation& seen) {
  std::vector<Finding> findings;
  if (std::holds_alternative<scenario::Tamper>(action)) tampered_ = true;
  const bool ended = std::holds_alternative<scenario::Stop>(action) ||
                     std::holds_alternative<scenario::Kill>(action);
  if (ended && !durable_) history_.clear();
  if (const auto* start = std::get_if<scenario::Start>(&action)) {
    JudgeStart(*start, std::get<verdict::Started>(seen.outcome), findings);
  } else if (const auto* publish = std::get_if<scenario::Publish>(&action)) {
    JudgePublish(*publish, std::get<verdict::Published>(seen.outcome), findings);
  } else if (const auto* read = std::get_if<scenario::Read>(&action)) {
    JudgeRead(*read, std::get<verdict::Read>(seen.outcome), findings);
  } else if (const auto* inspect = std::get_if<scenario::Inspect>(&action)) {
    JudgeDisk(*inspect, std::get<verdict::Disk>(seen.outcome), findings);
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
  const std::string variable = bytes_of(settings.key_variable);
  const std::string option = bytes_of(settings.key_option);
  if (!settings.encrypt.value_or(false)) {
    mode.encryption = settings.key_option ? Mode::Encryption::kUnspecified : Mode::Encryption::kOff;
    return mode;
  }
  mode.key = settings.key_variable ? variable : option;
  mode.cipher = Upper(settings.cipher.value_or(""));
  const bool described =
      !mode.key.empty() && (mode.cipher.empty() || IsDocumentedCipher(mode.cipher));
  mode.encryption = described ? Mode::Encryption::kOn : Mode::Encryption::kUnspecified;
  if (mode.cipher.empty()) mode.cipher = DefaultCipher();
  return mode;
}

Model::Duty Model::DutyFor(const Entry& entry) const {
  if (tampered_ || mode_.encryption == Mode::Encryption::kUnspecified) return Duty::kUnspecified;
  if (entry.storage == Entry::Storage::kUnspecified) return Duty::kUnspecified;
  if (mode_.encryption == Mode::Encryption::kOff) {
    // What a server without encryption does with sealed payloads is not described.
    if (entry.storage == Entry::Storage::kSealed && !entry.payload.empty())
      return Duty::kUnspecified;
    return Duty::kMustDeliver;
  }
  if (entry.storage == Entry::Storage::kPlain) {
    return entry.payload.empty() ? Duty::kMustDeliver : Duty::kMayDeliver;  // D-11
  }
  if (entry.key == mode_.key || entry.payload.empty()) return Duty::kMustDeliver;
  return Duty::kMustNotDeliver;  // D-14
}

// D-11 and D-14 let a server fail on data it cannot decrypt "not necessarily at startup": refusing
// to start is one way.
bool Model::RefusalIsAllowed() const {
  if (tampered_ || mode_.encryption == Mode::Encryption::kUnspecified) return true;
  for (const auto& [channel, messages] : history_) {
    for (const auto& [sequence, entry] : messages) {
      if (DutyFor(entry) != Duty::kMustDeliver) return true;
    }
  }
  return false;
}

void Model::ApplyLimits(const scenario::Settings& settings) {
  max_messages_ = settings.max_messages;
  other_limits_ = settings.max_bytes.has_value() || settings.max_age_ms.has_value();
  durable_ = settings.store == "file";
  for (auto& [channel, messages] : history_) Limit(messages);
}

void Model::Limit(std::map<uint64_t, Entry>& messages) const {
  uint64_t keep = messages.size();
  if (max_messages_ && *max_messages_ > 0) keep = std::min<uint64_t>(keep, *max_messages_);
  if (other_limits_) keep = 0;
  auto entry = messages.begin();
  for (uint64_t removed = messages.size() - keep; removed > 0; --removed, ++entry)
    entry->second.certain = false;
}

void Model::JudgeStart(const scenario::Start& start, const verdict::Started& started,
                       std::vector<Finding>& findings) {
  mode_ = ModeOf(start.settings);
  ApplyLimits(start.settings);
  if (!started.ok && !RefusalIsAllowed()) {
    findings.push_back(
        {"model", "", Level::kMust, "the server must start, but refused: " + started.refusal});
  }
}

void Model::JudgePublish(const scenario::Publish& publish, const verdict::Published& published,
                         std::vector<Finding>& findings) {
  auto& messages = history_[publish.channel];
  for (size_t i = 0; i < publish.payloads.size(); ++i) {
    if (i > published.acked) break;  // publishing stops at the first payload that is not acked
    Entry entry;
    entry.payload = publish.payloads[i];
    entry.certain = i < published.acked;
    entry.key = mode_.key;
    entry.cipher = mode_.cipher;
    entry.storage = mode_.encryption == Mode::Encryption::kOff  ? Entry::Storage::kPlain
                    : mode_.encryption == Mode::Encryption::kOn ? Entry::Storage::kSealed
                                                                : Entry::Storage::kUnspecified;
    const uint64_t sequence = messages.empty() ? 1 : messages.rbegin()->first + 1;
    messages[sequence] = entry;
  }
  Limit(messages);
  if (published.acked < publish.payloads.size() && !tampered_) {
    findings.push_back({"model", "", Level::kMust,
                        "message " + std::to_string(published.acked + 1) + " to " +
                            publish.channel + " must be acked, but was not: " + published.error});
  }
}

void Model::JudgeRead(const scenario::Read& read, const verdict::Read& seen,
                      std::vector<Finding>& findings) const {
  if (tampered_) return;
  uint64_t previous = 0;
  for (const verdict::Delivery& delivery : seen.deliveries) {
    if (delivery.sequence <= previous) {
      findings.push_back({"model", "", Level::kMust,
                          Where(read.channel, delivery.sequence) +
                              " was delivered after sequence " + std::to_string(previous)});
    }
    previous = delivery.sequence;
    JudgeDelivery(read.channel, delivery, findings);
  }
  JudgeMissing(read, seen, findings);
}

void Model::JudgeDelivery(const std::string& channel, const verdict::Delivery& delivery,
                          std::vector<Finding>& findings) const {
  const std::string where = Where(channel, delivery.sequence);
  const auto in_channel = history_.find(channel);
  const bool known = in_channel != history_.end() && in_channel->second.contains(delivery.sequence);
  if (!known) {
    findings.push_back({"model", "", Level::kMust, where + " was delivered but never published"});
    return;
  }
  const Entry& entry = in_channel->second.at(delivery.sequence);
  const Duty duty = DutyFor(entry);
  if (duty == Duty::kUnspecified) return;
  if (duty == Duty::kMustNotDeliver) {
    findings.push_back(
        {"model", "D-14", Level::kMust,
         where + " was stored under another key and must not be delivered, but was, as " +
             Show(delivery.payload)});
  } else if (delivery.payload != entry.payload) {
    findings.push_back({"model", entry.storage == Entry::Storage::kPlain ? "D-12" : "D-13",
                        Level::kMust,
                        where + " must be delivered as " + Show(entry.payload) +
                            ", but was delivered as " + Show(delivery.payload)});
  }
  if (delivery.subject != channel) {
    findings.push_back({"model", "", Level::kMust,
                        where + " was delivered with the subject \"" + delivery.subject + "\""});
  }
}

void Model::JudgeMissing(const scenario::Read& read, const verdict::Read& seen,
                         std::vector<Finding>& findings) const {
  const auto in_channel = history_.find(read.channel);
  if (in_channel == history_.end() || in_channel->second.empty()) return;
  if (read.from == scenario::Read::From::kNew || seen.deliveries.size() >= read.max) return;
  uint64_t from = in_channel->second.begin()->first;
  if (read.from == scenario::Read::From::kLast) from = in_channel->second.rbegin()->first;
  if (read.from == scenario::Read::From::kSequence) from = read.sequence;

  std::set<uint64_t> delivered;
  for (const verdict::Delivery& delivery : seen.deliveries) delivered.insert(delivery.sequence);
  for (auto message = in_channel->second.lower_bound(from); message != in_channel->second.end();
       ++message) {
    const auto& [sequence, entry] = *message;
    if (delivered.contains(sequence)) continue;
    const std::string where = Where(read.channel, sequence);
    const Duty duty = DutyFor(entry);
    if (duty == Duty::kMustDeliver && entry.certain) {
      const bool other_cipher =
          entry.storage == Entry::Storage::kSealed && entry.cipher != mode_.cipher;
      findings.push_back({"model", other_cipher ? "D-13" : "", Level::kMust,
                          where + " must be delivered, but was not"});
      return;
    }
    if (duty == Duty::kMayDeliver && entry.payload[0] != 1 && entry.payload[0] != 2) {
      findings.push_back(
          {"model", "D-12", Level::kShould,
           where + " is visibly not encrypted and should be delivered, but was not"});
    }
    // What comes behind a message that could not be decrypted is not described.
    if (duty != Duty::kMustDeliver) return;
  }
}

}  // namespace atrest::oracle
