#include "harness/compare/observation_facts.h"

namespace atrest::compare {
namespace {

class Teller {
 public:
  Teller(const std::string& channel, Normaliser& normaliser)
      : channel_(channel), normaliser_(normaliser) {}

  void operator()(const verdict::Done&) { Say("outcome", "done"); }
  void operator()(const verdict::Started& seen) {
    Say("outcome", seen.ok ? "started" : "refused: " + normaliser_.Text(seen.refusal));
    if (seen.exit_code) Say("exit code", std::to_string(*seen.exit_code));
  }
  void operator()(const verdict::Published& seen) {
    Say("outcome", std::to_string(seen.acked) + " acked");
    if (!seen.error.empty()) Say("error", normaliser_.Text(seen.error));
  }
  void operator()(const verdict::Read& seen) {
    if (!seen.error.empty()) Say("error", normaliser_.Text(seen.error));
    size_t number = 0;
    for (const verdict::Delivery& delivery : seen.deliveries) {
      Say("delivery " + std::to_string(++number),
          "sequence " + std::to_string(delivery.sequence) + ", subject " + delivery.subject +
              (delivery.redelivered ? ", redelivered" : "") + ", " +
              normaliser_.Payload(channel_, AsBytes(delivery.payload)));
    }
    Say("outcome", std::to_string(number) + " delivered");
  }
  // The files are compared whenever both targets are stopped.
  void operator()(const verdict::Disk&) { Say("outcome", "inspected"); }
  void operator()(const verdict::Crashed& seen) { Say("outcome", "crashed: " + seen.how); }
  void operator()(const verdict::Answered& seen) {
    Say("outcome", seen.error.empty() ? "accepted" : "refused: " + normaliser_.Text(seen.error));
  }
  void operator()(const verdict::Reply& seen) {
    Say("outcome", seen.answered ? Show(AsBytes(normaliser_.Text(seen.bytes))) : "no reply");
    if (seen.closed) Say("connection", "closed");
  }
  void operator()(const verdict::Undecided& seen) { Say("outcome", "undecided: " + seen.why); }
  void operator()(const verdict::TimedOut& seen) { Say("outcome", "timed out: " + seen.why); }
  void operator()(const verdict::Violated& seen) { Say("outcome", "violated: " + seen.why); }
  void operator()(const verdict::Unimplemented& seen) {
    Say("outcome", "unimplemented: " + seen.why);
  }

  void Log(const std::vector<verdict::LogLine>& log) {
    std::vector<std::string> lines;
    for (const verdict::LogLine& line : log) {
      if (line.level == "ERR" || line.level == "WRN" || line.level == "FTL")
        lines.push_back("[" + line.level + "] " + normaliser_.Text(line.text));
    }
    size_t number = 0;
    for (std::string& line : OrderedLog(std::move(lines)))
      Say("log line " + std::to_string(++number), std::move(line));
  }
  Facts Take() { return std::move(facts_); }

 private:
  void Say(std::string field, std::string text) {
    facts_.push_back({std::move(field), std::move(text)});
  }

  const std::string& channel_;
  Normaliser& normaliser_;
  Facts facts_;
};

}  // namespace

Facts ObservationFacts(const verdict::Observation& seen, const std::string& channel,
                       Normaliser& normaliser) {
  Teller teller(channel, normaliser);
  std::visit([&](const auto& outcome) { teller(outcome); }, seen.outcome);
  teller.Log(seen.log);
  return teller.Take();
}

}  // namespace atrest::compare
