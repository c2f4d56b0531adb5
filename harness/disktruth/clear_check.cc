#include "harness/disktruth/file_checks.h"

namespace atrest::disktruth {
namespace {

using Kind = Stray::Kind;

const char* Expected(Kind kind) {
  switch (kind) {
    case Kind::kVersion:
      return "version 1 at the start of the file";
    case Kind::kTorn:
    case Kind::kPadding:
    case Kind::kGarbage:
      return "whole records up to the end of the file";
    case Kind::kChecksum:
      return "the checksum of the record's bytes";
    case Kind::kUndecoded:
      return "a record of protobuf fields";
    case Kind::kType:
      return "a record of a known type";
    case Kind::kField:
      return "only the fields that such a record has in clear";
    case Kind::kForm:
      return "a field in the form that the server writes";
  }
  return "";
}

const char* Seen(Kind kind) {
  switch (kind) {
    case Kind::kVersion:
      return "another beginning: ";
    case Kind::kTorn:
      return "a torn tail of ";
    case Kind::kPadding:
      return "zero padding of ";
    case Kind::kGarbage:
      return "no record in ";
    case Kind::kChecksum:
    case Kind::kUndecoded:
    case Kind::kType:
    case Kind::kField:
    case Kind::kForm:
      return "";
  }
  return "";
}

const char* RequirementOf(Kind kind) {
  switch (kind) {
    case Kind::kVersion:
      return "K-version";
    case Kind::kChecksum:
      return "K-crc";
    case Kind::kUndecoded:
      return "K-undecodable";
    case Kind::kField:
      return "D-09";
    case Kind::kTorn:
    case Kind::kPadding:
    case Kind::kGarbage:
      return "H-unaccounted-bytes";
    case Kind::kType:
    case Kind::kForm:
      return "K-record-form";
  }
  return "";
}

verdict::Level LevelOf(const Stray& stray, const Circumstances& circumstances) {
  if (circumstances.tampered) return verdict::Level::kInfo;
  const Kind kind = stray.kind;
  const bool tail = kind == Kind::kTorn || kind == Kind::kPadding || kind == Kind::kGarbage;
  const bool is_new = kind == Kind::kVersion && stray.bytes == 0;  // made, and nothing written yet
  if ((tail || is_new) && circumstances.may_be_unfinished) return verdict::Level::kInfo;
  return tail || kind == Kind::kForm ? verdict::Level::kShould : verdict::Level::kMust;
}

}  // namespace

void CheckStrays(const std::string& path, const Strays& strays, const Circumstances& circumstances,
                 Findings& findings) {
  for (const Stray& stray : strays) {
    findings.push_back({Check::kClear, RequirementOf(stray.kind), LevelOf(stray, circumstances),
                        path, stray.offset, Expected(stray.kind), Seen(stray.kind) + stray.what,
                        ""});
  }
}

void CheckUnknownFile(const TreeEntry& entry, Findings& findings) {
  findings.push_back({Check::kClear, "H-unaccounted-bytes", verdict::Level::kInfo, entry.path, 0,
                      "only files of the format",
                      "a file of " + std::to_string(entry.size) + " bytes that it does not have",
                      ""});
}

}  // namespace atrest::disktruth
