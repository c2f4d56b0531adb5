#include "harness/runner/disputes.h"

#include <algorithm>

#include "harness/runner/glob.h"
#include "harness/scenario/json_cursor.h"

namespace atrest::runner {
namespace {

using scenario::JsonCursor;

// A dispute that the comparison with the reference has found and no entry explains.
constexpr char kUnregistered[] = "unregistered";

Dispute ParseDispute(JsonCursor cursor) {
  Dispute dispute;
  dispute.id = cursor.Need("id").Text();
  dispute.claim = cursor.Need("claim").Text();
  dispute.document = cursor.Need("document").Text();
  dispute.server = cursor.Need("server").Text();
  dispute.source = cursor.Need("source").Text();
  for (const JsonCursor& item : cursor.Need("scenarios").Items())
    dispute.scenarios.push_back(item.Text());
  if (const auto message = cursor.Find("message")) dispute.message = message->Text();
  if (dispute.message.has_value() == dispute.scenarios.empty())
    cursor.Fail("scenarios and a message are given together or not at all");
  cursor.Finish();
  return dispute;
}

bool Explains(const Dispute& dispute, const verdict::Verdict& verdict) {
  return dispute.claim == verdict.requirement && dispute.message &&
         std::ranges::find(dispute.scenarios, verdict.scenario) != dispute.scenarios.end() &&
         MatchesGlob(*dispute.message, verdict.message);
}

}  // namespace

Result<Disputes> Disputes::Parse(const std::string& file, std::string_view json) {
  try {
    const auto document = scenario::ParseJson(file, json);
    Disputes disputes;
    for (const JsonCursor& item : JsonCursor(file, document).Items()) {
      Dispute dispute = ParseDispute(item);
      if (std::ranges::find(disputes.all_, dispute.id, &Dispute::id) != disputes.all_.end())
        item.Fail("the id " + dispute.id + " is given twice");
      disputes.all_.push_back(std::move(dispute));
    }
    return disputes;
  } catch (const scenario::LoadError& error) {
    return Status(Code::kInvalid, error.message);
  }
}

void Disputes::Settle(verdict::Verdict& verdict) const {
  const bool fails =
      verdict.kind == verdict::Kind::kFail && verdict.suite == verdict::Suite::kConformance;
  if (!fails && verdict.kind != verdict::Kind::kDisputed) return;
  const auto found = std::ranges::find_if(
      all_, [&](const Dispute& dispute) { return Explains(dispute, verdict); });
  if (found != all_.end()) {
    verdict.kind = verdict::Kind::kDisputed;
    verdict.dispute = found->id;
  } else if (verdict.kind == verdict::Kind::kDisputed) {
    verdict.dispute = kUnregistered;
  }
}

}  // namespace atrest::runner
