// Which step may follow which, and what must stand between two steps so that a correct target
// cannot answer in two ways. The generator asks it for every step; Repair makes a valid case of any
// list of steps, which is how shrinking may drop whatever it likes.
// Valid: clients act while the server runs, files are changed while it does not, a step names a
// client that is connected and a subscription that is open. Refusals are not foreseen: a step after
// a refused start is passed over when the case is run, one on a refused subscription is answered by
// the driver.
// Unequivocal: a subscription that acks by itself, or that has just been opened or acked, is
// received to the end before anything else is done, since messages and acks travel on connections
// of their own (wire.md 2.2), twice where it acks by itself: the second time finds the acks of the
// first processed; and where a queue member leaves others behind, time passes until its messages
// have been dealt out (wire.md 2.7, 100 ms), as it does behind a request of no client of ours.
// Threads: values and pure functions.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/compare/case.h"

namespace atrest::compare {

struct OpenSubscription {
  std::string client;
  std::string channel;
  std::string queue;
  bool manual_acks = false;
};

class Order {
 public:
  bool running() const { return running_; }
  const std::set<std::string>& clients() const { return clients_; }
  const std::map<std::string, OpenSubscription>& subscriptions() const { return subscriptions_; }

  bool Admits(const Step& step) const;
  // REQUIRES: Admits(step).
  void Apply(const Step& step);
  // What must directly follow STEP, which has been applied.
  std::vector<Step> Settling(const Step& step) const;

 private:
  bool running_ = false;
  bool begun_ = false;
  std::set<std::string> clients_;
  std::map<std::string, OpenSubscription> subscriptions_;
  std::set<std::string> left_behind_;  // clients whose subscriptions the server may still have
  bool queues_used_ = false;
  // Since the start, a publish was acked by a subscription by itself: before or behind the flush of
  // that publish (wire.md 2.6), so that a kill would lose the ack or not.
  bool acks_by_itself_ = false;
  bool member_left_ = false;  // with the last step, and others may be left
};

// STEPS without those that cannot be performed, with what must stand in between.
std::vector<Step> Repair(const std::vector<Step>& steps);

}  // namespace atrest::compare
