// The register of disputes (scenarios/disputes.json): where documentation and real server disagree.
// A target that does what either says has done nothing wrong, so a conformance failure that an
// entry explains is the verdict "disputed" and fails nothing.
// Errors: kInvalid "FILE: JSON-POINTER: why".
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verdict/verdict.h"
#include "reference/base/status.h"

namespace atrest::runner {

struct Dispute {
  std::string id;
  std::string claim;                   // the requirement that says otherwise
  std::string document;                // what it says
  std::string server;                  // what 0.25.6 does
  std::string source;                  // where that was measured
  std::vector<std::string> scenarios;  // those that show it
  // Failures of the claim in them that it explains: a pattern of their messages. nullopt: no
  // scenario can show it on the machines that we know.
  std::optional<std::string> message;
};

class Disputes {
 public:
  static Result<Disputes> Parse(const std::string& file, std::string_view json);

  // Makes a conformance failure that an entry explains a dispute.
  void Settle(verdict::Verdict& verdict) const;

  const std::vector<Dispute>& all() const { return all_; }

 private:
  std::vector<Dispute> all_;
};

}  // namespace atrest::runner
