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

void JudgeStart(const Expectation& expected, const verdict::Started& seen, Judgement& judgement) {
  if (expected.started && *expected.started != seen.ok) {
    judgement.Fail(seen.ok ? "a refusal is expected, but it started"
                           : "a start is expected, but it refused: " + seen.refusal);
  }
  if (!expected.refusal) return;
  if (seen.ok) {
    judgement.Fail("the refusal \"" + *expected.refusal + "\" is expected, but it started");
  } else if (seen.refusal != *expected.refusal) {
    judgement.Fail("the refusal \"" + *expected.refusal + "\" is expected, but it was \"" +
                   seen.refusal + "\"");
  }
}

void JudgeReceives(const std::vector<scenario::ExpectedDelivery>& expected,
                   const verdict::Read& seen, Judgement& judgement) {
  for (size_t i = 0; i < std::max(expected.size(), seen.deliveries.size()); ++i) {
    if (i >= expected.size()) {
      judgement.Fail("nothing more is expected, but sequence " +
                     std::to_string(seen.deliveries[i].sequence) +
                     " came: " + oracle::Show(seen.deliveries[i].payload));
      return;
    }
    const std::string wanted =
        "sequence " + std::to_string(expected[i].sequence) + " as " + Show(expected[i].payload);
    if (i >= seen.deliveries.size()) {
      judgement.Fail(wanted + " is expected, but nothing more came");
      return;
    }
    const verdict::Delivery& got = seen.deliveries[i];
    if (got.sequence != expected[i].sequence || !Matches(expected[i].payload, got.payload)) {
      judgement.Fail(wanted + " is expected, but sequence " + std::to_string(got.sequence) +
                     " came: " + oracle::Show(got.payload));
      return;
    }
  }
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

void JudgeMessage(const scenario::ExpectedDiskMessage& expected, const verdict::Disk& disk,
                  Judgement& judgement) {
  const std::string where = expected.channel + ":" + std::to_string(expected.sequence);
  const auto found = std::ranges::find_if(disk.messages, [&](const verdict::DiskMessage& message) {
    return message.channel == expected.channel && message.sequence == expected.sequence;
  });
  if (found == disk.messages.end()) {
    judgement.Fail(where + " is expected on disk, but is not there");
    return;
  }
  const auto differ = [&](const std::string& what, const std::string& wanted,
                          const std::string& got) {
    judgement.Fail(where + ": " + what + " " + wanted + " is expected, but it is " + got);
  };
  if (expected.cipher && *expected.cipher != found->cipher) {
    differ("cipher", expected.cipher->empty() ? "none" : *expected.cipher,
           found->cipher.empty() ? "none" : found->cipher);
  }
  if (expected.opened_by && *expected.opened_by != found->opened_by) {
    differ("opened by", List(*expected.opened_by), List(found->opened_by));
  }
  if (expected.data_size && *expected.data_size != found->data_size) {
    differ("data size", std::to_string(*expected.data_size), std::to_string(found->data_size));
  }
}

void JudgeTexts(const Expectation& expected, const verdict::Disk& disk, Judgement& judgement) {
  for (const verdict::ScanHit& hit : disk.hits) {
    const auto wanted = expected.texts.find(hit.text);
    if (wanted == expected.texts.end() || wanted->second == !hit.places.empty()) continue;
    judgement.Fail(wanted->second ? oracle::Show(hit.text) + " is expected on disk, but is nowhere"
                                  : oracle::Show(hit.text) +
                                        " must not be on disk, but stands in " + List(hit.places));
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

bool Reported(const verdict::Observation& seen) {
  return std::ranges::any_of(seen.log, [](const verdict::LogLine& line) {
    return line.level == "ERR" || line.level == "WRN" || line.level == "FTL";
  });
}

void JudgeTampering(const scenario::Read& read, const verdict::Observation& seen,
                    const History& history, Judgement& judgement) {
  switch (OutcomeOfTampering(read, seen, history)) {
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

TamperingOutcome OutcomeOfTampering(const scenario::Read& read, const verdict::Observation& seen,
                                    const History& history) {
  const auto& deliveries = std::get<verdict::Read>(seen.outcome).deliveries;
  const auto channel = history.find(read.channel);
  const auto published = channel == history.end() ? std::map<uint64_t, Entry>() : channel->second;
  std::map<uint64_t, bool> missing;
  for (const auto& [sequence, entry] : published) missing[sequence] = entry.certain;
  uint64_t previous = 0;
  for (const verdict::Delivery& delivery : deliveries) {
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
  return lost && !Reported(seen) ? TamperingOutcome::kDataLost : TamperingOutcome::kDetected;
}

std::vector<Finding> Judge(const Expectation& expectation, const scenario::Action& action,
                           const verdict::Observation& seen, const History& history) {
  Judgement judgement(expectation);
  if (const auto* started = std::get_if<verdict::Started>(&seen.outcome)) {
    JudgeStart(expectation, *started, judgement);
  } else if (const auto* published = std::get_if<verdict::Published>(&seen.outcome)) {
    const bool all = published->acked == std::get<scenario::Publish>(action).payloads.size();
    if (expectation.published && *expectation.published != all) {
      judgement.Fail(all ? "a refusal is expected, but all were acked"
                         : "an ack is expected, but: " + published->error);
    }
  } else if (const auto* read = std::get_if<verdict::Read>(&seen.outcome)) {
    if (expectation.receives) JudgeReceives(*expectation.receives, *read, judgement);
    if (expectation.tampering_detected) {
      JudgeTampering(std::get<scenario::Read>(action), seen, history, judgement);
    }
  } else if (const auto* disk = std::get_if<verdict::Disk>(&seen.outcome)) {
    JudgeDisk(expectation, *disk, judgement);
  }
  if (expectation.errors) JudgeLog("ERR", *expectation.errors, seen, judgement);
  if (expectation.warnings) JudgeLog("WRN", *expectation.warnings, seen, judgement);
  return judgement.Take();
}

}  // namespace atrest::oracle
