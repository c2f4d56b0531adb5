#include <algorithm>

#include "harness/disktruth/record_checks.h"

namespace atrest::disktruth {
namespace {

void CheckCode(const SeenRecord& record, Findings& findings) {
  const uint8_t stored = record.data[0];
  const uint8_t sealed = record.opening->code;
  if (stored != sealed) {
    findings.push_back(
        At(record, Check::kCipher, "D-13",
           std::string("the code byte of ") + CipherOf(sealed) + ", which sealed the data",
           "code byte " + std::to_string(stored)));
    return;
  }
  const auto fits = [&](const Mode* mode) {
    return mode->cipher.empty() || !mode->encrypt || mode->cipher == CipherOf(stored);
  };
  if (record.modes.empty() || std::ranges::any_of(record.modes, fits)) return;
  const Mode& mode = *record.modes.front();
  findings.push_back(At(record, Check::kCipher, mode.cipher_chosen ? "D-08" : "D-07",
                        "the cipher " + mode.cipher,
                        std::string("the code byte of ") + CipherOf(stored)));
}

}  // namespace

void CheckRecordCipher(const SeenRecord& record, Findings& findings) {
  if (record.is_plain || record.modes.empty()) return;
  if (!std::ranges::all_of(record.modes, &Mode::is_judged)) return;
  if (record.stored->has_data && record.data.empty()) {
    findings.push_back(At(record, Check::kCipher, "K-empty-not-sealed",
                          "no data field for an empty payload", "a data field without bytes"));
  }
  if (record.opening) {
    CheckCode(record, findings);
    if (record.opening->payload.empty()) {
      findings.push_back(At(record, Check::kCipher, "K-empty-not-sealed",
                            "no data for an empty payload", "an empty payload that is sealed"));
    }
  }
  // Of data that opens, the length is right: nothing else would authenticate.
  if (!record.by_order || !record.publication->mode->encrypt) return;
  const uint64_t size = record.publication->size;
  const uint64_t expected = size == 0 ? 0 : size + kOverheadBytes;
  if (!LooksSealed(record.data) || record.data.size() == expected) return;
  findings.push_back(
      At(record, Check::kCipher, "K-overhead",
         std::to_string(expected) + " bytes for a payload of " + std::to_string(size),
         std::to_string(record.data.size()) + " bytes"));
}

}  // namespace atrest::disktruth
