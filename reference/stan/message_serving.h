// The leader's answers to nodes that lack messages (message_fetch.h): one for each message that
// they ask for, with the first that there is in the place of those that are gone.
// Specification: cluster.md 2 and 3j.
// Ownership: borrows all it is made with.
// Errors: a message that cannot be read ends the answer, which is logged.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/status.h"
#include "reference/stan/bus.h"
#include "reference/stan/channels.h"
#include "reference/stan/context.h"

namespace atrest::stan {

class MessageServing {
 public:
  MessageServing(Context& context, const Channels& channels)
      : context_(context), channels_(channels) {}

  // Begins, unless it has begun.
  Status Open();
  void Close();
  // False if the message is not for it.
  bool OnMessage(const Incoming& incoming);

 private:
  void Answer(const Channel& channel, const Incoming& request);
  bool AnswerOne(const Channel& channel, const Incoming& request, uint64_t& sequence);

  Context& context_;
  const Channels& channels_;
  uint64_t handle_ = 0;
  std::string prefix_;
  Bytes buffer_;
};

}  // namespace atrest::stan
