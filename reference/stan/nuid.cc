#include "reference/stan/nuid.h"

#include <array>

#include "reference/base/bytes.h"

namespace atrest::stan {
namespace {

constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr uint64_t kBase = 62;
constexpr size_t kPrefixLength = 12;
constexpr size_t kSequenceLength = 10;
constexpr uint64_t kSequenceEnd = 839'299'365'868'340'224;  // 62^10
constexpr uint64_t kMinStep = 33;
constexpr uint64_t kStepEnd = 333;

}  // namespace

Nuid::Nuid(const std::function<void(std::span<uint8_t>)>& entropy) {
  std::array<uint8_t, kPrefixLength + 16> random{};
  entropy(random);
  for (size_t i = 0; i < kPrefixLength; ++i) prefix_ += kDigits[random.at(i) % kBase];
  sequence_ = LoadLe64(&random.at(kPrefixLength)) % kSequenceEnd;
  step_ = kMinStep + LoadLe64(&random.at(kPrefixLength + 8)) % (kStepEnd - kMinStep);
}

// Where the count wraps, the real one takes another prefix; at 62^10 / 333 steps that is not
// reached.
std::string Nuid::Next() {
  sequence_ = (sequence_ + step_) % kSequenceEnd;
  std::string text = prefix_ + std::string(kSequenceLength, '0');
  uint64_t rest = sequence_;
  for (size_t i = text.size(); i > kPrefixLength; --i, rest /= kBase) {
    text[i - 1] = kDigits[rest % kBase];
  }
  return text;
}

}  // namespace atrest::stan
