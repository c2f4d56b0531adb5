// The requests and answers of the protocol of adapters (PROTOCOL.md), made of the harness's own
// data and turned into it.
// Errors: an answer that is not as the protocol says throws BadAnswer, which StdioDriver catches.
// Threads: pure functions.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"

namespace atrest::driver {

inline constexpr int kProtocolVersion = 1;

// What was expected, what came, and what to change.
struct BadAnswer {
  std::string why;
};

nlohmann::json HelloRequest();
nlohmann::json StartRequest(const scenario::Settings& settings,
                            const std::map<std::string, std::string>& keys,
                            const std::string& directory, uint64_t seed);
nlohmann::json PublishRequest(const scenario::Publish& publish);
nlohmann::json ReadRequest(const scenario::Read& read);
nlohmann::json StopRequest();
nlohmann::json WaitRequest(const scenario::Wait& wait);
nlohmann::json ClientRequest(const scenario::ClientStep& step);

// Each takes the answer to the request of its name; ASKED: how many payloads were to be published.
TargetInfo HelloAnswer(const nlohmann::json& answer);
verdict::Started StartAnswer(const nlohmann::json& answer);
verdict::Published PublishAnswer(const nlohmann::json& answer, uint64_t asked);
verdict::Read ReadAnswer(const nlohmann::json& answer);
verdict::Outcome ClientAnswer(const scenario::ClientStep& step, const nlohmann::json& answer);
// Of a request that cannot be refused.
verdict::Done DoneAnswer(const nlohmann::json& answer);

std::vector<verdict::LogLine> LogOf(const nlohmann::json& answer);
// "" if it is not there.
std::string UnimplementedOf(const nlohmann::json& answer);

}  // namespace atrest::driver
