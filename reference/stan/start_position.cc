#include "reference/stan/start_position.h"

#include "reference/base/fault.h"
#include "reference/stan/log_text.h"

namespace atrest::stan {
namespace {

uint64_t Before(uint64_t sequence) { return sequence > 0 ? sequence - 1 : 0; }

// A sequence in the future is not waited for: the next message is delivered, whatever its number.
uint64_t BeforeSequence(uint64_t asked, const store::MessageStore& messages) {
  if (asked < messages.FirstSequence()) return messages.FirstSequence() - 1;
  if (asked > messages.LastSequence()) return messages.LastSequence();
  return Before(asked);
}

// NOW - DELTA, wrapping round as the real server's does.
int64_t StartTime(int64_t now_ns, int64_t delta_ns) {
  return static_cast<int64_t>(static_cast<uint64_t>(now_ns) - static_cast<uint64_t>(delta_ns));
}

}  // namespace

Result<StartPoint> FindStart(const wire::StanSubscriptionRequest& request,
                             store::MessageStore& messages, int64_t now_ns) {
  StartPoint start;
  const auto describe = [&start](const std::string& how, const char* name) {
    start.text = how + name + std::to_string(start.last_sent + 1);
  };
  switch (request.start_position) {
    case wire::StanStartPosition::kNewOnly:
      start.last_sent = messages.LastSequence();
      describe("new-only", ", seq=");
      return start;
    case wire::StanStartPosition::kLastReceived:
      start.last_sent = Before(messages.LastSequence());
      if (start.last_sent >= messages.FirstSequence() && fault::On(Fault::kLastFallsBack) &&
          !messages.LastMessage().ok()) {
        --start.last_sent;
      }
      describe("last message", ", seq=");
      return start;
    case wire::StanStartPosition::kTimeDeltaStart: {
      const int64_t from = StartTime(now_ns, request.start_time_delta_ns);
      const Result<uint64_t> sequence = messages.SequenceFromTimestamp(from);
      if (!sequence.ok()) return sequence.status();
      start.last_sent = Before(sequence.value());
      describe("from time time='" + TimeText(from), "' seq=");
      return start;
    }
    case wire::StanStartPosition::kSequenceStart:
      start.last_sent = BeforeSequence(request.start_sequence, messages);
      describe("from sequence, asked_seq=" + std::to_string(request.start_sequence),
               " actual_seq=");
      return start;
    case wire::StanStartPosition::kFirst:
      start.last_sent = Before(messages.FirstSequence());
      describe("from beginning", ", seq=");
      return start;
  }
  return start;
}

}  // namespace atrest::stan
