#include "harness/driver/delivery_tap.h"

#include <algorithm>
#include <optional>

namespace atrest::driver {
namespace {

constexpr uint64_t kSequenceField = 1;
constexpr uint64_t kSubjectField = 2;
constexpr uint64_t kDataField = 4;
constexpr unsigned kVarint = 0;
constexpr unsigned kLength = 2;

std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

}  // namespace

void DeliveryTap::Hear(const std::string& inbox, std::string_view bytes) {
  Heard heard{0, {}, {}};
  while (!bytes.empty()) {
    const auto key = TakeVarint(bytes);
    const auto value = key ? TakeVarint(bytes) : std::nullopt;
    if (!value) return;
    if ((*key & 7) == kVarint) {
      if (*key >> 3 == kSequenceField) heard.sequence = *value;
      continue;
    }
    if ((*key & 7) != kLength || *value > bytes.size()) return;
    if (*key >> 3 == kSubjectField) heard.subject = bytes.substr(0, *value);
    if (*key >> 3 == kDataField) heard.payload = bytes.substr(0, *value);
    bytes.remove_prefix(*value);
  }
  if (heard.sequence == 0) return;
  const std::lock_guard lock(mutex_);
  heard_[inbox].push_back(std::move(heard));
}

void DeliveryTap::NameSubjects(std::string& inbox, std::vector<verdict::Delivery>& deliveries) {
  if (deliveries.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto is_it = [&](const auto& candidate) {
    const std::deque<Heard>& heard = candidate.second;
    return !known_.contains(candidate.first) && heard.size() >= deliveries.size() &&
           std::equal(deliveries.begin(), deliveries.end(), heard.begin(),
                      [](const verdict::Delivery& delivery, const Heard& one) {
                        return delivery.sequence == one.sequence && delivery.payload == one.payload;
                      });
  };
  const auto found = inbox.empty() ? std::ranges::find_if(heard_, is_it) : heard_.find(inbox);
  if (found == heard_.end()) return;
  inbox = found->first;
  known_.insert(inbox);
  for (verdict::Delivery& delivery : deliveries) {
    if (found->second.empty()) return;
    delivery.subject = found->second.front().subject;
    found->second.pop_front();
  }
}

void DeliveryTap::Forget(const std::string& inbox) {
  const std::lock_guard lock(mutex_);
  heard_.erase(inbox);
  known_.erase(inbox);
}

}  // namespace atrest::driver
