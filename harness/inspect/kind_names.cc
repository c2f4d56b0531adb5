#include "harness/inspect/kind_names.h"

namespace atrest::inspect {

const char* NameOf(DamageKind kind) {
  switch (kind) {
    case DamageKind::kVersion:
      return "version";
    case DamageKind::kTruncated:
      return "truncated";
    case DamageKind::kCrc:
      return "crc";
    case DamageKind::kUndecodable:
      return "undecodable";
    case DamageKind::kType:
      return "type";
    case DamageKind::kIndex:
      return "index";
    case DamageKind::kTrailing:
      return "trailing";
  }
  return "";
}

const char* NameOf(IndexState state) {
  switch (state) {
    case IndexState::kAgrees:
      return "agrees";
    case IndexState::kMissing:
      return "missing";
    case IndexState::kDiffers:
      return "differs";
  }
  return "";
}

}  // namespace atrest::inspect
