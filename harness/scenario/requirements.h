// The register of requirements (scenarios/requirements.json): what the documentation claims, what
// the real server was measured to do, and what hardening asks. Every scenario cites ids of it.
// Threads: values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/verdict/verdict.h"
#include "reference/base/status.h"

namespace atrest::scenario {

struct Requirement {
  std::string id;
  verdict::Suite suite = verdict::Suite::kConformance;
  verdict::Level level = verdict::Level::kMust;
  std::string text;
  std::string source;  // document and section
};

class Requirements {
 public:
  // Parses the register. kInvalid with "FILE: JSON-POINTER: why" where it is malformed or names an
  // id twice.
  static Result<Requirements> Parse(const std::string& file, std::string_view json);
  // null if there is none. Valid while this object lives.
  const Requirement* Find(const std::string& id) const;
  const std::vector<Requirement>& all() const { return all_; }

 private:
  std::vector<Requirement> all_;  // by id
};

}  // namespace atrest::scenario
