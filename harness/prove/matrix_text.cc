// The matrix for people: lines for a terminal, and pages.
#include <algorithm>
#include <iomanip>
#include <sstream>

#include "harness/prove/digest.h"
#include "harness/prove/matrix.h"

namespace atrest::prove {
namespace {

constexpr int kNameWidth = 40;

bool IsVariant(const Tried& tried) { return tried.row->kind == fault::Kind::kVariant; }

bool IsAsItShould(const Tried& tried) {
  const Outcome outcome = OutcomeOf(tried);
  return outcome == Outcome::kKilled || outcome == Outcome::kLawful;
}

// "12 scenarios and 3 properties"
std::string ChecksOf(const Digest& digest) {
  return std::to_string(digest.scenarios) + " scenarios and " + std::to_string(digest.properties) +
         " properties";
}

std::string CasesOf(const Kill& kill) {
  return kill.by_property ? ", case " + std::to_string(kill.cases) : "";
}

std::string FiguresText(const Figures& figures) {
  std::ostringstream out;
  out << figures.killed << " of " << figures.faults << " faults killed for the stated reason, "
      << figures.quick << " of them by scenarios of --quick; " << figures.lawful << " of "
      << figures.variants << " lawful variants pass";
  if (figures.elsewhere > 0) out << "; " << figures.elsewhere << " killed in a laxer suite only";
  if (figures.unexecuted > 0) out << "; " << figures.unexecuted << " never executed";
  if (figures.trouble > 0) out << "; " << figures.trouble << " could not be tried";
  return out.str();
}

std::string EyesText(const Figures& figures) {
  std::ostringstream out;
  out << figures.solid
      << " killed for the stated reason by two oracles or by scenarios of two requirements, "
      << figures.thin << " by one check only; invisible to clients " << figures.unseen_by_clients
      << ", seen only on disk " << figures.only_by_disk << ", only by the history of nonces "
      << figures.only_by_nonces << ", only by generated cases " << figures.only_by_properties;
  return out.str();
}

void PrintTried(const Tried& tried, std::ostream& out) {
  const Digest digest = DigestOf(*tried.row, tried.evidence);
  out << std::left << std::setw(kNameWidth) << tried.row->name << ' ' << std::setw(13)
      << NameOf(OutcomeOf(tried)) << ' ';
  if (!tried.evidence.trouble.empty()) {
    out << tried.evidence.trouble;
  } else if (digest.first != nullptr) {
    out << ChecksOf(digest) << " (" << Joined(digest.oracles) << "); " << digest.first->check
        << CasesOf(*digest.first) << ": " << ReasonOf(*digest.first);
  }
  out << '\n';
  if (digest.first != nullptr && !IsAsItShould(tried))
    out << "    " << digest.first->message << "\n    " << ReplayOf(tried, *digest.first) << '\n';
}

// What does not fail the gate, and is to be known.
void PrintRemarks(const Tried& tried, std::ostream& out) {
  if (IsVariant(tried) && !UnnamedOf(tried).empty())
    out << "unnamed: " << tried.row->name << " also differs in " << Joined(UnnamedOf(tried))
        << '\n';
  if (!tried.evidence.undecided.empty())
    out << "undecided: " << tried.row->name << ", by " << Joined(tried.evidence.undecided) << '\n';
}

void MarkdownFaults(const Matrix& matrix, std::ostream& out) {
  out << "| fault | suite | outcome | scenarios | properties | oracles | requirements | "
         "first seen by |\n|---|---|---|---:|---:|---|---|---|\n";
  for (const Tried& tried : matrix.tried) {
    if (IsVariant(tried)) continue;
    const Digest digest = DigestOf(*tried.row, tried.evidence);
    out << "| `" << tried.row->name << "` | " << fault::NameOf(tried.row->kind) << " | "
        << NameOf(OutcomeOf(tried)) << " | " << digest.scenarios << " | " << digest.properties
        << " | " << Joined(digest.oracles) << " | " << Joined(digest.requirements) << " | ";
    if (digest.first != nullptr)
      out << digest.first->check << CasesOf(*digest.first) << " (" << ReasonOf(*digest.first)
          << ")";
    out << " |\n";
  }
}

void MarkdownVariants(const Matrix& matrix, std::ostream& out) {
  out << "| variant | outcome | differs from 0.25.6 in |\n|---|---|---|\n";
  for (const Tried& tried : matrix.tried) {
    if (!IsVariant(tried)) continue;
    const Digest digest = DigestOf(*tried.row, tried.evidence);
    out << "| `" << tried.row->name << "` | " << NameOf(OutcomeOf(tried)) << " | ";
    if (digest.first == nullptr) {
      out << "nothing that a check looks at";
    } else {
      out << ChecksOf(digest) << ": " << Joined(digest.requirements);
    }
    const auto unnamed = UnnamedOf(tried);
    if (!unnamed.empty()) out << "; unnamed: " << Joined(unnamed);
    out << " |\n";
  }
}

void MarkdownList(const char* title, const std::vector<std::string>& names, std::ostream& out) {
  out << "\n## " << title << " (" << names.size() << ")\n\n";
  for (const std::string& name : names) out << "- `" << name << "`\n";
}

void MarkdownUndecided(const Matrix& matrix, std::ostream& out) {
  out << "\n## Undecided: where a check could not tell, and can without the fault\n\n";
  for (const Tried& tried : matrix.tried) {
    const auto& checks = tried.evidence.undecided;
    if (!checks.empty()) out << "- `" << tried.row->name << "`: " << Joined(checks) << '\n';
  }
}

void FaultRows(bool variants, std::ostream& out) {
  for (const fault::Row& row : fault::Rows()) {
    if ((row.kind == fault::Kind::kVariant) != variants) continue;
    out << "| `" << row.name << "` | " << row.what << " | " << row.requirements << " | ";
    if (!variants) out << fault::NameOf(row.kind) << " | ";
    out << row.why << " | " << fault::NameOf(row.place) << " |\n";
  }
}

}  // namespace

void PrintMatrix(const Matrix& matrix, std::ostream& out) {
  const Figures figures = FiguresOf(matrix);
  for (const Tried& tried : matrix.tried) PrintTried(tried, out);
  for (const Tried& tried : matrix.tried) PrintRemarks(tried, out);
  out << '\n' << FiguresText(figures) << '\n';
  if (!matrix.early_end) {
    const auto toothless = ToothlessOf(matrix);
    out << EyesText(figures) << '\n';
    for (const Tried& tried : matrix.tried) {
      if (!IsVariant(tried) && IsThin(tried.evidence))
        out << "thin: " << tried.row->name << ", by " << tried.evidence.kills.front().check << '\n';
    }
    out << toothless.size() << " of " << matrix.checks.size() << " checks noticed no fault";
    out << " (toothless; --json and --markdown name them)\n";
  }
}

std::string MarkdownOf(const Matrix& matrix) {
  std::ostringstream out;
  const Figures figures = FiguresOf(matrix);
  out << "# Kill matrix\n\nWritten by `atrest prove` " << matrix.version << " on "
      << matrix.date.substr(0, matrix.date.find('T')) << " (";
  for (const auto& [name, value] : matrix.options)
    out << (name == matrix.options.front().first ? "" : ", ") << name << " " << value;
  out << "). What each fault is: [FAULTS.md](../../reference/FAULTS.md).\n\n"
      << FiguresText(figures) << ".\n\n"
      << EyesText(figures) << ".\n\n## Faults\n\n";
  MarkdownFaults(matrix, out);
  out << "\n## Lawful variants\n\n";
  MarkdownVariants(matrix, out);
  std::vector<std::string> thin;
  for (const Tried& tried : matrix.tried) {
    if (!IsVariant(tried) && IsThin(tried.evidence)) thin.emplace_back(tried.row->name);
  }
  MarkdownList("Thin: killed by one check only", thin, out);
  MarkdownList("Toothless: checks that noticed no fault", ToothlessOf(matrix), out);
  MarkdownUndecided(matrix, out);
  return out.str();
}

std::string FaultsText() {
  std::ostringstream out;
  out << "# Faults of the reference\n\nPrinted by `atrest list --faults`. `--fault NAME` of "
         "`atrest` and `atrest-server` switches one on;\n`atrest prove` tries them all "
         "(harness/prove/README.md, harness/prove/MATRIX.md).\n\n"
         "## Faults\n\n"
         "| fault | what is wrong | breaks | must be killed in | why it is missed | runs in |\n"
         "|---|---|---|---|---|---|\n";
  FaultRows(false, out);
  out << "\n## Lawful variants\n\n"
         "| variant | what is different | may differ in | why it is lawful | runs in |\n"
         "|---|---|---|---|---|\n";
  FaultRows(true, out);
  return out.str();
}

}  // namespace atrest::prove
