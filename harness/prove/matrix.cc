#include "harness/prove/matrix.h"

#include <algorithm>

namespace atrest::prove {
namespace {

// The stricter, the less.
int RankOf(verdict::Suite suite) {
  if (suite == verdict::Suite::kConformance) return 0;
  return suite == verdict::Suite::kHardening ? 1 : 2;
}

int RankOf(fault::Kind kind) {
  if (kind == fault::Kind::kConformance) return 0;
  return kind == fault::Kind::kHardening ? 1 : 2;
}

Outcome OutcomeOfVariant(const Evidence& evidence) {
  return std::ranges::any_of(evidence.kills, BreaksLaw) ? Outcome::kFalseAlarm : Outcome::kLawful;
}

Outcome OutcomeOfFault(const fault::Row& row, const std::vector<Kill>& kills) {
  if (kills.empty()) return Outcome::kSurvived;
  const auto proof = [&](const Kill& kill) { return IsProof(row, kill); };
  const auto stated = [&](const Kill& kill) { return IsStated(row, kill); };
  if (std::ranges::any_of(kills, proof)) return Outcome::kKilled;
  return std::ranges::any_of(kills, stated) ? Outcome::kElsewhere : Outcome::kWrongReason;
}

}  // namespace

const char* NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kKilled:
      return "killed";
    case Outcome::kElsewhere:
      return "killed elsewhere";
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
  return IsFailure(kill) && std::ranges::find(stated, kill.requirement) != stated.end();
}

bool IsProof(const fault::Row& row, const Kill& kill) {
  return IsStated(row, kill) && RankOf(kill.suite) <= RankOf(row.kind);
}

bool BreaksLaw(const Kill& kill) {
  return !IsFailure(kill) || kill.suite != verdict::Suite::kCompatibility;
}

Outcome OutcomeOf(const Tried& tried) {
  const Evidence& evidence = tried.evidence;
  if (!evidence.trouble.empty()) return Outcome::kTrouble;
  if (!evidence.executed) return Outcome::kUnexecuted;
  if (tried.row->kind == fault::Kind::kVariant) return OutcomeOfVariant(evidence);
  return OutcomeOfFault(*tried.row, evidence.kills);
}

std::set<std::string> UnnamedOf(const Tried& tried) {
  std::set<std::string> unnamed;
  for (const Kill& kill : tried.evidence.kills) {
    if (!kill.requirement.empty()) unnamed.insert(kill.requirement);
  }
  for (const std::string& named : fault::RequirementsOf(*tried.row)) unnamed.erase(named);
  return unnamed;
}

bool IsSolid(const fault::Row& row, const Evidence& evidence) {
  std::set<std::string> oracles;
  std::set<std::string> requirements;
  for (const Kill& kill : evidence.kills) {
    if (!IsStated(row, kill)) continue;
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
    figures.elsewhere += outcome == Outcome::kElsewhere;
    if (outcome != Outcome::kKilled) continue;
    ++figures.killed;
    figures.solid += IsSolid(*tried.row, tried.evidence);
    figures.thin += IsThin(tried.evidence);
    figures.quick += std::ranges::any_of(
        kills, [&](const Kill& kill) { return kill.quick && IsProof(*tried.row, kill); });
    figures.unseen_by_clients +=
        std::ranges::none_of(kills, [](const Kill& kill) { return kill.eye == Eye::kClient; });
    figures.only_by_disk += IsOnlyBy(tried.evidence, Eye::kDisk);
    figures.only_by_nonces += IsOnlyBy(tried.evidence, Eye::kNonces);
    figures.only_by_properties +=
        tried.row->place != fault::Place::kCluster &&
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
