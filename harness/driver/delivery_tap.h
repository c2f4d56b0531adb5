// The subjects that messages carried on the wire: the library's STAN client does not show them, and
// takes the channel that was subscribed to instead. A tap hears every message to a client's inboxes
// a second time and reads number and subject out of it.
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/verdict/observation.h"

namespace atrest::driver {

class DeliveryTap {
 public:
  // A message came to INBOX; what is no STAN message counts for nothing.
  void Hear(const std::string& inbox, std::string_view bytes);
  // Puts the subjects into DELIVERIES: all that came to one subscription since the last call for
  // it. INBOX is the subscription's, "" as long as it is not known: the first that heard just these
  // messages is taken for it.
  void NameSubjects(std::string& inbox, std::vector<verdict::Delivery>& deliveries);
  // The subscription with INBOX is gone.
  void Forget(const std::string& inbox);

 private:
  struct Heard {
    uint64_t sequence;
    std::string subject;
    std::string payload;
  };
  std::mutex mutex_;
  std::map<std::string, std::deque<Heard>> heard_;  // by inbox, without what was named
  std::set<std::string> known_;                     // inboxes that a subscription was found for
};

}  // namespace atrest::driver
