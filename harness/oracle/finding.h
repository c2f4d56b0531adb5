// What an oracle has against an observation.
#pragma once

#include <string>

#include "harness/verdict/verdict.h"

namespace atrest::oracle {

struct Finding {
  std::string oracle;       // "model", "disk", "expectation", "tampering"
  std::string requirement;  // "" for the scenario's first
  verdict::Level level = verdict::Level::kMust;
  std::string message;  // expected and seen, in one line
};

// A payload for messages: text as it is, other bytes as hex, long ones cut.
std::string Show(const std::string& payload);

}  // namespace atrest::oracle
