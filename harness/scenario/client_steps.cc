#include "harness/scenario/steps.h"

namespace atrest::scenario {
namespace {

constexpr uint64_t kAckWaitMaxS = 24 * 3600;
constexpr uint64_t kAgoMaxMs = uint64_t{366} * 24 * 3600 * 1000;

// A name that the harness can use as it is, as a client id for one.
std::string Name(JsonCursor& cursor, const char* member) {
  const JsonCursor value = cursor.Need(member);
  std::string name = value.Text();
  if (name.empty()) value.Fail("a name is expected");
  return name;
}

void ParseFrom(JsonCursor from, Subscribe& subscribe) {
  if (from.is_object()) {
    subscribe.from = Subscribe::From::kTimeDelta;
    subscribe.time_delta_ms = static_cast<int64_t>(from.Need("ago_ms").Unsigned(kAgoMaxMs));
    from.Finish();
  } else if (!from.is_string()) {
    subscribe.from = Subscribe::From::kSequence;
    subscribe.sequence = from.Unsigned();
  } else if (from.Text() == "first") {
    subscribe.from = Subscribe::From::kFirst;
  } else if (from.Text() == "last") {
    subscribe.from = Subscribe::From::kLast;
  } else if (from.Text() == "new") {
    subscribe.from = Subscribe::From::kNew;
  } else {
    from.Fail("\"first\", \"last\", \"new\", a sequence or {\"ago_ms\": n} is expected");
  }
}

ClientStep ParseSubscribe(JsonCursor& cursor) {
  Subscribe subscribe;
  subscribe.client = Name(cursor, "client");
  subscribe.name = Name(cursor, "name");
  subscribe.channel = cursor.Need("channel").Text();
  ParseFrom(cursor.Need("from"), subscribe);
  if (const auto durable = cursor.Find("durable")) subscribe.durable = durable->Text();
  if (const auto queue = cursor.Find("queue")) subscribe.queue = queue->Text();
  if (const auto most = cursor.Find("max_in_flight")) {
    subscribe.max_in_flight = static_cast<uint32_t>(most->Unsigned(INT32_MAX));
  }
  if (const auto wait = cursor.Find("ack_wait_s")) {
    subscribe.ack_wait_s = static_cast<int64_t>(wait->Unsigned(kAckWaitMaxS));
  }
  if (const auto acks = cursor.Find("acks")) {
    if (acks->Text() != "manual") acks->Fail("only \"manual\" is known");
    subscribe.manual_acks = true;
  }
  return subscribe;
}

ClientStep ParseAck(JsonCursor& cursor) {
  Ack ack;
  ack.subscription = Name(cursor, "subscription");
  const JsonCursor sequences = cursor.Need("sequences");
  for (const JsonCursor& item : sequences.Items()) ack.sequences.push_back(item.Unsigned());
  if (ack.sequences.empty()) sequences.Fail("at least one sequence is expected");
  return ack;
}

template <typename OfClient>
ClientStep ParseOfClient(JsonCursor& cursor) {
  return OfClient{Name(cursor, "client")};
}
template <typename OfSubscription>
ClientStep ParseOfSubscription(JsonCursor& cursor) {
  return OfSubscription{Name(cursor, "subscription")};
}
ClientStep ParseRequest(JsonCursor& cursor) {
  return Request{Name(cursor, "subject"), cursor.Need("payload").Payload()};
}
ClientStep ParseRaw(JsonCursor& cursor) { return Raw{cursor.Need("bytes").Payload()}; }

struct Kind {
  const char* name;
  ClientStep (*parse)(JsonCursor&);
};
constexpr Kind kKinds[] = {
    {"connect", ParseOfClient<Connect>},
    {"disconnect", ParseOfClient<Disconnect>},
    {"vanish", ParseOfClient<Vanish>},
    {"subscribe", ParseSubscribe},
    {"receive", ParseOfSubscription<Receive>},
    {"ack", ParseAck},
    {"close", ParseOfSubscription<CloseSubscription>},
    {"unsubscribe", ParseOfSubscription<Unsubscribe>},
    {"request", ParseRequest},
    {"raw", ParseRaw},
};

}  // namespace

std::optional<ClientStep> ParseClientStep(const std::string& kind, const JsonCursor& body) {
  for (const Kind& known : kKinds) {
    if (kind != known.name) continue;
    JsonCursor cursor = body;
    ClientStep step = known.parse(cursor);
    cursor.Finish();
    return step;
  }
  return std::nullopt;
}

const std::vector<std::string>& ClientStepKinds() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Kind& kind : kKinds) all.push_back(kind.name);
    return all;
  }();
  return names;
}

}  // namespace atrest::scenario
