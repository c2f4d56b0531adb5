// What a NATS client sends to a server, read piece by piece: bytes cut anyhow in, commands out. Not
// for what servers send, and without judgement of what a command means: subjects, permissions and
// the JSON of CONNECT are the broker's. Specification: wire.md 1.1, 1.3 to 1.5.
//
// "+OK" and "INFO {...}" of a client are read and dropped. Where the specification says nothing,
// blanks alone are no arguments ("PUB \r\n"), CONNECT needs no blank behind it, and of the text of
// an -ERR as much is kept as a control line may hold.
//
// The parser keeps what is unfinished: at most a control line, or the bytes of a payload that have
// arrived, never memory for those announced. Time is linear in the bytes however they are cut, and
// so are the commands and the error the same. Commands own their bytes.
// Errors: the first one is the end of the connection. Nothing is read behind it.
// Threads: none shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "reference/base/bytes.h"
#include "reference/wire/nats_writer.h"

namespace atrest::wire {

struct NatsConnect {
  std::string json;  // not looked at; may be anything
  friend bool operator==(const NatsConnect&, const NatsConnect&) = default;
};

// PUB or HPUB.
struct NatsPublish {
  std::string subject;  // not validated
  std::string reply;    // "" where there is none
  Bytes body;           // of HPUB the header, whose bytes are not checked, and the payload
  bool has_header = false;
  size_t header_size = 0;
  // As written, since leading zeros reach the subscribers.
  std::string header_size_text;  // "" of PUB
  std::string size_text;

  // Borrows from this.
  NatsMessageView View() const;
  friend bool operator==(const NatsPublish&, const NatsPublish&) = default;
};

struct NatsSubscribe {
  std::string subject;  // not validated
  std::string queue;    // "" where there is none
  std::string sid;      // any token
  friend bool operator==(const NatsSubscribe&, const NatsSubscribe&) = default;
};

struct NatsUnsubscribe {
  std::string sid;
  // Deliveries, counted from the SUB, after which the subscription ends; 0, which also stands for
  // what is no size, ends it now.
  uint64_t max = 0;
  friend bool operator==(const NatsUnsubscribe&, const NatsUnsubscribe&) = default;
};

struct NatsPing {
  friend bool operator==(const NatsPing&, const NatsPing&) = default;
};

struct NatsPong {
  friend bool operator==(const NatsPong&, const NatsPong&) = default;
};

using NatsCommand =
    std::variant<NatsConnect, NatsPublish, NatsSubscribe, NatsUnsubscribe, NatsPing, NatsPong>;

struct NatsError {
  // For WriteErr; "" if the connection is closed without a word.
  std::string err_text;
  // What the server logs of it, without the parts that depend on how the bytes were cut: state,
  // position and excerpt of "Client parser ERROR" and of "maximum control line exceeded".
  std::string log_text;
  // Where present, the log line goes on with ": " and this as Go's %q prints it. Foreign bytes.
  std::optional<std::string> log_args;
  friend bool operator==(const NatsError&, const NatsError&) = default;
};

struct NatsLimits {
  size_t control_line = 4096;  // of the arguments behind a verb
  size_t payload = 1048576;    // of the size announced
};

class NatsParser {
 public:
  explicit NatsParser(const NatsLimits& limits = {}) : limits_(limits) {}

  // False (initially): HPUB is an error. For the client's CONNECT to change, between commands.
  void set_headers(bool headers) { headers_ = headers; }
  // True: any line but a CONNECT is an error. False initially.
  void set_connect_required(bool required) { connect_required_ = required; }

  // Takes bytes from the front of *INPUT up to the end of the next command, which is returned, or
  // all of them: then nullopt, and the command goes on in the next input, or error() is set.
  std::optional<NatsCommand> Next(ByteView* input);

  const std::optional<NatsError>& error() const { return error_; }

 private:
  enum class Verb : uint8_t { kConnect, kHpub, kPub, kSub, kUnsub, kInfo, kErr, kPing, kPong, kOk };
  enum class State : uint8_t {
    kVerb,
    kBlank,       // one blank at least must follow the verb
    kBlanks,      // further blanks, then arguments
    kArguments,   // up to the end of the line
    kRestOfLine,  // ignored
    kPayload,
    kPayloadCr,
    kPayloadLf,
  };
  struct Row {
    std::string_view name;
    Verb verb;
    State next;
  };
  static const Row kRows[];

  void Step(ByteView* input);
  void TakeVerbByte(uint8_t byte);
  void TakeBlank(ByteView* input);
  void TakeArguments(ByteView* input);
  void TakePayload(ByteView* input);
  void TakePayloadEnd(uint8_t byte);
  void PassLine(ByteView* input);
  void EndLine();
  void EndIgnoredLine();
  void EndPublish(bool has_header);
  void EndSubscribe();
  void EndUnsubscribe();
  void Yield(NatsCommand command);
  void Fail(std::string err_text, std::string log_text);
  void FailWithArguments(std::string log_text);

  NatsLimits limits_;
  bool headers_ = false;
  bool connect_required_ = false;
  State state_ = State::kVerb;
  std::string verb_text_;  // so far, in upper case
  Verb verb_ = Verb::kPing;
  std::string arguments_;  // so far
  NatsPublish publish_;    // while its payload is read
  size_t payload_size_ = 0;
  std::optional<NatsCommand> ready_;
  std::optional<NatsError> error_;
};

}  // namespace atrest::wire
