// What the evidence comes to: which fault was noticed by which checks, whether for the reason given
// and by whom; which checks noticed nothing; which lawful variants were blamed all the same. The
// gate of `atrest prove`.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "harness/prove/evidence.h"
#include "reference/base/fault.h"

namespace atrest::prove {

enum class Outcome {
  kKilled,       // by a failure of a requirement that the fault is said to break, in its suite
  kElsewhere,    // by such a failure, but only in a suite that asks for less
  kWrongReason,  // noticed, but by nothing of that kind
  kSurvived,     // noticed by nothing
  kLawful,       // a variant that conformance and hardening let pass
  kFalseAlarm,   // a variant that they do not
  kUnexecuted,   // the fault's code never ran: nothing is proven
  kTrouble,      // not tried to the end
};
const char* NameOf(Outcome outcome);

struct Tried {
  const fault::Row* row = nullptr;
  std::string target;  // on which it was tried
  Evidence evidence;
};

// Whether KILL is a failure of a requirement that ROW names.
bool IsStated(const fault::Row& row, const Kill& kill);
// Whether it is also in the suite that must notice ROW's fault, or in a stricter one: what
// conformance notices is noticed in any case, and what hardening does, in compatibility.
bool IsProof(const fault::Row& row, const Kill& kill);
// Whether KILL blames a lawful variant: a failure outside compatibility, or an end anywhere.
bool BreaksLaw(const Kill& kill);
Outcome OutcomeOf(const Tried& tried);
// The requirements that a variant differs in and that its row does not name.
std::set<std::string> UnnamedOf(const Tried& tried);
// Noticed for the stated reason by two oracles, or by scenarios of two requirements.
bool IsSolid(const fault::Row& row, const Evidence& evidence);
// Noticed by one check only.
bool IsThin(const Evidence& evidence);
// Each kill came by eyes of this kind.
bool IsOnlyBy(const Evidence& evidence, Eye eye);

struct Figures {
  uint64_t faults = 0;
  uint64_t killed = 0;
  uint64_t solid = 0;
  uint64_t thin = 0;
  uint64_t elsewhere = 0;          // killed in a suite that asks for less
  uint64_t quick = 0;              // killed for the stated reason by a scenario of --quick
  uint64_t unseen_by_clients = 0;  // all that clients see is as it should be
  uint64_t only_by_disk = 0;
  uint64_t only_by_nonces = 0;
  uint64_t only_by_properties = 0;
  uint64_t variants = 0;
  uint64_t lawful = 0;
  uint64_t unexecuted = 0;
  uint64_t trouble = 0;

  // No survivor, no false alarm, nothing that was not tried.
  bool gate() const {
    return killed == faults && lawful == variants && unexecuted == 0 && trouble == 0;
  }
};

struct Matrix {
  std::vector<Tried> tried;
  std::vector<std::string> checks;  // all that were run: scenarios, then properties
  bool early_end = false;           // each fault was tried only until it was killed
  std::string date;                 // RFC 3339
  std::string version;
  std::vector<std::pair<std::string, std::string>> options;
  double seconds = 0;
};

Figures FiguresOf(const Matrix& matrix);
// Checks that noticed no fault, in their order.
std::vector<std::string> ToothlessOf(const Matrix& matrix);

void PrintMatrix(const Matrix& matrix, std::ostream& out);
std::string JsonOf(const Matrix& matrix);
// The kill matrix as a page for people.
std::string MarkdownOf(const Matrix& matrix);

// What verbs on faults say where none are built in.
inline constexpr char kNoFaults[] = "this program was built without faults (ATREST_FAULTS)";
// The table of faults and variants as markdown: reference/FAULTS.md.
std::string FaultsText();

}  // namespace atrest::prove
