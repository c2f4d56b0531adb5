#include "harness/runner/known_failures.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <utility>

#include "harness/report/printable.h"

namespace atrest::runner {
namespace {

constexpr char kUnreviewed[] = "unreviewed";
constexpr char kBetween[] = " # ";

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// A line of comment without its sign.
std::string Uncommented(const std::string& line) {
  return line.substr(line.starts_with("# ") ? 2 : 1);
}

std::string Commented(const std::string& text) {
  std::string lines;
  for (const std::string& line : LinesOf(text)) lines += (line.empty() ? "#" : "# " + line) + '\n';
  return lines;
}

std::string InOneLine(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// The measured specification of the server that this project was built from; RUNS.md has what they
// are.
constexpr std::array<std::string_view, 7> kSpecification = {
    "bug-catalogue.md", "clients.md",    "cluster.md", "documentation.md",
    "options.md",       "standalone.md", "wire.md"};

// A word without what belongs to the sentence around it.
std::string Bare(const std::string& word) {
  const size_t first = word.find_first_not_of("(\"'");
  const size_t last = word.find_last_not_of(").,;:\"'");
  return first == std::string::npos || last == std::string::npos || last < first
             ? ""
             : word.substr(first, last - first + 1);
}

// A reader must be able to look it up.
bool HasLink(const std::string& reason, const KnownFailures::HasDocument& has_document) {
  std::istringstream words(reason);
  for (std::string word; words >> word;) {
    word = Bare(word);
    const size_t scheme = word.find("://");
    if (scheme != std::string::npos && scheme > 0 && scheme + 3 < word.size()) return true;
    if (!word.ends_with(".md")) continue;
    if (std::ranges::find(kSpecification, word) != kSpecification.end() || has_document(word))
      return true;
  }
  return false;
}

void AddLine(std::string& text, const std::string& line) {
  if (!text.empty()) text += '\n';
  text += line;
}

}  // namespace

Result<KnownFailures> KnownFailures::Parse(const std::string& file, std::string_view text,
                                           const HasDocument& has_document) {
  KnownFailures known;
  std::string comment;   // what was last commented
  bool is_open = false;  // that comment goes on in the next line
  size_t number = 0;
  const auto fail = [&](const std::string& why) {
    return Status(Code::kInvalid, file + ":" + std::to_string(number) + ": " + why);
  };
  for (const std::string& line : LinesOf(text)) {
    ++number;
    if (line.starts_with('#')) {
      if (!is_open) comment.clear();
      AddLine(comment, Uncommented(line));
      is_open = true;
      continue;
    }
    is_open = false;
    if (line.empty()) {
      if (known.entries_.empty() && known.head_.empty()) known.head_ = comment;
      comment.clear();
      continue;
    }
    const size_t between = line.find(kBetween);
    if (between == std::string::npos) return fail("an entry is \"ID # MESSAGE\"");
    if (comment.empty()) return fail("no reason stands above the entry");
    if (comment != kUnreviewed && !HasLink(comment, has_document))
      return fail("the reason above has no link (a URL, or a document that is there)");
    const std::string id = line.substr(0, between);
    const Entry entry{line.substr(between + sizeof kBetween - 1), comment};
    if (!known.entries_.emplace(id, entry).second) return fail(id + " is listed twice");
  }
  if (known.entries_.empty() && known.head_.empty()) known.head_ = comment;
  return known;
}

void KnownFailures::Mark(verdict::Verdict& verdict) const {
  const auto entry = entries_.find(verdict.scenario);
  if (entry == entries_.end() || !verdict::IsFailure(verdict)) return;
  if (report::Printable(verdict.message) == entry->second.message)
    verdict.known = InOneLine(entry->second.reason);
}

std::vector<std::string> KnownFailures::Departures(const std::vector<verdict::Verdict>& verdicts,
                                                   const std::set<std::string>& all) const {
  std::vector<std::string> lines;
  for (const verdict::Verdict& verdict : verdicts) {
    const auto entry = entries_.find(verdict.scenario);
    const bool is_listed = entry != entries_.end();
    const std::string kind = verdict::ShownKind(verdict);
    const std::string message = report::Printable(verdict.message);
    if (!verdict.known.empty() || verdict.kind == verdict::Kind::kHarnessError) continue;
    if (verdict::IsFailure(verdict)) {
      lines.push_back(verdict.scenario + ": " + kind +
                      (is_listed ? " otherwise than listed: " : ", but not listed: ") + message);
    } else if (is_listed) {
      lines.push_back(verdict.scenario + ": listed, but its verdict is " + kind);
    }
  }
  for (const auto& [id, entry] : entries_) {
    if (!all.contains(id)) lines.push_back(id + ": listed, but there is no such scenario");
  }
  std::ranges::sort(lines);
  return lines;
}

Status KnownFailures::MayUpdateFrom(const verdict::RunSummary& summary) {
  if (!summary.trouble.empty())
    return {Code::kInvalid, "the target was not ready for any scenario: " + summary.trouble};
  for (const verdict::Verdict& verdict : summary.verdicts) {
    if (verdict.kind != verdict::Kind::kHarnessError && verdict.kind != verdict::Kind::kTimeout &&
        verdict.kind != verdict::Kind::kUndecided)
      continue;
    return {Code::kInvalid, verdict.scenario + ": " + verdict::ShownKind(verdict) + ": " +
                                report::Printable(verdict.message)};
  }
  return {};
}

KnownFailures KnownFailures::Updated(const std::vector<verdict::Verdict>& verdicts) const {
  KnownFailures updated;
  updated.head_ = head_;
  for (const verdict::Verdict& verdict : verdicts) {
    if (!verdict::IsFailure(verdict)) continue;
    const auto entry = entries_.find(verdict.scenario);
    const std::string message = report::Printable(verdict.message);
    // Somebody looked at the failure that was listed, not at this one.
    const bool is_reviewed = entry != entries_.end() && entry->second.message == message;
    updated.entries_[verdict.scenario] = {
        message, is_reviewed ? entry->second.reason : std::string(kUnreviewed)};
  }
  return updated;
}

std::vector<std::string> KnownFailures::ChangesFrom(const KnownFailures& before) const {
  std::vector<std::string> lines;
  for (const auto& [id, entry] : entries_) {
    const auto was = before.entries_.find(id);
    if (was == before.entries_.end()) {
      lines.push_back("added: " + id + kBetween + entry.message);
    } else if (was->second.message != entry.message) {
      lines.push_back("changed: " + id + kBetween + entry.message +
                      ", it was: " + was->second.message);
    }
  }
  for (const auto& [id, entry] : before.entries_) {
    if (!entries_.contains(id)) lines.push_back("dropped: " + id + kBetween + entry.message);
  }
  return lines;
}

std::string KnownFailures::Print() const {
  std::map<std::string, std::string> blocks;  // reason -> lines
  for (const auto& [id, entry] : entries_)
    blocks[entry.reason] += id + kBetween + entry.message + '\n';
  std::vector<std::pair<std::string, std::string>> ordered;  // lines, reason
  for (const auto& [reason, lines] : blocks) ordered.emplace_back(lines, reason);
  std::ranges::sort(ordered, {}, [](const auto& block) {
    return std::pair(block.second == kUnreviewed, block.first);
  });
  std::string text = Commented(head_);
  for (const auto& [lines, reason] : ordered)
    text += (text.empty() ? "" : "\n") + Commented(reason) + lines;
  return text;
}

}  // namespace atrest::runner
