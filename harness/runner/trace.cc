#include "harness/runner/trace.h"

#include "harness/oracle/finding.h"

namespace atrest::runner {
namespace {

constexpr size_t kDeliveriesShownMax = 8;

struct Summariser {
  std::string operator()(const verdict::Done&) const { return "done"; }
  std::string operator()(const verdict::Started& s) const {
    return s.ok ? "started" : "refused: " + s.refusal;
  }
  std::string operator()(const verdict::Published& p) const {
    return std::to_string(p.acked) + " acked" + (p.error.empty() ? "" : ", then: " + p.error);
  }
  std::string operator()(const verdict::Read& r) const {
    std::string text = r.error.empty() ? "" : "refused: " + r.error;
    for (size_t i = 0; i < r.deliveries.size() && i < kDeliveriesShownMax; ++i) {
      const verdict::Delivery& delivery = r.deliveries[i];
      text += (text.empty() ? "" : ", ") + std::to_string(delivery.sequence) + " " +
              oracle::Show(delivery.payload) + (delivery.redelivered ? " again" : "");
    }
    if (r.deliveries.size() > kDeliveriesShownMax) {
      text += ", and " + std::to_string(r.deliveries.size() - kDeliveriesShownMax) + " more";
    }
    return text.empty() ? "nothing came" : text;
  }
  std::string operator()(const verdict::Disk& d) const {
    return std::to_string(d.messages.size()) + " messages, " + std::to_string(d.damage.size()) +
           " damaged places, " + std::to_string(d.nonce_reuse.size()) + " nonces used twice";
  }
  std::string operator()(const verdict::Crashed& c) const { return "the target ended: " + c.how; }
  std::string operator()(const verdict::Answered& a) const {
    return a.error.empty() ? "accepted" : "refused: " + a.error;
  }
  std::string operator()(const verdict::Reply& r) const {
    const std::string what = r.answered ? "reply " + oracle::Show(r.bytes) : "no reply";
    return what + (r.closed ? ", then closed" : "");
  }
  std::string operator()(const verdict::Undecided& u) const { return "undecided: " + u.why; }
};

}  // namespace

std::string Summarise(const verdict::Observation& seen) {
  return std::visit(Summariser{}, seen.outcome);
}

}  // namespace atrest::runner
