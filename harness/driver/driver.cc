#include "harness/driver/driver.h"

namespace atrest::driver {

verdict::Outcome OutcomeOfNobody(const scenario::ClientStep& step) {
  if (std::holds_alternative<scenario::Receive>(step)) return verdict::Read{{}, kInterrupted};
  const bool raw = std::holds_alternative<scenario::Request>(step) ||
                   std::holds_alternative<scenario::Raw>(step);
  return raw ? verdict::Outcome(verdict::Reply{})
             : verdict::Outcome(verdict::Answered{kInterrupted});
}

}  // namespace atrest::driver
