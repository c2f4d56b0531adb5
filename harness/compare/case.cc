#include "harness/compare/case.h"

#include <algorithm>

#include "reference/base/crc32.h"

namespace atrest::compare {

std::string Describe(const Step& step) {
  return (step.exchange ? "exchange the stores, then " : "") + scenario::Describe(step.action);
}

std::vector<uint32_t> PolynomialsOf(const Case& one) {
  std::vector<uint32_t> polynomials = {Crc32::kIeee};
  for (const Step& step : one.steps) {
    const auto* start = std::get_if<scenario::Start>(&step.action);
    if (start == nullptr || !start->settings.crc_polynomial) continue;
    const uint32_t polynomial = *start->settings.crc_polynomial;
    if (std::ranges::find(polynomials, polynomial) == polynomials.end())
      polynomials.push_back(polynomial);
  }
  return polynomials;
}

}  // namespace atrest::compare
