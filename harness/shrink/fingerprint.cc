#include "harness/shrink/fingerprint.h"

namespace atrest::shrink {

using verdict::Kind;

std::optional<Fingerprint> FingerprintOf(const verdict::Verdict& verdict) {
  switch (verdict.kind) {
    case Kind::kPass:
    case Kind::kRejectedAsExpected:
    case Kind::kSkipped:
      return std::nullopt;
    case Kind::kFail:
    case Kind::kDisputed:
      return Fingerprint{verdict.suite, verdict::NameOf(verdict.kind), verdict.oracle,
                         verdict.requirement};
    case Kind::kCrashed:
      // "the target ended by itself: signal 11": how it ended is part of which failure it is.
      return Fingerprint{verdict.suite, verdict.message, "", ""};
    case Kind::kTimeout:
    case Kind::kUndecided:
    case Kind::kHarnessError:
      break;
  }
  return Fingerprint{verdict.suite, verdict::NameOf(verdict.kind), "", ""};
}

Fingerprint FingerprintOf(verdict::Suite suite, const oracle::Finding& finding) {
  return {suite, verdict::NameOf(Kind::kFail), finding.oracle, finding.requirement};
}

std::string Show(const Fingerprint& fingerprint) {
  std::string text = std::string(verdict::NameOf(fingerprint.suite)) + ": " + fingerprint.kind;
  if (!fingerprint.requirement.empty()) text += " " + fingerprint.requirement;
  if (!fingerprint.oracle.empty()) text += " (" + fingerprint.oracle + ")";
  return text;
}

}  // namespace atrest::shrink
