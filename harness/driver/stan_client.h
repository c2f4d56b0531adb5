// A client of a streaming server: libnats' STAN client with bounded waits, and with its callbacks
// turned into mailboxes that are emptied when the caller wants.
// All subscriptions of the process deliver on one thread of the library, in the order in which
// messages came; Echo relies on that.
// Errors: a Status with the server's or the library's text; kIo for the library's own troubles
// (connection lost, timeout), kInvalid for what the server refuses.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "harness/verdict/observation.h"
#include "reference/base/status.h"

namespace atrest::driver {

class StanClient {
 public:
  struct Address {
    uint16_t port = 0;
    std::string cluster_id;
  };
  static Result<std::unique_ptr<StanClient>> Connect(const Address& address,
                                                     const std::string& client_id);
  // As Vanish.
  virtual ~StanClient() = default;

  virtual Status Publish(const std::string& channel, const std::string& payload) = 0;
  // Opens a subscription called subscribe.name, a name not in use.
  virtual Status Subscribe(const scenario::Subscribe& subscribe) = 0;
  virtual bool Has(const std::string& subscription) const = 0;
  // What has come since the last call. REQUIRES, here and below: Has(subscription).
  virtual std::vector<verdict::Delivery> Take(const std::string& subscription) = 0;
  // How many messages ever came.
  virtual uint64_t Count(const std::string& subscription) const = 0;
  // By hand, of messages that came; kNotFound for another, and for one that was acked before.
  virtual Status Ack(const std::string& subscription, uint64_t sequence) = 0;
  // The subscription is gone afterwards, whatever the answer.
  virtual Status Close(const std::string& subscription) = 0;
  virtual Status Unsubscribe(const std::string& subscription) = 0;

  // Returns when the server has read everything that this client sent before.
  virtual Status Flush() = 0;
  // Returns when everything that the server sent before is in the mailboxes, and acked where that
  // is automatic.
  virtual Status Echo() = 0;

  // Ends the connection in order. The client is of no more use.
  virtual Status Disconnect() = 0;
  // Cuts the connection without telling the server.
  virtual void Vanish() = 0;
};

}  // namespace atrest::driver
