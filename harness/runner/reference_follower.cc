#include "harness/runner/reference_follower.h"

#include <algorithm>

#include "harness/runner/trace.h"

namespace atrest::runner {
namespace {

using verdict::Observation;

constexpr size_t kSealingAdds = 29;  // code, nonce, tag

bool LooksSealed(const std::string& payload) {
  return payload.size() >= kSealingAdds && (payload[0] == 1 || payload[0] == 2);
}

bool SamePayload(const std::string& a, const std::string& b) {
  return a == b || (LooksSealed(a) && LooksSealed(b) && a[0] == b[0] && a.size() == b.size());
}

bool Same(const verdict::Delivery& a, const verdict::Delivery& b) {
  return a.sequence == b.sequence && a.subject == b.subject && a.redelivered == b.redelivered &&
         SamePayload(a.payload, b.payload);
}

// Only outcomes of the same kind get here.
struct Comparer {
  const verdict::Outcome& other;

  bool operator()(const verdict::Started& a) const {
    const auto& b = std::get<verdict::Started>(other);
    return a.ok == b.ok && a.refusal == b.refusal;
  }
  bool operator()(const verdict::Published& a) const {
    const auto& b = std::get<verdict::Published>(other);
    return a.acked == b.acked && a.error == b.error;
  }
  bool operator()(const verdict::Read& a) const {
    const auto& b = std::get<verdict::Read>(other);
    return a.error == b.error && std::ranges::equal(a.deliveries, b.deliveries, Same);
  }
  bool operator()(const verdict::Answered& a) const {
    return a.error == std::get<verdict::Answered>(other).error;
  }
  bool operator()(const auto&) const { return true; }
};

}  // namespace

ReferenceFollower::ReferenceFollower(const scenario::Scenario& scenario, driver::Driver& reference,
                                     const Suite& suite, env::FileSystem& fixtures)
    : performer_(scenario, reference, suite, fixtures), suite_(suite), model_(scenario.keys) {}

Result<std::string> ReferenceFollower::Observe(const scenario::Action& action,
                                               const Observation& seen) {
  broken_.clear();
  if (is_lost_) return std::string();
  const bool is_start = std::holds_alternative<scenario::Start>(action);
  if (std::holds_alternative<scenario::Interrupt>(action)) {
    is_lost_ = true;
    return std::string();
  }
  if (const auto* golden = std::get_if<scenario::UseGolden>(&action)) {
    const auto known = suite_.KnownContents(golden->name);
    if (!known.ok()) return known.status();
    model_.Adopt(known.value());
  }
  const auto own = performer_.Perform(action, {});
  // The reference in this process cannot do everything: from there on it has nothing to say.
  if (!own.ok() || own.value().outcome.index() != seen.outcome.index()) {
    is_lost_ = true;
    if (!own.ok() || std::holds_alternative<verdict::Undecided>(own.value().outcome))
      return std::string();
    return "the reference: " + Summarise(own.value()) + "; the target: " + Summarise(seen);
  }
  broken_ = model_.Observe(action, own.value());
  if (std::visit(Comparer{own.value().outcome}, seen.outcome)) return std::string();
  // After different starts everything differs.
  is_lost_ = is_start;
  return "the reference: " + Summarise(own.value()) + "; the target: " + Summarise(seen);
}

bool ReferenceFollower::BreaksToo(const oracle::Finding& finding) const {
  return std::ranges::any_of(broken_, [&](const oracle::Finding& own) {
    return own.requirement == finding.requirement && own.message == finding.message;
  });
}

}  // namespace atrest::runner
