// A scenario in the making: steps are told one after the other, each only where it may follow
// (scenario/loader.h), and what the store then holds is remembered as far as the real server's
// behaviour tells (standalone.md 1 and 3), so that a later tamper step fits the files. Whatever is
// told, the result is a valid scenario that asks for nothing that the target lacks: a verb that
// cannot be done now, or by this target, does nothing.
// For the generators of harness/generate (focus.h), which choose what is told.
// Ownership: the generator of random numbers is borrowed.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "reference/base/random.h"

namespace atrest::generate {

// Names of keys; their bytes are the story's.
inline constexpr char kKey[] = "K";
inline constexpr char kOtherKey[] = "other";
inline constexpr char kEmptyKey[] = "empty";
inline constexpr char kPaddedKey[] = "padded";  // as kKey, with spaces around it
inline constexpr char kLongKey[] = "long";
inline constexpr char kBytesKey[] = "bytes";  // not UTF-8
inline constexpr char kWordKey[] = "word";    // UTF-8, not ASCII
inline constexpr char kSpaceKey[] = "space";  // one space

// A record of the first slice of a channel, in the order of the file.
struct StoredRecord {
  size_t data_size = 0;  // as stored
  bool sealed = false;
};

struct StoryChannel {
  uint64_t published = 0;             // about: what was acked, if all was
  std::vector<StoredRecord> records;  // of the first slice
  bool known = true;                  // RECORDS is what the file holds
};

class Story {
 public:
  // STEPS: about how many there are to be. CAPABILITIES: of the target (driver.h).
  Story(Random& random, const std::set<std::string>& capabilities, size_t steps);

  Random& random() { return random_; }
  bool Can(const char* capability) const { return capabilities_.contains(capability); }
  // True once there are enough steps, and in any case at an end of all telling.
  bool IsFull() const { return steps_.size() >= steps_max_ || told_ >= told_max_; }
  bool running() const { return running_; }
  // The directory has been used by a server.
  bool has_store() const { return has_store_; }
  const std::map<std::string, StoryChannel>& channels() const { return channels_; }

  // Verbs. Stopping what does not run does nothing; Start ends what runs first.
  void Start(scenario::Settings settings);
  void Stop();
  void Kill();  // where the target cannot be killed, it is stopped
  void End();   // whatever ends this run
  // To the channel that NAME was used for first, in whatever case: the real server refuses names
  // that differ in nothing else.
  void Publish(const std::string& name, std::vector<std::string> payloads,
               bool explicit_empty = false, const std::string& client = "");
  void Read(scenario::Read read);
  void ReadAll(const std::string& channel) { Read({channel}); }
  void Wait(int64_t ms);  // only where time passes at no cost
  void Interrupt(scenario::Interrupt interrupt);
  void Tamper(std::vector<scenario::TamperOperation> operations);
  void Inspect();
  void Act(scenario::ClientStep step);

  // A text that no other message has, all of one size: what a swap of two messages shows in.
  std::string Text();

  // A record of CHANNEL whose data the target has sealed, from 1; 0 for none. Two of one size, or
  // both 0.
  uint64_t SealedRecord(const std::string& channel);
  std::pair<uint64_t, uint64_t> SealedPair(const std::string& channel);

  // The steps, the needs that they have, and the keys that they name.
  void MoveInto(scenario::Scenario& scenario);

 private:
  void Push(scenario::Action action);
  void Remember(const std::string& channel, const std::vector<std::string>& payloads);
  void Forget(const std::string& file);
  void NoteKeys(const scenario::Settings& settings);

  Random& random_;
  const std::set<std::string>& capabilities_;
  size_t steps_max_;
  size_t told_max_;  // verbs, done or not
  size_t told_ = 0;
  std::vector<scenario::Step> steps_;
  std::set<std::string> keys_used_;
  std::set<std::string> needs_;
  std::map<std::string, StoryChannel> channels_;
  std::set<std::string> copies_;
  std::map<std::string, std::string> names_;  // of channels, by their capitals
  uint64_t texts_ = 0;
  bool running_ = false;
  bool has_store_ = false;
  bool in_memory_ = false;
  bool refused_ = false;  // the last start is one that no server accepts
  bool seals_ = false;
  bool doubtful_ = false;     // whether the running server seals is not known
  bool sliced_ = false;       // some run had small slices
  bool interrupted_ = false;  // a fault is armed, or has come
  bool must_be_killed_ = false;
};

// The bytes of the key NAME.
const std::string& BytesOfKey(const std::string& name);

}  // namespace atrest::generate
