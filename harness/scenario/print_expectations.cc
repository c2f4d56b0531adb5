#include "harness/scenario/print_expectations.h"

#include "reference/base/bytes.h"
#include "reference/base/utf8.h"

namespace atrest::scenario {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kRepeatMin = 16;

bool IsUtf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = Utf8Length(std::string_view(text).substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

template <typename T>
void Put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

Json PatternJson(const PayloadPattern& pattern) {
  if (const auto* bytes = std::get_if<std::string>(&pattern)) return PayloadJson(*bytes);
  const auto& sealed = std::get<SealedPayload>(pattern);
  return {{"sealed", sealed.cipher}, {"size", sealed.size}};
}

Json ReceivesJson(const std::vector<ExpectedDelivery>& deliveries) {
  Json list = Json::array();
  for (const ExpectedDelivery& delivery : deliveries) {
    Json item = Json::array({delivery.sequence, PatternJson(delivery.payload)});
    if (delivery.subject) item.push_back(*delivery.subject);
    list.push_back(std::move(item));
  }
  return list;
}

Json MessageJson(const ExpectedDiskMessage& message) {
  Json json = {{"channel", message.channel}, {"sequence", message.sequence}};
  if (message.cipher) json["cipher"] = message.cipher->empty() ? Json() : Json(*message.cipher);
  Put(json, "opened_by", message.opened_by);
  Put(json, "data_size", message.data_size);
  Put(json, "nonce_counter", message.nonce_counter);
  Put(json, "nonce_random_as", message.nonce_random_as);
  return json;
}

Json EntryJson(const ExpectedLogEntry& entry) {
  Json json = {{"channel", entry.channel}, {"sequence", entry.sequence}};
  if (!entry.is_there) json["there"] = false;
  if (entry.is_freed) json["freed"] = true;
  if (entry.cipher) json["cipher"] = entry.cipher->empty() ? Json() : Json(*entry.cipher);
  Put(json, "opened_by", entry.opened_by);
  return json;
}

void PutDiskChecks(Json& json, const Expectation& expectation) {
  if (!expectation.messages.empty()) json["messages"] = Json::array();
  for (const ExpectedDiskMessage& message : expectation.messages)
    json["messages"].push_back(MessageJson(message));
  for (const ExpectedLogEntry& entry : expectation.entries)
    json["entries"].push_back(EntryJson(entry));
  Put(json, "snapshots", expectation.snapshots);
  Put(json, "configurations", expectation.configurations);
  Put(json, "damage", expectation.damage);
  Put(json, "nonces_unique", expectation.nonces_unique);
  for (const auto& [text, must_be_found] : expectation.texts)
    json[must_be_found ? "found" : "absent"].push_back(text);
  for (const auto& [path, size] : expectation.sizes)
    json["sizes"][path] = size ? Json(*size) : Json();
}

Json ExpectationJson(const Expectation& expectation, const Scenario& scenario) {
  Json json = {{"step", expectation.step}};
  if (expectation.requirement != scenario.requirements.front())
    json["requirement"] = expectation.requirement;
  Put(json, "started", expectation.started);
  Put(json, "refused", expectation.refusal);
  Put(json, "exit", expectation.exit_code);
  Put(json, "published", expectation.published);
  Put(json, "answer", expectation.answer);
  Put(json, "redelivered", expectation.redelivered);
  if (expectation.reply) json["reply"] = PayloadJson(*expectation.reply);
  if (expectation.receives) json["receives"] = ReceivesJson(*expectation.receives);
  if (expectation.tampering_detected)
    json["tampering"] = expectation.tampering_noticed ? "noticed" : "detected";
  PutDiskChecks(json, expectation);
  Put(json, "errors", expectation.errors);
  Put(json, "warnings", expectation.warnings);
  return json;
}

}  // namespace

Json PayloadJson(const std::string& bytes) {
  const bool is_one_character =
      bytes.size() >= kRepeatMin && bytes.find_first_not_of(bytes[0]) == std::string::npos;
  if (is_one_character && static_cast<unsigned char>(bytes[0]) < 0x80)
    return {{"repeat", Json::array({bytes.substr(0, 1), bytes.size()})}};
  if (IsUtf8(bytes)) return bytes;
  return {{"hex", ToHex(AsBytes(bytes))}};
}

Json ExpectJson(const Scenario& scenario) {
  if (scenario.expectations.empty()) return OracleOf(scenario.suite);
  Json list = Json::array();
  for (const Expectation& expectation : scenario.expectations)
    list.push_back(ExpectationJson(expectation, scenario));
  return list;
}

}  // namespace atrest::scenario
