#include "harness/campaign/tally.h"

namespace atrest::campaign {

Failure* Tally::Find(const shrink::Fingerprint& fingerprint, bool disputed) {
  for (size_t i = 0; i < failure_count_; ++i) {
    if (failures_[i].disputed == disputed && failures_[i].Is(fingerprint)) return &failures_[i];
  }
  return nullptr;
}

void Tally::Note(const shrink::Fingerprint& fingerprint, bool disputed, const std::string& message,
                 uint64_t seed, size_t property, size_t step) {
  Failure* failure = Find(fingerprint, disputed);
  if (failure == nullptr) {
    if (failure_count_ == kFailuresMax) {
      ++dropped;
      return;
    }
    failure = &failures_[failure_count_];
    failure->suite = fingerprint.suite;
    failure->kind = fingerprint.kind;
    failure->oracle = fingerprint.oracle;
    failure->requirement = fingerprint.requirement;
    failure->about = fingerprint.about;
    failure->message = message;
    failure->seed = seed;
    failure->property = property;
    failure->step = step;
    failure->disputed = disputed;
    // Last: a job that ends in the middle has written none.
    ++failure_count_;
  }
  ++failure->count;
}

void Tally::Add(const Tally& other) {
  for (size_t i = 0; i < other.failure_count_; ++i) {
    const Failure& theirs = other.failures_[i];
    Failure* ours = Find(theirs.fingerprint(), theirs.disputed);
    if (ours == nullptr && failure_count_ < kFailuresMax) {
      failures_[failure_count_++] = theirs;
    } else if (ours == nullptr) {
      dropped += theirs.count;
    } else {
      const uint64_t count = ours->count + theirs.count;
      if (theirs.seed < ours->seed) *ours = theirs;
      ours->count = count;
    }
  }
  dropped += other.dropped;
  cases += other.cases;
  steps += other.steps;
  if (other.undecided > 0) undecided_why = other.undecided_why.str();
  undecided += other.undecided;
  skipped += other.skipped;
  harness_errors += other.harness_errors;
  for (size_t i = 0; i < kPropertiesMax; ++i) {
    properties[i].cases += other.properties[i].cases;
    properties[i].broken += other.properties[i].broken;
  }
  coverage.Add(other.coverage);
}

}  // namespace atrest::campaign
