// What makes two failures the same one: minimising (minimise.h) must not slip from the failure it
// was given to another. Messages do not count, since they name what is made simpler: sequences,
// payloads, channels, keys.
// Threads: values and pure functions.
#pragma once

#include <optional>
#include <string>

#include "harness/oracle/finding.h"
#include "harness/verdict/verdict.h"

namespace atrest::shrink {

struct Fingerprint {
  verdict::Suite suite = verdict::Suite::kConformance;
  std::string kind;         // verdict::NameOf the verdict's kind; a crash's with how it ended
  std::string oracle;       // "" where no oracle spoke
  std::string requirement;  // likewise
  // Which of the failures that have no requirement of their own: a part of the message that names
  // nothing, "" for none.
  std::string about;

  bool operator==(const Fingerprint&) const = default;
};

// nullopt where nothing failed: passed, skipped.
std::optional<Fingerprint> FingerprintOf(const verdict::Verdict& verdict);

// Of a finding in SUITE.
Fingerprint FingerprintOf(verdict::Suite suite, const oracle::Finding& finding);

// "hardening: fail H-off-noticed (ideal)", for messages.
std::string Show(const Fingerprint& fingerprint);

}  // namespace atrest::shrink
