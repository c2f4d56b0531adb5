#include "reference/stan/message_serving.h"

#include <utility>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/store/crypto_store_faults.h"
#include "reference/wire/msg_proto.h"

namespace atrest::stan {

Status MessageServing::Open() {
  if (handle_ != 0) return Status();
  prefix_ = "_STAN.snap." + context_.info.cluster_id + ".";
  const uint64_t handle = context_.NewHandle();
  ATREST_TRY(context_.bus.Subscribe(handle, prefix_ + ">"));
  handle_ = handle;
  return Status();
}

void MessageServing::Close() {
  if (handle_ != 0) context_.bus.Unsubscribe(std::exchange(handle_, 0));
}

bool MessageServing::OnMessage(const Incoming& incoming) {
  if (handle_ == 0 || incoming.handle != handle_) return false;
  if (incoming.payload.size() != 16) {
    context_.Error("Invalid snapshot request, data len=" + std::to_string(incoming.payload.size()));
    return true;
  }
  const Channel* channel = channels_.Find(std::string(incoming.subject.substr(prefix_.size())));
  const bool is_new = incoming.reply.ends_with(".sfa");
  if (channel == nullptr || channel->is_being_deleted) {
    (void)context_.bus.Publish(incoming.reply, is_new ? "sfa" : "", {});
  } else {
    Answer(*channel, incoming);
  }
  return true;
}

void MessageServing::Answer(const Channel& channel, const Incoming& request) {
  uint64_t sequence = LoadLe64(request.payload.data());
  const uint64_t last = LoadLe64(request.payload.data() + 8);
  while (sequence <= last && AnswerOne(channel, request, sequence)) ++sequence;
}

// SEQUENCE becomes that of the message that was sent. False if there is no more to be sent.
bool MessageServing::AnswerOne(const Channel& channel, const Incoming& request,
                               uint64_t& sequence) {
  const bool is_new = request.reply.ends_with(".sfa");
  const store::faults::Bypass bypass(fault::On(Fault::kCatchupCiphertextKept) ||
                                     fault::On(Fault::kCatchupSealedAgain));
  const std::string error = "Snapshot restore request error for channel " + GoQuote(channel.name);
  Result<wire::MessagePtr> found = channel.store->messages->Lookup(sequence);
  if (!found.ok()) {
    context_.Error(error + ", error looking up message " + std::to_string(sequence) + ": " +
                   found.status().message());
    return false;
  }
  bool is_first = false;
  if (found.value() == nullptr && is_new) {
    found = channel.store->messages->FirstMessage();
    if (!found.ok()) {
      context_.Error(error + ", error looking up first message: " + found.status().message());
      return false;
    }
    is_first = found.value() != nullptr;
    // As many messages as are asked for may have been in another channel of that name.
    if (is_first && found.value()->sequence < sequence) found = wire::MessagePtr();
  }
  const wire::MessagePtr& message = found.value();
  buffer_.clear();
  if (message != nullptr) wire::Encode(*message, buffer_);
  const char* reply = is_first ? "sfa.first" : is_new ? "sfa" : "";
  const Status sent = context_.bus.Publish(request.reply, reply, buffer_);
  if (!sent.ok()) {
    context_.Error(error + ", unable to send response for seq " + std::to_string(sequence) + ": " +
                   sent.message());
    return false;
  }
  // A damaged store may give an earlier one, where the real server goes on without end.
  if (message == nullptr || message->sequence < sequence) return false;
  sequence = message->sequence;
  return true;
}

}  // namespace atrest::stan
