// Stores that the real server wrote, read by subscribers of this one under each key of their
// expectations: what is delivered, and what is logged in place of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "reference/stan/stan_fixture.h"
#include "reference/store/golden_stores.h"

namespace atrest::stan {
namespace {

using nlohmann::json;

class Golden : public StanFixture, public testing::TestWithParam<std::string> {
 protected:
  // Opens the store as EXPECTED says.
  void OpenAs(const json& expected) {
    key_ = expected.value("encrypt", false) ? expected.value("key", "") : "";
    Open();
  }
  // What a subscriber that starts at SEQUENCE gets first: the payload in hex, {"instead": other
  // sequence}, or null for nothing; also where it is refused, as for a channel "A" beside "a".
  json FirstFrom(const std::string& channel, uint64_t sequence) {
    const std::string inbox = "read." + std::to_string(++count_);
    const std::string refused = Subscribe({.inbox = inbox,
                                           .channel = channel,
                                           .client = "reader",
                                           .max_in_flight = 1,
                                           .start = Start::kSequenceStart,
                                           .sequence = sequence});
    if (!refused.empty()) return nullptr;
    const std::vector<Bytes> got = bus_.Take(inbox);
    Unsubscribe(inbox, "reader", channel);
    if (got.empty()) return nullptr;
    const wire::Message message = wire::DecodeMessage(got.front()).value();
    if (message.sequence != sequence) return {{"instead", message.sequence}};
    return ToHex(message.payload());
  }
  int count_ = 0;
};

TEST_P(Golden, SubscribersGetWhatWasMeasured) {
  const std::string& name = GetParam();
  store::LoadGolden(name, files_);
  const Bytes text =
      store::ReadFixture(std::string(store::kGoldenStores) + "/" + name + "/expect.json");
  const json expectations = json::parse(AsText(text));
  for (const json& expected : expectations.at("opens")) {
    OpenAs(expected);
    Connect("reader");
    log_.Take();
    for (const auto& [channel, messages] : expected.at("read").items()) {
      for (const auto& [sequence, payload] : messages.items()) {
        EXPECT_EQ(FirstFrom(channel, std::stoull(sequence)), payload)
            << name << " " << channel << ":" << sequence;
      }
    }
    std::set<std::string> errors;
    for (const LogBuffer::Line& line : log_.Take()) {
      if (line.text.starts_with("Error looking up")) errors.insert("STREAM: " + line.text);
    }
    EXPECT_EQ(errors, expected.at("errors").get<std::set<std::string>>())
        << name << " " << expected.dump();
    Close("reader");
    Stop();
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, Golden, testing::ValuesIn(store::GoldenNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace atrest::stan
