#include "reference/stan/message_fetch.h"

#include <algorithm>
#include <array>
#include <utility>

#include "reference/base/fault.h"
#include "reference/store/crypto_store_faults.h"
#include "reference/wire/msg_proto.h"

namespace atrest::stan {
namespace {

constexpr uint64_t kBatch = 100;
constexpr int kMissingMax = 10;
constexpr int64_t kAnswerTimeoutNs = 2 * kSecondNs;
// At the end of an inbox, and as the reply of what comes to it.
constexpr char kVersion[] = "sfa";
constexpr char kFirstAvailable[] = ".first";

}  // namespace

void MessageFetch::Fetch(Channel& channel, uint64_t first, uint64_t last, Done done) {
  done_ = std::move(done);
  channel_ = &channel;
  store::MessageStore& messages = *channel.store->messages;
  const uint64_t stored_last = messages.LastSequence();
  if (first > stored_last + 1) {
    const Status emptied = stored_last == 0 ? Status() : messages.Empty();
    if (!emptied.ok()) return Finish(emptied);
  } else if (first <= stored_last) {
    first = stored_last + 1;
  }
  first_ = std::max(first, channel.first_sequence);
  last_ = first_ < last && fault::On(Fault::kCatchupOneShort) ? last - 1 : last;
  if (first_ > last_) return Finish(Status());
  next_ = request_begin_ = first_;
  has_stored_ = false;
  missing_ = 0;
  const Status opened = Open(inbox_);
  if (!opened.ok()) return Finish(opened);
  Run();
}

Status MessageFetch::Open(Inbox& inbox) {
  inbox.subject = context_.NewInbox() + "." + kVersion;
  const uint64_t handle = context_.NewHandle();
  ATREST_TRY(context_.bus.Subscribe(handle, inbox.subject));
  inbox.handle = handle;
  return Status();
}

void MessageFetch::CloseInbox(Inbox& inbox) {
  if (inbox.handle != 0) context_.bus.Unsubscribe(std::exchange(inbox.handle, 0));
}

Status MessageFetch::Ask(const Inbox& inbox, uint64_t first, uint64_t last) {
  std::array<uint8_t, 16> range;
  StoreLe64(range.data(), first);
  StoreLe64(range.data() + 8, last);
  return context_.bus.Publish("_STAN.snap." + context_.info.cluster_id + "." + channel_->name,
                              inbox.subject, range);
}

bool MessageFetch::OnMessage(const Incoming& incoming) {
  if (!IsRunning()) return false;
  const bool is_check = check_.handle != 0 && incoming.handle == check_.handle;
  if (!is_check && incoming.handle != inbox_.handle) return false;
  (is_check ? check_answers_ : answers_)
      .push_back({std::string(incoming.reply),
                  Bytes(incoming.payload.begin(), incoming.payload.end()), incoming.no_responders});
  Run();
  return true;
}

void MessageFetch::WaitForAnswer() {
  context_.timers.Stop(timer_);
  timer_ = context_.After(kAnswerTimeoutNs, [this] {
    timer_ = 0;
    Finish(Status(Code::kIo, "nats: timeout"));
  });
}

void MessageFetch::Run() {
  Step step = Step::kGoOn;
  while (step == Step::kGoOn) {
    const Status done = RunOne(step);
    if (!done.ok()) return Finish(done);
  }
  if (step == Step::kEnd) return Finish(channel_->store->messages->Flush());
  WaitForAnswer();
}

Status MessageFetch::RunOne(Step& step) {
  const bool is_checking = check_.handle != 0;
  if (!is_checking && next_ > last_) {
    step = Step::kEnd;
    return Status();
  }
  if (!is_checking && next_ == request_begin_) {
    request_end_ = std::min(request_begin_ + kBatch - 1, last_);
    ATREST_TRY(Ask(inbox_, request_begin_, request_end_));
    request_begin_ = request_end_ == last_ ? 0 : request_end_ + 1;
  }
  std::deque<Answer>& answers = is_checking ? check_answers_ : answers_;
  if (answers.empty()) {
    step = Step::kWait;
    return Status();
  }
  const Answer answer = std::move(answers.front());
  answers.pop_front();
  if (is_checking) return OnCheck(answer, step);
  return OnAnswer(answer, step);
}

Status MessageFetch::OnAnswer(const Answer& answer, Step& step) {
  if (answer.no_responders) {
    return Status(Code::kIo, "nats: no responders available for request");
  }
  if (answer.payload.empty()) return OnNothing(answer, step);
  missing_ = 0;
  Result<wire::Message> message = wire::DecodeMessage(answer.payload);
  if (!message.ok()) return message.status().WithPrefix("error decoding message: ");
  message_ = std::move(message).value();
  if (message_.sequence == next_) return StoreMessage();
  // From a leader whose store is damaged; the real server would go back to it, time and again.
  if (message_.sequence < next_) return Unexpected("<nil>");
  if (answer.reply.ends_with(kFirstAvailable)) return OnOther(step);
  // Messages in between may have been lost on the way.
  ATREST_TRY(Open(check_));
  return Ask(check_, next_, next_);
}

// Nothing there. That there is nothing at all, only one of the replies says.
Status MessageFetch::OnNothing(const Answer& answer, Step& step) {
  if (next_ == first_ || has_stored_) {
    ATREST_TRY(channel_->store->messages->Empty());
    has_stored_ = false;
  }
  channel_->first_sequence = next_ + 1;
  if (answer.reply == kVersion) {
    step = Step::kEnd;
    return Status();
  }
  ++next_;
  if (++missing_ >= kMissingMax) next_ = std::max(next_, last_);
  request_begin_ = next_;
  return Status();
}

Status MessageFetch::OnCheck(const Answer& answer, Step& step) {
  CloseInbox(check_);
  check_answers_.clear();
  std::string why = "<nil>";
  if (answer.no_responders) {
    why = "nats: no responders available for request";
  } else if (!answer.payload.empty()) {
    const Result<wire::Message> message = wire::DecodeMessage(answer.payload);
    if (message.ok() && message.value().sequence == message_.sequence) return OnOther(step);
    if (!message.ok()) why = message.status().message();
  }
  return Unexpected(why);
}

Status MessageFetch::Unexpected(const std::string& why) const {
  return Status(Code::kIo, "expected to restore message " + std::to_string(next_) + ", got " +
                               std::to_string(message_.sequence) + " (err=" + why + ")");
}

// message_ is the first that there is: those before it are gone.
Status MessageFetch::OnOther(Step& step) {
  ATREST_TRY(channel_->store->messages->Empty());
  if (message_.sequence > last_) {
    channel_->first_sequence = last_ + 1;
    step = Step::kEnd;
    return Status();
  }
  channel_->first_sequence = message_.sequence;
  next_ = message_.sequence;
  if (next_ > request_end_) request_begin_ = next_ + 1;
  return StoreMessage();
}

Status MessageFetch::StoreMessage() {
  const store::faults::Bypass bypass(fault::On(Fault::kCatchupInClear) ||
                                     fault::On(Fault::kCatchupCiphertextKept));
  if (fault::On(Fault::kCatchupOwnTime)) message_.timestamp_ns = context_.now_ns;
  ATREST_TRY(channel_->store->messages->Store(std::move(message_)));
  has_stored_ = true;
  ++next_;
  return Status();
}

void MessageFetch::Cancel() {
  CloseInbox(inbox_);
  CloseInbox(check_);
  answers_.clear();
  check_answers_.clear();
  context_.timers.Stop(timer_);
  channel_ = nullptr;
  done_ = nullptr;
}

void MessageFetch::Finish(Status outcome) {
  const Done done = std::move(done_);
  Cancel();
  done(outcome);
}

}  // namespace atrest::stan
