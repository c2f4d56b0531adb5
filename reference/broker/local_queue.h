// Messages on their way to the local side of a broker, in order. Bytes are copied in, into one
// buffer for many messages; views that a handler gets are valid during its call, although it may
// add more. Not for deciding who gets what: whether a message is still wanted is asked when it is
// handed over.
// Errors: Push says when the bound is reached, and then nothing is kept. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "reference/base/bytes.h"
#include "reference/broker/link.h"

namespace atrest::broker {

class LocalQueue {
 public:
  explicit LocalQueue(size_t bytes_max) : bytes_max_(bytes_max) {}

  [[nodiscard]] bool Push(const LinkMessage& message);
  // Hands at most MAX messages to HANDLER, but for those whose handle is not WANTED. True if some
  // are left.
  bool Deliver(LinkHandler& handler, size_t max, const std::function<bool(uint64_t)>& wanted);
  void Clear();
  bool empty() const { return next_ == draining_.items.size() && filling_.items.empty(); }

 private:
  struct Item {
    uint64_t handle;
    size_t subject_size;
    size_t reply_size;
    size_t payload_size;
    bool no_responders;
  };
  struct Batch {
    std::vector<Item> items;
    Bytes bytes;  // subject, reply, payload of each
    void Clear();
  };

  size_t bytes_max_;
  Batch filling_;
  Batch draining_;
  size_t next_ = 0;  // item of draining_
  size_t at_ = 0;    // its byte
};

}  // namespace atrest::broker
