// Asks the leader of the cluster for messages that this node lacks, a hundred at a time, and stores
// them: as a snapshot has them, or those before a message that is about to be applied. Messages
// that the leader no longer has are passed over, with all before them.
// Not for when that is needed, nor for trying again. Specification: cluster.md 2 ("How a follower
// gets messages") and 3j. Where a leader has fewer messages than it is asked for, they are asked
// for one by one, and after ten only the last.
// Ownership: borrows its Context; the channel must stay until the outcome.
// Errors: those of the store and the bus, "nats: timeout" where no answer comes for two seconds.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "reference/base/status.h"
#include "reference/stan/bus.h"
#include "reference/stan/channels.h"
#include "reference/stan/context.h"

namespace atrest::stan {

class MessageFetch {
 public:
  using Done = std::function<void(const Status&)>;

  explicit MessageFetch(Context& context) : context_(context) {}

  // What CHANNEL lacks of FIRST to LAST, both included. DONE is called once, perhaps at once.
  // REQUIRES: !IsRunning().
  void Fetch(Channel& channel, uint64_t first, uint64_t last, Done done);
  bool IsRunning() const { return done_ != nullptr; }
  // False if the message is not for it.
  bool OnMessage(const Incoming& incoming);
  // DONE is not called.
  void Cancel();

 private:
  struct Answer {
    std::string reply;
    Bytes payload;
    bool no_responders = false;
  };
  // An inbox that answers come to.
  struct Inbox {
    std::string subject;
    uint64_t handle = 0;
  };
  enum class Step { kGoOn, kWait, kEnd };

  Status Open(Inbox& inbox);
  void CloseInbox(Inbox& inbox);
  Status Ask(const Inbox& inbox, uint64_t first, uint64_t last);
  void WaitForAnswer();
  void Run();
  Status RunOne(Step& step);
  Status OnAnswer(const Answer& answer, Step& step);
  Status OnNothing(const Answer& answer, Step& step);
  Status OnOther(Step& step);
  Status StoreMessage();
  Status OnCheck(const Answer& answer, Step& step);
  Status Unexpected(const std::string& why) const;
  void Finish(Status outcome);

  Context& context_;
  Channel* channel_ = nullptr;
  uint64_t first_ = 0;
  uint64_t last_ = 0;
  uint64_t next_ = 0;  // the sequence whose message is waited for
  uint64_t request_begin_ = 0;
  uint64_t request_end_ = 0;  // of what was asked for last
  bool has_stored_ = false;
  int missing_ = 0;        // that were asked for in a row
  wire::Message message_;  // that is being looked at
  Inbox inbox_;
  Inbox check_;  // open while it is asked whether message_ is the first that there is
  std::deque<Answer> answers_;
  std::deque<Answer> check_answers_;
  Timers::Id timer_ = 0;
  Done done_;
};

}  // namespace atrest::stan
