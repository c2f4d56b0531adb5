// What was seen of one fault of the reference: each check that noticed it, and how. A check is a
// scenario or a property; it notices a fault if it is broken with the fault and not, in that way,
// without it.
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "harness/verdict/verdict.h"
#include "reference/base/status.h"

namespace atrest::prove {

// With which eyes a fault was seen: by what clients are given and told, by somebody who also looks
// at or lays hands on the files, or by the nonces of all that was ever on disk.
enum class Eye { kClient, kDisk, kNonces };
const char* NameOf(Eye eye);

struct Kill {
  std::string check;  // the id of a scenario or property
  bool by_property = false;
  bool quick = false;  // a scenario of `--quick`
  verdict::Suite suite = verdict::Suite::kConformance;
  std::string kind;         // verdict::NameOf: "fail", "crashed", "timeout"
  std::string oracle;       // or how it ended, where none spoke
  std::string requirement;  // "" where it ended, or differs from the reference in what none names
  Eye eye = Eye::kClient;
  uint64_t cases = 0;        // of all properties, until this one; 0 for a scenario
  uint64_t seed = 0;         // of the generated case; 0 for a scenario
  uint64_t target_seed = 1;  // of the target's entropy
  std::string message;       // the first, in one line
};
// Whether somebody saw what is wrong: a crash or a timeout may be about anything.
bool IsFailure(const Kill& kill);

struct Evidence {
  // Adds one, unless the check is known to have seen that.
  void Add(Kill kill);

  bool executed = false;  // the fault's code ran
  uint64_t scenarios = 0;
  uint64_t cases = 0;
  std::vector<Kill> kills;          // one of each check, oracle and requirement
  std::set<std::string> undecided;  // checks that decide without the fault, and did not with it
  std::string trouble;              // why there is less than was asked for; "" for nothing
  double seconds = 0;
};

// Adds MORE, of another round on the same fault.
void Merge(const Evidence& more, Evidence& evidence);

// As bytes, for a pipe. kInvalid for bytes that are not ours.
std::string Packed(const Evidence& evidence);
Result<Evidence> Unpacked(const std::string& bytes);

}  // namespace atrest::prove
