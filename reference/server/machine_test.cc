#include "reference/server/machine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference/env/fixed_env.h"
#include "reference/env/mem_file_system.h"

namespace atrest::server {
namespace {

using Kind = Event::Kind;

// A machine with files in memory and its own time.
class Machines : public testing::Test {
 protected:
  void Make(const Options& options) {
    machine_ = std::make_unique<Machine>(options, "", files_, entropy_, nats_log_, log_);
  }
  Status Happen(Event event) {
    event.now_ns = ++now_ns_;
    return machine_->Apply(event);
  }
  void Start() {
    for (const Kind kind : {Kind::kOpen, Kind::kStartNats, Kind::kListening, Kind::kStart}) {
      ASSERT_TRUE(Happen({.kind = kind}).ok());
    }
    ASSERT_TRUE(Happen({.kind = Kind::kRound}).ok());
  }

  env::MemFileSystem files_;
  env::SeededEntropy entropy_{1};
  LogBuffer nats_log_;
  LogBuffer log_;
  int64_t now_ns_ = 1'000'000'000;
  std::unique_ptr<Machine> machine_;
};

TEST_F(Machines, ServesClients) {
  Make({});
  Start();
  EXPECT_TRUE(machine_->ready());
  ASSERT_TRUE(
      Happen({.kind = Kind::kAccepted, .connection = 1, .number = 80, .bytes = AsBytes("::1")})
          .ok());
  ASSERT_TRUE(Happen({.kind = Kind::kReceived,
                      .connection = 1,
                      .bytes = AsBytes("CONNECT {\"verbose\":false}\r\nSUB r 1\r\n"
                                       "PUB _STAN.close.test-cluster r 0\r\n\r\nPING\r\n")})
                  .ok());
  ASSERT_TRUE(Happen({.kind = Kind::kRound}).ok());
  const std::vector<Output> outputs = machine_->TakeOutputs();
  ASSERT_EQ(outputs.size(), 1U);
  const std::string_view text = AsText(outputs[0].bytes);
  EXPECT_TRUE(text.starts_with("INFO {")) << text;
  EXPECT_TRUE(text.ends_with("PONG\r\nMSG r 1 24\r\n\n\x16stan: unknown clientID\r\n")) << text;
  EXPECT_FALSE(outputs[0].close);
}

// As in a record that is replayed with other options.
TEST_F(Machines, EventsThatCannotBeAreRefused) {
  Make({});
  for (const Kind kind : {Kind::kStartNats, Kind::kListening, Kind::kStart, Kind::kAccepted,
                          Kind::kReceived, Kind::kWritten, Kind::kClosed, Kind::kDialed,
                          Kind::kDialFailed, Kind::kEntropy, static_cast<Kind>(200)}) {
    EXPECT_EQ(Happen({.kind = kind}).code(), Code::kInvalid) << static_cast<int>(kind);
  }
  EXPECT_TRUE(Happen({.kind = Kind::kRound}).ok());
  Start();
  for (const Kind kind : {Kind::kOpen, Kind::kStartNats, Kind::kStart, Kind::kDialed}) {
    EXPECT_EQ(Happen({.kind = kind}).code(), Code::kInvalid) << static_cast<int>(kind);
  }
  EXPECT_TRUE(Happen({.kind = Kind::kStop}).ok());
}

}  // namespace
}  // namespace atrest::server
