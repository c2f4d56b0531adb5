#include "reference/broker/local_queue.h"

#include <utility>

namespace atrest::broker {
namespace {

// What is kept of a buffer for the next messages.
constexpr size_t kKeptBytesMax = 4 << 20;

}  // namespace

void LocalQueue::Batch::Clear() {
  items.clear();
  bytes.clear();
  if (bytes.capacity() > kKeptBytesMax) bytes.shrink_to_fit();
}

bool LocalQueue::Push(const LinkMessage& message) {
  const size_t size = message.subject.size() + message.reply.size() + message.payload.size();
  const size_t used = filling_.bytes.size() + filling_.items.size() * sizeof(Item);
  if (used + size + sizeof(Item) > bytes_max_) return false;
  filling_.items.push_back({message.handle, message.subject.size(), message.reply.size(),
                            message.payload.size(), message.no_responders});
  Append(filling_.bytes, AsBytes(message.subject));
  Append(filling_.bytes, AsBytes(message.reply));
  Append(filling_.bytes, message.payload);
  return true;
}

bool LocalQueue::Deliver(LinkHandler& handler, size_t max,
                         const std::function<bool(uint64_t)>& wanted) {
  for (size_t count = 0; count < max; ++count) {
    if (next_ == draining_.items.size()) {
      draining_.Clear();
      next_ = at_ = 0;
      std::swap(filling_, draining_);
      if (draining_.items.empty()) return false;
    }
    const Item item = draining_.items[next_++];
    const ByteView bytes(draining_.bytes);
    const ByteView subject = bytes.subspan(at_, item.subject_size);
    const ByteView reply = bytes.subspan(at_ + item.subject_size, item.reply_size);
    const ByteView payload =
        bytes.subspan(at_ + item.subject_size + item.reply_size, item.payload_size);
    at_ += item.subject_size + item.reply_size + item.payload_size;
    if (!wanted(item.handle)) continue;
    handler.OnMessage({item.handle, AsText(subject), AsText(reply), payload, item.no_responders});
  }
  return !empty();
}

void LocalQueue::Clear() {
  filling_.Clear();
  draining_.Clear();
  next_ = at_ = 0;
}

}  // namespace atrest::broker
