// The ideal: what a store that notices everything would show. It judges hardening scenarios without
// expectations, and everything that is generated. From the steps, tampering included, it knows what
// each message was, what was done to the files, and whether anybody was told since; it judges
// starts, publishes and what readers get. Each finding carries the H- requirement
// (scenarios/requirements.json) that tells which weakness it is, and names channel and sequence.
// Whoever refuses, or reports and delivers nothing false, is never blamed: any warning or error
// since the start or the tampering counts as a report. Where the outcome of a step cannot be known
// from outside (an unacked publish, sequences after a loss, a mode that nothing describes) the
// ideal is silent rather than wrong.
// Written from the requirements and standalone.md 1 and 3; shares no code with reference/, nor with
// the model, which speaks for the documentation (model.h).
// Not for bytes on disk: that is harness/disktruth.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/oracle/finding.h"
#include "harness/oracle/ideal_damage.h"
#include "harness/oracle/ideal_mode.h"
#include "harness/scenario/known_store.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"

namespace atrest::oracle {

class Ideal {
 public:
  // KEYS: the scenario's, by name.
  explicit Ideal(std::map<std::string, std::string> keys) : keys_(std::move(keys)) {}

  // Starts from a golden store. Before any other call.
  void Adopt(const std::vector<scenario::KnownMessage>& messages);

  // Follows one step and judges its outcome. REQUIRES: SEEN has the outcome of a step like ACTION.
  std::vector<Finding> Observe(const scenario::Action& action, const verdict::Observation& seen);

 private:
  using Findings = std::vector<Finding>;

  // A message as it was acked.
  struct Kept {
    std::string payload;
    enum class Seal { kPlain, kSealed, kUnknown } seal = Seal::kPlain;
    std::string key;              // for kSealed: the key's bytes
    bool explicit_empty = false;  // sent as a field that is there and empty
    bool certain = true;          // false where limits may have removed it
    uint64_t removed_in = 0;      // the run in which a limit took it away; 0 for none
  };
  struct Channel {
    std::map<uint64_t, Kept> messages;
    // Payloads that may stand under any sequence: not acked, or acked after a loss, when the target
    // may have given a sequence again.
    std::set<std::string> floating;
    bool loose = false;      // sequences are not known any more
    bool simple = true;      // record N of the first slice is sequence N
    bool unreached = false;  // files were changed in a way that may hit any of its messages
    std::vector<Damage> damages;
    std::set<uint64_t> damaged;  // sequences
  };
  using Channels = std::map<std::string, Channel>;
  // What the running server owes of a message.
  enum class Duty {
    kDeliver,
    kReport,  // it cannot be read: to be reported, and not to be in the way
    kNothing
  };

  void NoteReports(const scenario::Action& action, const verdict::Observation& seen);
  void Limit(Channel& channel) const;
  void Loosen(Channel& channel) const;
  Kept KeptOf(const scenario::Publish& publish, const std::string& payload) const;

  void Follow(const scenario::Start& start, const verdict::Observation& seen, Findings& findings);
  void Follow(const scenario::Publish& publish, const verdict::Published& published,
              Findings& findings);
  void Follow(const scenario::ClientStep& step, const verdict::Observation& seen,
              Findings& findings);
  void Follow(const scenario::Tamper& tamper);
  void End();

  void JudgeKey(const std::string& what, Findings& findings);
  void JudgeStored(const std::string& where, const Channel& channel, Findings& findings);
  bool IsOtherKey() const;

  void JudgeRead(const scenario::Read& read, const verdict::Read& seen, Findings& findings);
  void JudgeDelivery(const std::string& name, const Channel& channel,
                     const verdict::Delivery& delivery, Findings& findings) const;
  const char* BlameFor(const Channel& channel, const Kept* kept, const std::string& name,
                       const verdict::Delivery& delivery) const;
  const char* BlameForOrder(const Channel& channel) const;
  bool IsSealed(const Channel& channel) const;
  Duty DutyFor(const Channel& channel, uint64_t sequence, const Kept& kept) const;
  void JudgeMissing(const scenario::Read& read, const Channel& channel, const verdict::Read& seen,
                    Findings& findings) const;
  void JudgeUnread(const std::string& where, const Channel& channel, uint64_t sequence,
                   const Kept& kept, bool told, Findings& findings) const;

  std::map<std::string, std::string> keys_;
  Channels on_disk_;
  Channels in_memory_;  // of a memory store; empty once it stops
  Channels* channels_ = &on_disk_;
  IdealMode mode_;
  uint64_t run_ = 0;
  bool reported_ = false;      // since the last start or tampering
  bool key_judged_ = false;    // a run under another key is blamed once
  bool clear_judged_ = false;  // and so is one that stores in clear
  bool sliced_ = false;
  std::map<std::string, std::string> subscribed_to_;  // subscription -> channel
};

}  // namespace atrest::oracle
