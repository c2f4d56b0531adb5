#include "harness/disktruth/disk_finding.h"

namespace atrest::disktruth {

const char* NameOf(Check check) {
  switch (check) {
    case Check::kCanary:
      return "canary";
    case Check::kRecords:
      return "records";
    case Check::kCipher:
      return "cipher";
    case Check::kNonces:
      return "nonces";
    case Check::kClear:
      return "clear";
    case Check::kStructure:
      return "structure";
    case Check::kHistory:
      return "history";
  }
  return "";
}

bool IsOfAnyStore(const std::string& requirement) {
  return requirement == "K-acked-stored" || requirement == "K-delivered-stored" ||
         requirement == "K-stored-sent" || requirement == "K-sequence-once";
}

std::string Describe(const Finding& finding) {
  std::string text = NameOf(finding.check);
  if (!finding.requirement.empty()) text += " (" + finding.requirement + ")";
  if (!finding.file.empty()) text += " " + finding.file;
  // What is no file, such as "(output)", has no places that are the same in two runs.
  const bool is_file = !finding.file.empty() && finding.file[0] != '(';
  if (is_file) text += " at " + std::to_string(finding.offset);
  return text + ": expected " + finding.expected + ", seen " + finding.seen;
}

}  // namespace atrest::disktruth
