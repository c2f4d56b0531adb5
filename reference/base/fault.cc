#include "reference/base/fault.h"

#include <algorithm>

namespace atrest::fault {
namespace {

#ifdef ATREST_FAULTS
#define ATREST_FAULT(id, name, kind, place, requirements, what, why) \
  {Fault::k##id, name, Kind::kind, Place::place, requirements, what, why},
constexpr Row kRows[] = {
#include "reference/base/faults_all.inc"
};
#undef ATREST_FAULT
#endif

uint64_t g_executions = 0;
void (*g_probe)() = nullptr;

}  // namespace

#ifdef ATREST_FAULTS

namespace internal {

constinit Fault g_active = Fault::kNone;

bool Execute() {
  if (g_executions++ == 0 && g_probe != nullptr) g_probe();
  return true;
}

}  // namespace internal

std::span<const Row> Rows() { return kRows; }

#else

std::span<const Row> Rows() { return {}; }

#endif

const Row* Find(std::string_view name) {
  const auto rows = Rows();
  const auto found = std::ranges::find(rows, name, &Row::name);
  return found == rows.end() ? nullptr : &*found;
}

std::vector<std::string> RequirementsOf(const Row& row) {
  std::vector<std::string> requirements;
  std::string_view rest = row.requirements;
  while (!rest.empty()) {
    const size_t blank = std::min(rest.find(' '), rest.size());
    if (blank > 0) requirements.emplace_back(rest.substr(0, blank));
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return requirements;
}

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kConformance:
      return "conformance";
    case Kind::kHardening:
      return "hardening";
    case Kind::kCompatibility:
      return "compatibility";
    case Kind::kVariant:
      return "variant";
  }
  return "";
}

const char* NameOf(Place place) {
  switch (place) {
    case Place::kStore:
      return "both";
    case Place::kServer:
      return "server";
    case Place::kCluster:
      return "sim";
  }
  return "";
}

uint64_t Executions() { return g_executions; }
void OnFirstExecution(void (*probe)()) { g_probe = probe; }

}  // namespace atrest::fault
