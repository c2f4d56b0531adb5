// A verdict as JSON and back, whole: what one process of a run tells another, and what a kept run
// holds. Reports have a form of their own (report/json_reporter.h).
// Errors: kInvalid for a document that is not one of ours.
// Threads: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/verdict/verdict.h"
#include "reference/base/status.h"

namespace atrest::runner {

// Texts are the target's, so they may hold bytes that are not UTF-8: fit for CBOR as it is, for
// text
// only with those replaced.
nlohmann::json ToJson(const verdict::Verdict& verdict);
Result<verdict::Verdict> VerdictFrom(const nlohmann::json& document);

// As bytes, for a pipe.
std::string Packed(const verdict::Verdict& verdict);
Result<verdict::Verdict> Unpacked(const std::string& bytes);

}  // namespace atrest::runner
