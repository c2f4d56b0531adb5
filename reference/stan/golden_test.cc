// Stores that the real server wrote, read by subscribers of this one under each key of their
// expectations: what is delivered, and what is logged in place of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

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
  // The payload that a subscriber who starts at SEQUENCE gets first, in hex; "error" if it gets
  // nothing.
  std::string ReadAt(const std::string& channel, uint64_t sequence) {
    const std::string inbox = "read." + std::to_string(++count_);
    EXPECT_EQ(Subscribe({.inbox = inbox,
                         .channel = channel,
                         .client = "reader",
                         .max_in_flight = 1,
                         .start = Start::kSequenceStart,
                         .sequence = sequence}),
              "");
    const auto got = bus_.Take(inbox);
    Unsubscribe(inbox, "reader", channel);
    if (got.empty()) return "error";
    const auto message = wire::DecodeMessage(got.front()).value();
    EXPECT_EQ(message.sequence, sequence) << channel;
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
        EXPECT_EQ(ReadAt(channel, std::stoull(sequence)),
                  payload.is_null() ? "error" : payload.get<std::string>())
            << name << " " << channel << ":" << sequence;
      }
    }
    std::vector<std::string> errors;
    for (const LogBuffer::Line& line : log_.Take()) {
      if (line.text.starts_with("Error looking up")) errors.push_back("STREAM: " + line.text);
    }
    std::vector<std::string> wanted = expected.at("errors");
    std::ranges::sort(errors);
    std::ranges::sort(wanted);
    EXPECT_EQ(errors, wanted) << name << " " << expected.dump();
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
