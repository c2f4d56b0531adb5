// Values as the real server's log lines show them.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "reference/store/journal.h"
#include "reference/wire/stan_protocol.h"

namespace atrest::stan {

// The text form of protobuf: `clientID:"me" guid:"g" subject:"foo" data:"\001" `, with a blank at
// the end. It shows the payload.
std::string PubMsgText(const wire::StanPubMsg& message);

// As Go prints a time, in UTC: "2023-11-14 22:13:20.5 +0000 UTC".
std::string TimeText(int64_t ns_since_1970);

// "[Client:ID] "
std::string OfClient(const std::string& client_id);

// "[Client:me] ACTION durable queue subscription, subject=foo, inbox=i, queue=g, subid=1": the line
// that tells of a change.
std::string SubscriptionLine(const std::string& client_id, const std::string& action,
                             const std::string& channel, const store::SubscriptionState& state);

}  // namespace atrest::stan
