// What the JSON of a store and that of a Raft directory have in common: INSPECT.md and RAFT.md.
// Threads: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/store/journal.h"
#include "reference/store/store.h"

namespace atrest::inspect {

using Json = nlohmann::ordered_json;

// BYTES with each byte that is not UTF-8 replaced.
Json TextJson(std::string_view bytes);
Json ClientJson(const store::ClientInfo& client);
Json SubscriptionJson(const store::RecoveredSubscription& subscription);

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <typename T, typename ToJson>
Json ArrayJson(const std::vector<T>& values, ToJson to_json) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(to_json(value));
  return array;
}

}  // namespace atrest::inspect
