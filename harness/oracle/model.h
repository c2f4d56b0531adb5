// The model: what the documentation promises, and nothing else. It follows a scenario's steps,
// knows for every message what it was published as and under which key and cipher it must be
// stored, and judges what clients got and what is on disk. Where the documentation leaves a choice,
// every choice passes; where it is silent, nothing is judged. Requirement ids are those of
// scenarios/requirements.json (D-01 to D-16).
// Written from the documentation's claims alone; shares no code with reference/. What the real
// server does beyond them is for expectations in scenarios (expectation.h).
// Threads: none shared.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/oracle/finding.h"
#include "harness/scenario/known_store.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"

namespace atrest::oracle {

// A message as the model knows it.
struct Entry {
  std::string payload;
  enum class Storage { kPlain, kSealed, kUnspecified } storage = Storage::kPlain;
  std::string key;     // for kSealed: the configured key's bytes
  std::string cipher;  // for kSealed: "AES", "CHACHA", or "" where the documentation does not say
  bool certain =
      true;  // it must be there; false where limits may have removed it or its ack never came
};

using History = std::map<std::string, std::map<uint64_t, Entry>>;  // channel -> sequence -> message

class Model {
 public:
  // KEYS: the scenario's, by name.
  explicit Model(std::map<std::string, std::string> keys) : keys_(std::move(keys)) {}

  // Starts from a golden store. Before any other call.
  void Adopt(const std::vector<scenario::KnownMessage>& messages);

  // Follows one step and judges its outcome.
  std::vector<Finding> Observe(const scenario::Action& action, const verdict::Observation& seen);

  // Payloads that must not be found in any file: published under encryption only, and long enough
  // not to occur by chance.
  std::vector<std::string> Canaries() const;

  const History& history() const { return history_; }

 private:
  // How the running server treats payloads, by the documentation.
  struct Mode {
    enum class Encryption { kOff, kOn, kUnspecified } encryption = Encryption::kOff;
    std::string key;
    std::string cipher;  // as Entry::cipher
  };
  enum class Duty { kMustDeliver, kMayDeliver, kMustNotDeliver, kUnspecified };

  Mode ModeOf(const scenario::Settings& settings) const;
  Duty DutyFor(const Entry& entry) const;
  bool RefusalIsAllowed() const;
  void ApplyLimits(const scenario::Settings& settings);
  void Limit(std::map<uint64_t, Entry>& messages) const;

  void JudgeStart(const scenario::Start& start, const verdict::Started& started,
                  std::vector<Finding>& findings);
  void JudgePublish(const scenario::Publish& publish, const verdict::Published& published,
                    std::vector<Finding>& findings);
  void JudgeRead(const scenario::Read& read, const verdict::Read& seen,
                 std::vector<Finding>& findings) const;
  void JudgeDelivery(const std::string& channel, const verdict::Delivery& delivery,
                     std::vector<Finding>& findings) const;
  void JudgeMissing(const scenario::Read& read, const verdict::Read& seen,
                    std::vector<Finding>& findings) const;
  void JudgeDisk(const scenario::Inspect& inspect, const verdict::Disk& disk,
                 std::vector<Finding>& findings) const;
  void JudgeStored(const std::string& where, const Entry& entry, const scenario::Inspect& inspect,
                   const verdict::DiskMessage& stored, std::vector<Finding>& findings) const;

  std::map<std::string, std::string> keys_;
  History history_;
  Mode mode_;
  std::optional<uint64_t> max_messages_;
  bool other_limits_ = false;
  bool durable_ = true;  // false for the memory store: a stop empties it
  bool tampered_ =
      false;  // someone else wrote to the files: the documentation promises nothing any more
};

}  // namespace atrest::oracle
