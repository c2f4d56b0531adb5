#include "harness/prove/matrix.h"

#include <algorithm>

namespace atrest::prove {
namespace {

bool IsLawBroken(const Kill& kill) { return kill.suite != verdict::Suite::kCompatibility; }

}  // namespace

const char* NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kKilled:
      return "killed";
    case Outcome::kWrongReason:
      return "wrong reason";
    case Outcome::kSurvived:
      return "SURVIVED";
    case Outcome::kLawful:
      return "lawful";
    case Outcome::kFalseAlarm:
      return "FALSE ALARM";
    case Outcome::kUnexecuted:
      return "NOT EXECUTED";
    case Outcome::kTrouble:
      return "TROUBLE";
  }
  return "";
}

bool IsStated(const fault::Row& row, const Kill& kill) {
  const auto stated = fault::RequirementsOf(row);
  return std::ranges::find(stated, kill.requirement) != stated.end();
}

Outcome OutcomeOf(const Tried& tried) {
  const Evidence& evidence = tried.evidence;
  const bool is_variant = tried.row->kind == fault::Kind::kVariant;
  const auto stated = [&](const Kill& kill) { return IsStated(*tried.row, kill); };
  if (!evidence.trouble.empty()) return Outcome::kTrouble;
  if (!evidence.executed) return Outcome::kUnexecuted;
  if (is_variant)
    return std::ranges::any_of(evidence.kills, IsLawBroken) ? Outcome::kFalseAlarm
                                                            : Outcome::kLawful;
  if (evidence.kills.empty()) return Outcome::kSurvived;
  return std::ranges::any_of(evidence.kills, stated) ? Outcome::kKilled : Outcome::kWrongReason;
}

bool IsSolid(const Evidence& evidence) {
  std::set<std::string> oracles;
  std::set<std::string> requirements;
  for (const Kill& kill : evidence.kills) {
    oracles.insert(kill.oracle);
    if (!kill.by_property) requirements.insert(kill.requirement);
  }
  return oracles.size() > 1 || requirements.size() > 1;
}

bool IsThin(const Evidence& evidence) {
  std::set<std::string> checks;
  for (const Kill& kill : evidence.kills) checks.insert(kill.check);
  return checks.size() == 1;
}

bool IsOnlyBy(const Evidence& evidence, Eye eye) {
  return !evidence.kills.empty() &&
         std::ranges::all_of(evidence.kills, [&](const Kill& kill) { return kill.eye == eye; });
}

Figures FiguresOf(const Matrix& matrix) {
  Figures figures;
  for (const Tried& tried : matrix.tried) {
    const auto& kills = tried.evidence.kills;
    const Outcome outcome = OutcomeOf(tried);
    figures.unexecuted += outcome == Outcome::kUnexecuted;
    figures.trouble += outcome == Outcome::kTrouble;
    if (tried.row->kind == fault::Kind::kVariant) {
      ++figures.variants;
      figures.lawful += outcome == Outcome::kLawful;
      continue;
    }
    ++figures.faults;
    if (outcome != Outcome::kKilled) continue;
    ++figures.killed;
    figures.solid += IsSolid(tried.evidence);
    figures.thin += IsThin(tried.evidence);
    figures.quick += std::ranges::any_of(
        kills, [&](const Kill& kill) { return kill.quick && IsStated(*tried.row, kill); });
    figures.unseen_by_clients +=
        std::ranges::none_of(kills, [](const Kill& kill) { return kill.eye == Eye::kClient; });
    figures.only_by_disk += IsOnlyBy(tried.evidence, Eye::kDisk);
    figures.only_by_nonces += IsOnlyBy(tried.evidence, Eye::kNonces);
    figures.only_by_properties +=
        std::ranges::all_of(kills, [](const Kill& kill) { return kill.by_property; });
  }
  return figures;
}

std::vector<std::string> ToothlessOf(const Matrix& matrix) {
  std::set<std::string> biting;
  for (const Tried& tried : matrix.tried) {
    if (tried.row->kind == fault::Kind::kVariant) continue;
    for (const Kill& kill : tried.evidence.kills) biting.insert(kill.check);
  }
  std::vector<std::string> toothless;
  for (const std::string& check : matrix.checks) {
    if (!biting.contains(check)) toothless.push_back(check);
  }
  return toothless;
}

}  // namespace atrest::prove
