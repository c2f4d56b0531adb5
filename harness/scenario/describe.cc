#include "harness/scenario/scenario.h"

namespace atrest::scenario {
namespace {

std::string Describe(const Settings& s) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (s.encrypt) add(std::string("encrypt=") + (*s.encrypt ? "true" : "false"));
  if (s.cipher) add("cipher=" + *s.cipher);
  if (s.key_variable) add("key in the environment=<" + *s.key_variable + ">");
  if (s.key_option) add("key as an option=<" + *s.key_option + ">");
  if (s.store != "file") add("store=" + s.store);
  const auto number = [&](const char* name, const auto& value) {
    if (value) add(std::string(name) + "=" + std::to_string(*value));
  };
  number("max_messages", s.max_messages);
  number("max_bytes", s.max_bytes);
  number("max_age_ms", s.max_age_ms);
  number("slice_max_messages", s.slice_max_messages);
  number("slice_max_bytes", s.slice_max_bytes);
  number("buffer_size", s.buffer_size);
  number("read_buffer_size", s.read_buffer_size);
  number("crc_polynomial", s.crc_polynomial);
  if (s.check_crc) add(std::string("check_crc=") + (*s.check_crc ? "true" : "false"));
  if (s.truncate_bad_eof)
    add(std::string("truncate_bad_eof=") + (*s.truncate_bad_eof ? "true" : "false"));
  if (s.cluster_id) add("cluster_id=" + *s.cluster_id);
  number("max_channels", s.max_channels);
  number("max_subscriptions", s.max_subscriptions);
  number("max_inactivity_ms", s.max_inactivity_ms);
  if (!s.channels.empty()) add("limits of " + std::to_string(s.channels.size()) + " channels");
  for (const std::string& argument : s.arguments) add(argument);
  if (s.config) add("config <" + *s.config + ">");
  if (s.cluster_sync) add(std::string("cluster_sync=") + (*s.cluster_sync ? "true" : "false"));
  if (s.cluster_peers) add(std::string("cluster_peers=") + (*s.cluster_peers ? "true" : "false"));
  return text.empty() ? "no options" : text;
}

std::string Position(const Read& read) {
  switch (read.from) {
    case Read::From::kFirst:
      return "first";
    case Read::From::kLast:
      return "last";
    case Read::From::kNew:
      return "new";
    case Read::From::kSequence:
      return std::to_string(read.sequence);
  }
  return "";
}

std::string Position(const Subscribe& subscribe) {
  switch (subscribe.from) {
    case Subscribe::From::kNew:
      return "new";
    case Subscribe::From::kLast:
      return "last";
    case Subscribe::From::kTimeDelta:
      return std::to_string(subscribe.time_delta_ms) + " ms ago";
    case Subscribe::From::kSequence:
      return std::to_string(subscribe.sequence);
    case Subscribe::From::kFirst:
      return "first";
  }
  return "";
}

struct ClientDescriber {
  std::string operator()(const Connect& s) const { return "client " + s.client + " connects"; }
  std::string operator()(const Disconnect& s) const { return "client " + s.client + " closes"; }
  std::string operator()(const Vanish& s) const { return "client " + s.client + " vanishes"; }
  std::string operator()(const Subscribe& s) const {
    std::string text = "client " + s.client + " subscribes to " + s.channel + " as " + s.name +
                       " from " + Position(s);
    if (!s.durable.empty()) text += ", durable " + s.durable;
    if (!s.queue.empty()) text += ", queue " + s.queue;
    text += ", max in flight " + std::to_string(s.max_in_flight);
    if (s.manual_acks) text += ", acks by hand";
    return text;
  }
  std::string operator()(const Receive& s) const { return s.subscription + " receives"; }
  std::string operator()(const Ack& s) const {
    std::string text = s.subscription + " acks";
    for (const uint64_t sequence : s.sequences) text += " " + std::to_string(sequence);
    return text;
  }
  std::string operator()(const CloseSubscription& s) const { return "close " + s.subscription; }
  std::string operator()(const Unsubscribe& s) const { return "unsubscribe " + s.subscription; }
  std::string operator()(const Request& s) const {
    return "request " + s.subject + " with " + std::to_string(s.payload.size()) + " bytes";
  }
  std::string operator()(const Raw& s) const {
    return "send " + std::to_string(s.bytes.size()) + " raw bytes";
  }
};

struct Describer {
  std::string operator()(const UseGolden& s) const { return "golden store " + s.name; }
  std::string operator()(const Start& s) const { return "start with " + Describe(s.settings); }
  std::string operator()(const Publish& s) const {
    const size_t count = s.payloads.size();
    const std::string what = count == 1 ? std::to_string(s.payloads[0].size()) + " bytes"
                                        : std::to_string(count) + " messages";
    const std::string who = s.client.empty() ? "" : "client " + s.client + ": ";
    const std::string how = s.explicit_empty ? ", empty ones explicitly" : "";
    return who + "publish " + what + " to " + s.channel + how;
  }
  std::string operator()(const Read& s) const {
    return "read " + s.channel + " from " + Position(s);
  }
  std::string operator()(const Stop&) const { return "stop"; }
  std::string operator()(const Kill& s) const { return s.power ? "cut the power" : "kill"; }
  std::string operator()(const Wait& s) const { return "wait " + std::to_string(s.ms) + " ms"; }
  std::string operator()(const Interrupt& s) const {
    const std::string at = s.at == Interrupt::At::kWrite ? "write" : "sync";
    const std::string how = s.how == Interrupt::How::kKill ? "kill at " : "disk full at ";
    const std::string room = s.writes == 0 ? "" : " for " + std::to_string(s.writes) + " writes";
    return how + at + " " + std::to_string(s.count) + room;
  }
  std::string operator()(const Tamper& s) const {
    return "tamper with the files (" + std::to_string(s.operations.size()) + " changes)";
  }
  std::string operator()(const Inspect&) const { return "inspect the disk"; }
  std::string operator()(const Elect&) const { return "make lead"; }
  std::string operator()(const ClientStep& s) const { return std::visit(ClientDescriber{}, s); }
};

}  // namespace

std::string Describe(const Action& action) { return std::visit(Describer{}, action); }

const char* OracleOf(verdict::Suite suite) {
  switch (suite) {
    case verdict::Suite::kConformance:
      return "model";
    case verdict::Suite::kCompatibility:
      return "reference";
    case verdict::Suite::kHardening:
      return "ideal";
  }
  return "";
}

}  // namespace atrest::scenario
