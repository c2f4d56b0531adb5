#include "harness/oracle/expectation.h"

#include <algorithm>

namespace atrest::oracle {
namespace {

using scenario::Expectation;

constexpr size_t kEnvelopeOverhead = 29;

class Judgement {
 public:
  explicit Judgement(const Expectation& expectation) : expectation_(expectation) {}
  void Fail(const std::string& message, const char* oracle = "expectation") {
    findings_.push_back({oracle, expectation_.requirement, verdict::Level::kMust,
                         "step \"" + expectation_.step + "\": " + message});
  }
  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  const Expectation& expectation_;
  std::vector<Finding> findings_;
};

std::string List(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : "; ") + item;
  return text.empty() ? "nothing" : text;
}

bool Matches(const scenario::PayloadPattern& pattern, const std::string& payload) {
  if (const auto* bytes = std::get_if<std::string>(&pattern)) return payload == *bytes;
  const auto& sealed = std::get<scenario::SealedPayload>(pattern);
  const char code = sealed.cipher == "AES" ? '\x01' : '\x02';
  return payload.size() == sealed.size + kEnvelopeOverhead && payload[0] == code;
}

std::string Show(const scenario::PayloadPattern& pattern) {
  if (const auto* bytes = std::get_if<std::string>(&pattern)) return oracle::Show(*bytes);
  const auto& sealed = std::get<scenario::SealedPayload>(pattern);
  return std::to_string(sealed.size) + " bytes sealed with " + sealed.cipher;
}

// <n> in EXPECTED stands for a number, such as that of a Raft entry.
bool IsText(std::string_view expected, std::string_view text) {
  constexpr std::string_view kNumber = "<n>";
  for (size_t at = expected.find(kNumber); at != std::string_view::npos;
       at = expected.find(kNumber)) {
    if (text.substr(0, at) != expected.substr(0, at)) return false;
    const size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    if (end == at) return false;
    expected.remove_prefix(at + kNumber.size());
    text.remove_prefix(end);
  }
  return expected == text;
}

void JudgeStart(const Expectation& expected, const verdict::Started& seen, Judgement& judgement) {
  if (expected.started && *expected.started != seen.ok) {
    judgement.Fail(seen.ok ? "a refusal is expected, but it started"
                           : "a start is expected, but it refused: " + seen.refusal);
  }
  if (expected.exit_code && expected.exit_code != seen.exit_code) {
    judgement.Fail(
        "exit code " + std::to_string(*expected.exit_code) + " is expected, but " +
        (seen.exit_code ? "it is " + std::to_string(*seen.exit_code) : "it did not exit"));
  }
  if (!expected.refusal) return;
  if (seen.ok) {
    judgement.Fail("the refusal \"" + *expected.refusal + "\" is expected, but it started");
  } else if (!IsText(*expected.refusal, seen.refusal)) {
    judgement.Fail("the refusal \"" + *expected.refusal + "\" is expected, but it was \"" +
                   seen.refusal + "\"");
  }
}

// Delivery is at least once: a repetition that is marked as such is not judged.
std::vector<verdict::Delivery> FirstDeliveries(const verdict::Read& seen) {
  std::vector<verdict::Delivery> first;
  for (const verdict::Delivery& delivery : seen.deliveries) {
    const bool known =
        std::ranges::find(first, delivery.sequence, &verdict::Delivery::sequence) != first.end();
    if (!(delivery.redelivered && known)) first.push_back(delivery);
  }
  return first;
}

bool Matches(const scenario::ExpectedDelivery& expected, const verdict::Delivery& got) {
  return got.sequence == expected.sequence && Matches(expected.payload, got.payload) &&
         (!expected.subject || got.subject == *expected.subject);
}

std::string Show(const verdict::Delivery& delivery) {
  return "sequence " + std::to_string(delivery.sequence) +
         " came: " + oracle::Show(delivery.payload) + " on " + delivery.subject;
}

std::string Show(const scenario::ExpectedDelivery& expected) {
  return "sequence " + std::to_string(expected.sequence) + " as " + Show(expected.payload) +
         (expected.subject ? " on " + *expected.subject : "");
}

void JudgeReceives(const std::vector<scenario::ExpectedDelivery>& expected,
                   const verdict::Read& seen, Judgement& judgement) {
  if (!seen.error.empty()) {
    judgement.Fail("a subscription is expected, but it was refused: " + seen.error);
    return;
  }
  const auto deliveries = FirstDeliveries(seen);
  for (size_t i = 0; i < std::max(expected.size(), deliveries.size()); ++i) {
    if (i >= expected.size()) {
      judgement.Fail("nothing more is expected, but " + Show(deliveries[i]));
    } else if (i >= deliveries.size()) {
      judgement.Fail(Show(expected[i]) + " is expected, but nothing more came");
    } else if (!Matches(expected[i], deliveries[i])) {
      judgement.Fail(Show(expected[i]) + " is expected, but " + Show(deliveries[i]));
    } else {
      continue;
    }
    return;
  }
}

void JudgeRedelivered(const std::vector<uint64_t>& expected, const verdict::Read& seen,
                      Judgement& judgement) {
  const auto list = [](const std::vector<uint64_t>& sequences) {
    std::string text;
    for (const uint64_t sequence : sequences) text += " " + std::to_string(sequence);
    return text.empty() ? " none" : text;
  };
  std::vector<uint64_t> marked;
  for (const verdict::Delivery& delivery : seen.deliveries) {
    if (delivery.redelivered) marked.push_back(delivery.sequence);
  }
  if (marked == expected) return;
  judgement.Fail("marked as redelivered are expected:" + list(expected) +
                 ", but were:" + list(marked));
}

void JudgeAnswer(const std::string& expected, const verdict::Answered& seen, Judgement& judgement) {
  if (expected == seen.error) return;
  const auto show = [](const std::string& error) {
    return error.empty() ? std::string("acceptance") : "the error \"" + error + "\"";
  };
  judgement.Fail(show(expected) + " is expected, but it was " + show(seen.error));
}

void JudgeReply(const std::string& expected, const verdict::Reply& seen, Judgement& judgement) {
  if (seen.answered && expected == seen.bytes) return;
  judgement.Fail("the reply " + oracle::Show(expected) + " is expected, but " +
                 (seen.answered ? "it was " + oracle::Show(seen.bytes) : "none came"));
}

void JudgeLog(const char* level, const std::vector<std::string>& expected,
              const verdict::Observation& seen, Judgement& judgement) {
  std::vector<std::string> logged;
  for (const verdict::LogLine& line : seen.log) {
    if (line.level == level) logged.push_back(line.text);
  }
  if (logged == expected) return;
  judgement.Fail(std::string(level) + " lines are expected to say " + List(expected) +
                 ", but say " + List(logged));
}

const verdict::DiskMessage* Find(const verdict::Disk& disk, const std::string& channel,
                                 uint64_t sequence) {
  const auto found = std::ranges::find_if(disk.messages, [&](const verdict::DiskMessage& message) {
    return message.channel == channel && message.sequence == sequence;
  });
  return found == disk.messages.end() ? nullptr : &*found;
}

constexpr size_t kNonceRandomSize = 4;

// The counter of a nonce: what stands behind its random bytes, big-endian.
uint64_t CounterOf(const std::string& nonce) {
  uint64_t counter = 0;
  for (const char c : nonce.substr(std::min(nonce.size(), kNonceRandomSize))) {
    counter = counter << 8 | static_cast<unsigned char>(c);
  }
  return counter;
}

void JudgeNonce(const scenario::ExpectedDiskMessage& expected, const verdict::DiskMessage& found,
                const verdict::Disk& disk, const std::string& where, Judgement& judgement) {
  if (expected.nonce_counter &&
      (found.nonce.empty() || CounterOf(found.nonce) != *expected.nonce_counter)) {
    judgement.Fail(where + ": the nonce counter " + std::to_string(*expected.nonce_counter) +
                   " is expected, but it is " +
                   (found.nonce.empty() ? "no nonce" : std::to_string(CounterOf(found.nonce))));
  }
  if (!expected.nonce_random_as) return;
  const auto* other = Find(disk, expected.channel, *expected.nonce_random_as);
  const auto random_of = [](const std::string& nonce) { return nonce.substr(0, kNonceRandomSize); };
  if (other == nullptr || found.nonce.empty() ||
      random_of(found.nonce) != random_of(other->nonce)) {
    judgement.Fail(where + ": the random bytes of its nonce are expected to be those of sequence " +
                   std::to_string(*expected.nonce_random_as) + ", but are not");
  }
}

void JudgeMessage(const scenario::ExpectedDiskMessage& expected, const verdict::Disk& disk,
                  Judgement& judgement) {
  const std::string where = expected.channel + ":" + std::to_string(expected.sequence);
  const auto* found = Find(disk, expected.channel, expected.sequence);
  if (found == nullptr) {
    judgement.Fail(where + " is expected on disk, but is not there");
    return;
  }
  const auto differ = [&](const std::string& what, const std::string& wanted,
                          const std::string& got) {
    judgement.Fail(where + ": " + what + " " + wanted + " is expected, but it is " + got);
  };
  const auto or_none = [](const std::string& name) { return name.empty() ? "none" : name; };
  if (expected.cipher && *expected.cipher != found->cipher) {
    differ("cipher", or_none(*expected.cipher), or_none(found->cipher));
  }
  if (expected.opened_by && *expected.opened_by != found->opened_by) {
    differ("opened by", List(*expected.opened_by), List(found->opened_by));
  }
  if (expected.data_size && *expected.data_size != found->data_size) {
    differ("data size", std::to_string(*expected.data_size), std::to_string(found->data_size));
  }
  JudgeNonce(expected, *found, disk, where, judgement);
}

void JudgeEntry(const scenario::ExpectedLogEntry& expected, const verdict::Disk& disk,
                Judgement& judgement) {
  const std::string where = std::string(expected.is_freed ? "a free page" : "the Raft log") +
                            " and " + expected.channel + ":" + std::to_string(expected.sequence);
  const auto found = std::ranges::find_if(disk.entries, [&](const verdict::DiskLogEntry& entry) {
    return entry.is_freed == expected.is_freed && entry.channel == expected.channel &&
           std::ranges::find(entry.sequences, expected.sequence) != entry.sequences.end();
  });
  const bool is_there = found != disk.entries.end();
  if (is_there != expected.is_there) {
    judgement.Fail(where + ": an entry is " + (is_there ? "there" : "not there"));
  }
  if (!is_there) return;
  const auto or_none = [](const std::string& name) { return name.empty() ? "none" : name; };
  if (expected.cipher && *expected.cipher != found->cipher) {
    judgement.Fail(where + ": cipher " + or_none(*expected.cipher) + " is expected, but it is " +
                   or_none(found->cipher));
  }
  if (expected.opened_by && *expected.opened_by != found->opened_by) {
    judgement.Fail(where + ": opened by " + List(*expected.opened_by) + " is expected, but it is " +
                   List(found->opened_by));
  }
}

void JudgeTexts(const Expectation& expected, const verdict::Disk& disk, Judgement& judgement) {
  for (const verdict::ScanHit& hit : disk.hits) {
    const auto wanted = expected.texts.find(hit.text);
    const bool found = !hit.contents.empty() || !hit.names.empty();
    if (wanted == expected.texts.end() || wanted->second == found) continue;
    auto places = hit.contents;
    for (const std::string& name : hit.names) places.push_back("the name of " + name);
    judgement.Fail(oracle::Show(hit.text) +
                   (wanted->second ? " is expected on disk, but is nowhere"
                                   : " must not be on disk, but stands in " + List(places)));
  }
}

void JudgeSizes(const Expectation& expected, const verdict::Disk& disk, Judgement& judgement) {
  const auto shown = [](std::optional<uint64_t> size) {
    return size ? std::to_string(*size) + " bytes" : std::string("not there");
  };
  for (const auto& [path, size] : expected.sizes) {
    const auto found =
        std::ranges::find(disk.sizes, path, &std::pair<std::string, uint64_t>::first);
    const auto seen = found == disk.sizes.end() ? std::optional<uint64_t>() : found->second;
    if (seen != size)
      judgement.Fail(path + ": " + shown(size) + " is expected, but it is " + shown(seen));
  }
}

void JudgeDisk(const Expectation& expected, const verdict::Disk& disk, Judgement& judgement) {
  for (const auto& message : expected.messages) JudgeMessage(message, disk, judgement);
  for (const auto& entry : expected.entries) JudgeEntry(entry, disk, judgement);
  if (expected.snapshots && *expected.snapshots != disk.snapshots) {
    judgement.Fail(std::to_string(*expected.snapshots) + " snapshots are expected, but there are " +
                   std::to_string(disk.snapshots));
  }
  if (expected.configurations && *expected.configurations != disk.configurations) {
    judgement.Fail(std::to_string(*expected.configurations) +
                   " configurations in the Raft log are expected, but there are " +
                   std::to_string(disk.configurations));
  }
  if (expected.damage) {
    std::vector<std::string> kinds;
    for (const verdict::DiskDamage& damage : disk.damage) kinds.push_back(damage.kind);
    if (kinds != *expected.damage)
      judgement.Fail("damage " + List(*expected.damage) + " is expected, but it is " + List(kinds));
  }
  if (expected.nonces_unique && *expected.nonces_unique != disk.nonce_reuse.empty()) {
    judgement.Fail(*expected.nonces_unique ? "a nonce was used twice: " + List(disk.nonce_reuse)
                                           : "a nonce used twice is expected, but none was");
  }
  JudgeTexts(expected, disk, judgement);
  JudgeSizes(expected, disk, judgement);
}

bool WasTold(const verdict::Read& seen, const Past& past) {
  return past.reported || !seen.error.empty();
}

void JudgeTampering(const scenario::Read& read, const verdict::Read& seen, const Past& past,
                    Judgement& judgement) {
  switch (OutcomeOfTampering(read, seen, past)) {
    case TamperingOutcome::kDetected:
      return;
    case TamperingOutcome::kAcceptedSilently:
      judgement.Fail("accepted silently: something was delivered that was never published so",
                     "tampering");
      return;
    case TamperingOutcome::kDataLost:
      judgement.Fail("data lost: a published message is missing, and nothing was reported",
                     "tampering");
      return;
  }
}

}  // namespace

TamperingOutcome OutcomeOfTampering(const scenario::Read& read, const verdict::Read& seen,
                                    const Past& past) {
  const auto channel = past.history.find(read.channel);
  const Messages published = channel == past.history.end() ? Messages() : channel->second;
  std::map<uint64_t, bool> missing;
  for (const auto& [sequence, entry] : published) missing[sequence] = entry.certain;
  uint64_t previous = 0;
  for (const verdict::Delivery& delivery : FirstDeliveries(seen)) {
    const auto entry = published.find(delivery.sequence);
    const bool as_published = entry != published.end() &&
                              entry->second.payload == delivery.payload &&
                              delivery.subject == read.channel && delivery.sequence > previous;
    if (!as_published) return TamperingOutcome::kAcceptedSilently;
    previous = delivery.sequence;
    missing[delivery.sequence] = false;
  }
  const bool lost =
      std::ranges::any_of(missing, [](const auto& message) { return message.second; });
  return lost && !WasTold(seen, past) ? TamperingOutcome::kDataLost : TamperingOutcome::kDetected;
}

std::vector<Finding> Judge(const scenario::Expectation& expectation, const scenario::Action& action,
                           const verdict::Observation& seen, const Past& past) {
  Judgement judgement(expectation);
  if (const auto* started = std::get_if<verdict::Started>(&seen.outcome)) {
    JudgeStart(expectation, *started, judgement);
  } else if (const auto* published = std::get_if<verdict::Published>(&seen.outcome)) {
    const bool all = published->acked == std::get<scenario::Publish>(action).payloads.size();
    if (expectation.published && *expectation.published != all) {
      judgement.Fail(all ? "a refusal is expected, but all were acked"
                         : "an ack is expected, but: " + published->error);
    }
    if (expectation.answer) JudgeAnswer(*expectation.answer, {published->error}, judgement);
  } else if (const auto* read = std::get_if<verdict::Read>(&seen.outcome)) {
    if (expectation.receives) JudgeReceives(*expectation.receives, *read, judgement);
    if (expectation.redelivered) JudgeRedelivered(*expectation.redelivered, *read, judgement);
    if (expectation.tampering_detected) {
      JudgeTampering(std::get<scenario::Read>(action), *read, past, judgement);
    }
    if (expectation.tampering_noticed && !WasTold(*read, past))
      judgement.Fail("accepted silently: the change was noticed by nothing", "tampering");
  } else if (const auto* answered = std::get_if<verdict::Answered>(&seen.outcome)) {
    if (expectation.answer) JudgeAnswer(*expectation.answer, *answered, judgement);
  } else if (const auto* reply = std::get_if<verdict::Reply>(&seen.outcome)) {
    if (expectation.reply) JudgeReply(*expectation.reply, *reply, judgement);
  } else if (const auto* disk = std::get_if<verdict::Disk>(&seen.outcome)) {
    JudgeDisk(expectation, *disk, judgement);
  }
  if (expectation.errors) JudgeLog("ERR", *expectation.errors, seen, judgement);
  if (expectation.warnings) JudgeLog("WRN", *expectation.warnings, seen, judgement);
  return judgement.Take();
}

}  // namespace atrest::oracle
