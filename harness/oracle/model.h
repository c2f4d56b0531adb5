// The model: what the documentation promises, and nothing else. It follows a scenario's steps,
// knows for every message what it was published as and under which key and cipher it must be
// stored, and judges what clients got and what is on disk.
// What an interrupt leaves open, whether the message in flight was stored, it leaves open too: what
// was acked before and behind must be there, in order.
// Where the documentation leaves a choice, every choice passes; where it is silent, nothing is
// judged. Requirement ids are those of scenarios/requirements.json (D-01 to D-16); a finding
// without one is for the requirement its scenario is about.
// Written from the documentation's claims alone; shares no code with reference/. What the real
// server does beyond them is for expectations in scenarios (expectation.h).
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
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
  std::string key;             // for kSealed: the configured key's bytes
  std::string cipher;          // for kSealed: "AES", "CHACHA", or "" where it is not described
  bool cipher_chosen = false;  // by an option, rather than by the platform
  bool certain = true;         // it must be there; false where limits may have removed it
};

using Messages = std::map<uint64_t, Entry>;       // by sequence
using History = std::map<std::string, Messages>;  // by channel

class Model {
 public:
  // KEYS: the scenario's, by name.
  explicit Model(std::map<std::string, std::string> keys) : keys_(std::move(keys)) {}

  // Starts from a golden store. Before any other call.
  void Adopt(const std::vector<scenario::KnownMessage>& messages);

  // Follows one step and judges its outcome. REQUIRES: SEEN has the outcome of a step like ACTION.
  std::vector<Finding> Observe(const scenario::Action& action, const verdict::Observation& seen);

  // Payloads that must not be found in any file: published under encryption only, and long enough
  // not to occur by chance.
  std::vector<std::string> Canaries() const;

  // What was published to the store that is running now.
  const History& history() const { return *history_; }

 private:
  // How the running server treats payloads, by the documentation.
  struct Mode {
    enum class Encryption { kOff, kOn, kUnspecified } encryption = Encryption::kOff;
    std::string key;
    std::string cipher;  // as Entry::cipher
    bool cipher_chosen = false;
  };
  // What a store was made with that later starts may not change.
  struct Making {
    std::string cluster_id;
    uint32_t crc_polynomial = 0;
  };
  enum class Duty { kMustDeliver, kMayDeliver, kMustNotDeliver, kUnspecified };
  using Findings = std::vector<Finding>;

  // What a channel holds from its first message on of which it is not known whether it was stored:
  // the sequences of all behind are not known either.
  struct Doubt {
    uint64_t from = 1;        // the sequence of the first of them that is stored
    std::vector<Entry> sent;  // in order; certain: it was acked, and no limit may have removed it
  };

  Mode ModeOf(const scenario::Settings& settings) const;
  Entry EntryFor(const std::string& payload) const;
  Duty DutyFor(const Entry& entry) const;
  bool SomethingCannotBeRead() const;
  bool IsJudged(const std::string& channel) const;
  bool FollowMaking(const scenario::Settings& settings);
  void Limit(const std::string& channel, Messages& messages);
  void End();

  void Follow(const scenario::Start& start, const verdict::Started& started, Findings& findings);
  void Follow(const scenario::Publish& publish, const verdict::Published& published,
              Findings& findings);
  void Follow(const scenario::ClientStep& step, const verdict::Observation& seen,
              Findings& findings);

  void JudgeRefusal(const scenario::Publish& publish, const verdict::Published& published,
                    Findings& findings);
  void AddDoubtful(const scenario::Publish& publish, size_t first, size_t acked);
  bool IsInDoubt(const std::string& channel, uint64_t sequence) const;
  static bool CanBeLeft(const std::vector<Entry>& sent, const std::vector<std::string>& payloads,
                        bool with_first, bool is_prefix);
  void JudgeDoubtful(const scenario::Read& read, const verdict::Read& seen,
                     Findings& findings) const;

  void JudgeRead(const scenario::Read& read, const verdict::Read& seen, Findings& findings) const;
  void JudgeDelivery(const std::string& channel, const verdict::Delivery& delivery,
                     Findings& findings) const;
  void JudgeMissing(const scenario::Read& read, const verdict::Read& seen,
                    Findings& findings) const;

  void JudgeDisk(const scenario::Inspect& inspect, const verdict::Disk& disk,
                 Findings& findings) const;
  void JudgeCopies(const std::string& channel, uint64_t sequence, const Entry& entry,
                   const scenario::Inspect& inspect,
                   const std::vector<const verdict::DiskMessage*>& copies,
                   Findings& findings) const;
  void JudgeSealed(const std::string& where, const Entry& entry, const scenario::Inspect& inspect,
                   const verdict::DiskMessage& stored, Findings& findings) const;

  std::map<std::string, std::string> keys_;
  History on_disk_;
  History in_memory_;  // of a memory store; empty once it stops
  History* history_ = &on_disk_;
  Mode mode_;
  std::optional<uint64_t> max_messages_;
  bool other_limits_ = false;
  bool may_refuse_ = false;  // channels, subscriptions, or a start with arguments of any kind
  std::optional<Making> making_;
  std::set<std::string> unclear_;        // channels with a publish that was refused: stored or not?
  std::map<std::string, Doubt> doubts_;  // by channel, of the file store
  bool is_interrupted_ = false;          // an interrupt is armed, or has come
  bool was_interrupted_ = false;         // an interrupt came in this or an earlier run
  std::map<std::string, std::string> subscribed_to_;  // subscription -> channel
  bool tampered_ = false;  // somebody else wrote to the files: nothing is promised any more
};

}  // namespace atrest::oracle
