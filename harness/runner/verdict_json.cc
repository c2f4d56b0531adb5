#include "harness/runner/verdict_json.h"

#include <algorithm>
#include <array>

namespace atrest::runner {
namespace {

using Json = nlohmann::json;
using verdict::Kind;

constexpr std::array kKinds = {
    Kind::kPass,    Kind::kRejectedAsExpected, Kind::kFail,      Kind::kSkipped,     Kind::kTimeout,
    Kind::kCrashed, Kind::kDisputed,           Kind::kUndecided, Kind::kHarnessError};

bool ParseKind(const std::string& text, Kind& kind) {
  const auto* const found =
      std::ranges::find_if(kKinds, [&](Kind each) { return text == verdict::NameOf(each); });
  if (found == kKinds.end()) return false;
  kind = *found;
  return true;
}

}  // namespace

Json ToJson(const verdict::Verdict& verdict) {
  return {{"scenario", verdict.scenario},
          {"title", verdict.title},
          {"suite", verdict::NameOf(verdict.suite)},
          {"level", verdict::NameOf(verdict.level)},
          {"requirements", verdict.requirements},
          {"kind", verdict::NameOf(verdict.kind)},
          {"oracle", verdict.oracle},
          {"requirement", verdict.requirement},
          {"message", verdict.message},
          {"dispute", verdict.dispute},
          {"known", verdict.known},
          {"trace", verdict.trace},
          {"log", verdict.log},
          {"replay", verdict.replay},
          {"self", verdict.self},
          {"seconds", verdict.seconds}};
}

Result<verdict::Verdict> VerdictFrom(const Json& document) {
  verdict::Verdict verdict;
  try {
    verdict.scenario = document.at("scenario");
    verdict.title = document.at("title");
    verdict.requirements = document.at("requirements").get<std::vector<std::string>>();
    verdict.oracle = document.at("oracle");
    verdict.requirement = document.at("requirement");
    verdict.message = document.at("message");
    verdict.dispute = document.at("dispute");
    verdict.known = document.at("known");
    verdict.trace = document.at("trace").get<std::vector<std::string>>();
    verdict.log = document.at("log").get<std::vector<std::string>>();
    verdict.replay = document.at("replay");
    verdict.self = document.at("self");
    verdict.seconds = document.at("seconds");
    if (verdict::Parse(document.at("suite"), verdict.suite) &&
        verdict::Parse(document.at("level"), verdict.level) &&
        ParseKind(document.at("kind"), verdict.kind))
      return verdict;
  } catch (const Json::exception& error) {
    return Status(Code::kInvalid, std::string("not a verdict: ") + error.what());
  }
  return Status(Code::kInvalid, "not a verdict: an unknown suite, level or kind");
}

std::string Packed(const verdict::Verdict& verdict) {
  std::string bytes;
  Json::to_cbor(ToJson(verdict), bytes);
  return bytes;
}

Result<verdict::Verdict> Unpacked(const std::string& bytes) {
  const Json document = Json::from_cbor(bytes, true, false);
  if (document.is_discarded()) return Status(Code::kInvalid, "not a verdict: cut short");
  return VerdictFrom(document);
}

}  // namespace atrest::runner
