// Subjects of the NATS protocol: which a subscription may have, which a pedantic publisher may use,
// and which subscription sees which message. Not for channel names of STAN, whose rule is stricter
// (wire.md 2.6). Specification: wire.md 1.7, and 1.4 for what publishers may do.
// A subject is tokens separated by '.'; bytes are compared as they are, no byte is special but '.',
// and a token that is "*" or ">" alone. "foo*" is a literal token. Queue names are not validated:
// any token will do, and there is no function for them.
// All functions are pure, allocate nothing and take time linear in their arguments; none can fail.
// Threads: none shared.
#pragma once

#include <string_view>

namespace atrest::wire {

// True if SUBJECT has no empty token and ">" at its end alone. What is not valid is answered with
// kInvalidSubject (nats_writer.h).
bool IsValidSubscription(std::string_view subject);

// True if SUBJECT has no empty token and no token that is a wildcard. Only pedantic connections are
// told (kInvalidPublishSubject); the message is delivered all the same.
bool IsLiteralSubject(std::string_view subject);

// True if a subscription to PATTERN sees what is published to SUBJECT: "*" stands for exactly one
// token and a final ">" for one or more. Wildcards in SUBJECT are tokens like others, so "foo.*"
// reaches the subscriptions ">" and "foo.*" but not "foo.bar"; a SUBJECT with an empty token
// reaches nobody.
// REQUIRES: IsValidSubscription(PATTERN).
bool SubjectMatches(std::string_view pattern, std::string_view subject);

}  // namespace atrest::wire
