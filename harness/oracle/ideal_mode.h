// How a server that is started with given settings treats payloads, as far as that is beyond doubt,
// and which of its limits the ideal can follow (ideal.h).
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/scenario/scenario.h"

namespace atrest::oracle {

struct IdealMode {
  enum class Encryption { kOff, kOn, kUnknown } encryption = Encryption::kOff;
  std::string key;            // for kOn: its bytes
  bool lacks_key = false;     // told to encrypt, or given a key, with nothing but empty keys
  bool unused_key = false;    // a key is in the variable, and the switch is not given
  bool bad_cipher = false;    // encryption is on with a cipher that there is not
  uint64_t max_messages = 0;  // 0 for none
  bool other_limits = false;  // limits of which it cannot be known from outside what they remove
};

// KEYS: by name. Where sources of a key disagree in a way that nothing but the real server's code
// decides, encryption is kUnknown.
IdealMode ModeOf(const scenario::Settings& settings,
                 const std::map<std::string, std::string>& keys);

}  // namespace atrest::oracle
