// What the cases of a campaign have shown: counts, failures by fingerprint, coverage. Plain data of
// fixed size: the processes of a campaign (campaign_jobs.h) each write one in shared memory, and
// what was found is there whatever becomes of them.
// Errors: none; more kinds of failures than there is room for are counted as dropped.
// Threads: none shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/generate/coverage.h"
#include "harness/shrink/fingerprint.h"

namespace atrest::campaign {

// A text of at most SIZE bytes; what is longer is cut.
template <size_t SIZE>
class FixedText {
 public:
  void operator=(std::string_view text) {
    size_ = text.size() < SIZE ? text.size() : SIZE;
    for (size_t i = 0; i < size_; ++i) bytes_[i] = text[i];
  }
  bool operator==(std::string_view text) const {
    return std::string_view(bytes_.data(), size_) == text.substr(0, SIZE);
  }
  std::string str() const { return std::string(bytes_.data(), size_); }

 private:
  std::array<char, SIZE> bytes_;
  size_t size_ = 0;
};

// One kind of failure: a fingerprint, how often it came, and the first case that showed it.
struct Failure {
  verdict::Suite suite = verdict::Suite::kConformance;
  FixedText<96> kind;
  FixedText<16> oracle;
  FixedText<48> requirement;
  FixedText<96> about;
  FixedText<400> message;
  uint64_t count = 0;
  uint64_t seed = 0;    // of the first case
  size_t property = 0;  // of that case, an index of generate::Properties()
  size_t step = 0;      // of that case, an index
  bool disputed = false;

  // Whether it is of FINGERPRINT, as far as there is room for that.
  bool Is(const shrink::Fingerprint& of) const {
    return suite == of.suite && kind == of.kind && oracle == of.oracle &&
           requirement == of.requirement && about == of.about;
  }
  shrink::Fingerprint fingerprint() const {
    return {suite, kind.str(), oracle.str(), requirement.str(), about.str()};
  }
};

class Tally {
 public:
  static constexpr size_t kFailuresMax = 128;
  static constexpr size_t kPropertiesMax = 128;

  // A failure of the case SEED of PROPERTY; the first of a fingerprint is kept.
  void Note(const shrink::Fingerprint& fingerprint, bool disputed, const std::string& message,
            uint64_t seed, size_t property, size_t step);
  // What another job found. The lowest seed of a fingerprint is kept.
  void Add(const Tally& other);

  size_t failure_count() const { return failure_count_; }
  const Failure& failure(size_t index) const { return failures_[index]; }

  // Failures of which none of the fields below speaks.
  uint64_t dropped = 0;
  uint64_t cases = 0;
  uint64_t steps = 0;
  uint64_t undecided = 0;
  FixedText<200> undecided_why;  // of the last one, with its seed
  uint64_t skipped = 0;
  uint64_t harness_errors = 0;
  struct OfProperty {
    uint64_t cases = 0;
    uint64_t broken = 0;
  };
  std::array<OfProperty, kPropertiesMax> properties{};
  generate::Coverage coverage;

 private:
  Failure* Find(const shrink::Fingerprint& fingerprint, bool disputed);

  std::array<Failure, kFailuresMax> failures_{};
  size_t failure_count_ = 0;
};

}  // namespace atrest::campaign
