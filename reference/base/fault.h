// Deliberate defects of the reference, and lawful differences from it ("variants"), that
// `atrest prove` and `--fault NAME` switch on one at a time: a harness is worth what it catches.
// A row in faults_AREA.inc says what each is; the code it changes asks for it by name:
//     if (fault::On(Fault::kKeyWithoutChannel)) channel = "";
// On() is false, and the branch gone, where ATREST_FAULTS is not defined (packages). Else it is one
// comparison of a word in memory. Ask last, after whatever else decides whether the defect would
// show there (`size == 16 && On(...)`): each true answer counts as an execution, and a fault that
// never executes proves nothing. Where the rest costs or changes something, ask Is() first.
// Not for faults of the world around us: that is env/fault_file_system.h.
// Threads: one thread of a process runs the reference; the chosen fault is the process's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atrest {

#define ATREST_FAULT(id, ...) k##id,
enum class Fault : uint16_t {
  kNone,
#include "reference/base/faults_all.inc"
};
#undef ATREST_FAULT

namespace fault {

enum class Kind {
  kConformance,    // breaks a documented rule
  kHardening,      // breaks a security property
  kCompatibility,  // only differs from what 0.25.6 does
  kVariant,        // is lawful: must pass conformance and hardening, may differ in compatibility
};

// Where it can show.
enum class Place {
  kStore,    // at a target in this process, too
  kServer,   // only at the server program
  kCluster,  // at a cluster in the simulator
};

struct Row {
  Fault fault;
  std::string_view name;  // "key/without-channel"
  Kind kind;              // the suite that must notice it
  Place place;
  std::string_view requirements;  // that it breaks, by blanks; the first is the one it is about
  std::string_view what;          // is wrong, in one sentence
  std::string_view why;           // a weak harness misses it; of a variant: why it is lawful
};

// In the order of the table; none where faults are compiled out.
std::span<const Row> Rows();
// nullptr if there is none of that name.
const Row* Find(std::string_view name);
std::vector<std::string> RequirementsOf(const Row& row);
const char* NameOf(Kind kind);
// The targets in which it can show: "both", "server", "sim".
const char* NameOf(Place place);

// How often any fault has executed in this process. PROBE, if not null, is called at the first.
uint64_t Executions();
void OnFirstExecution(void (*probe)());

#ifdef ATREST_FAULTS

namespace internal {
extern Fault g_active;
bool Execute();
}  // namespace internal

// Whether one is chosen: to be asked before something that costs more than On.
inline bool IsAny() { return internal::g_active != Fault::kNone; }

// Whether FAULT is chosen; no execution.
inline bool Is(Fault fault) { return internal::g_active == fault; }

inline bool On(Fault fault) {
  if (internal::g_active != fault) [[likely]]
    return false;
  return internal::Execute();
}

// FAULT is on while this lives; the one before is again afterwards.
class Scope {
 public:
  explicit Scope(Fault fault) : before_(internal::g_active) { internal::g_active = fault; }
  ~Scope() { internal::g_active = before_; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  const Fault before_;
};

#else

constexpr bool IsAny() { return false; }
constexpr bool Is(Fault) { return false; }
constexpr bool On(Fault) { return false; }

class Scope {
 public:
  explicit Scope(Fault) {}
  ~Scope() {}
};

#endif

}  // namespace fault
}  // namespace atrest
