#include "harness/shrink/fingerprint.h"

namespace atrest::shrink {
namespace {

// What the model's messages have in common, whatever they name.
constexpr const char* kPhrases[] = {
    "must start",        "must be acked",  "is not on disk",  "is not stored as it is",
    "was refused",       "after sequence", "never published", "with the subject",
    "must be delivered",
};

std::string AboutWhat(const std::string& oracle, const std::string& message) {
  if (oracle != "model" && oracle != "disk") return "";
  for (const char* phrase : kPhrases) {
    if (message.find(phrase) != std::string::npos) return phrase;
  }
  return "";
}

}  // namespace

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
                         verdict.requirement, AboutWhat(verdict.oracle, verdict.message)};
    case Kind::kCrashed:
      // "the target ended by itself: signal 11": how it ended is part of which failure it is.
      return Fingerprint{verdict.suite, verdict.message, "", "", ""};
    case Kind::kTimeout:
    case Kind::kUndecided:
    case Kind::kHarnessError:
      break;
  }
  return Fingerprint{verdict.suite, verdict::NameOf(verdict.kind), "", "", ""};
}

Fingerprint FingerprintOf(verdict::Suite suite, const oracle::Finding& finding) {
  return {suite, verdict::NameOf(Kind::kFail), finding.oracle, finding.requirement,
          AboutWhat(finding.oracle, finding.message)};
}

std::string Show(const Fingerprint& fingerprint) {
  std::string text = std::string(verdict::NameOf(fingerprint.suite)) + ": " + fingerprint.kind;
  if (!fingerprint.requirement.empty()) text += " " + fingerprint.requirement;
  if (!fingerprint.oracle.empty()) text += " (" + fingerprint.oracle + ")";
  if (!fingerprint.about.empty()) text += ", " + fingerprint.about;
  return text;
}

}  // namespace atrest::shrink
