// The options of a standalone server with a memory or file store: what they are, their defaults,
// and how command line, configuration files and environment make them. Not for acting on them, and
// not for files, environment or clocks: their contents come in as arguments.
// Section: options.md 1 and 2, standalone.md 3.6. Which flag and key belongs to which member is one
// row in option_table.cc. What concerns clustering, fault tolerance, SQL, JetStream and TLS is
// known and refused; -cluster, -cluster_listen and -routes are accepted with a warning.
// Errors: Status with the real server's text; kUnsupported where the refusal is ours. No text holds
// a key.
// Threads: values and pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/server/nats_config.h"
#include "reference/store/crypto_store.h"

namespace atrest::server {

// Limits of one channel that differ from those of the store.
struct ChannelOverrides {
  std::optional<int64_t> max_messages;
  std::optional<int64_t> max_bytes;
  std::optional<int64_t> max_age_ns;
  std::optional<int64_t> max_subscriptions;
  std::optional<int64_t> max_inactivity_ns;
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of the specification
struct Options {
  // Streaming.
  std::string cluster_id = "test-cluster";
  std::string discover_prefix = "_STAN.discover";
  std::string store_type = "MEMORY";  // upper case
  std::string directory;
  std::string nats_url;
  std::string nats_user;
  std::string nats_password;
  std::string nats_token;
  int64_t heartbeat_interval_ns = 30'000'000'000;
  int64_t heartbeat_timeout_ns = 10'000'000'000;
  int64_t heartbeat_fail_count = 10;
  bool stan_debug = false;
  bool stan_trace = false;
  bool replace_durable = false;
  int64_t io_batch_messages = 1024;
  int64_t io_sleep_us = 0;
  std::string syslog_name;

  // Encryption, as given: Resolve says what it comes to.
  bool encrypt = false;
  std::string cipher;
  std::string command_line_key;
  std::optional<std::string> config_key;

  // Limits; 0 is unlimited. Negative ones pass until Validate.
  int64_t max_channels = 100;
  int64_t max_subscriptions = 1000;
  int64_t max_messages = 1'000'000;
  int64_t max_bytes = 1'024'000'000;
  int64_t max_age_ns = 0;
  int64_t max_inactivity_ns = 0;
  std::map<std::string, ChannelOverrides> per_channel;

  // File store.
  bool file_compact = true;
  int64_t file_compact_percent = 50;
  int64_t file_compact_interval_s = 300;
  int64_t file_compact_min_bytes = 1'048'576;
  int64_t file_buffer_bytes = 2'097'152;
  int64_t file_read_buffer_bytes = 2'097'152;
  bool file_crc = true;
  int64_t file_crc_polynomial = 3'988'292'384;
  bool file_sync = true;
  int64_t file_slice_max_messages = 0;
  int64_t file_slice_max_bytes = 67'108'864;
  int64_t file_slice_max_age_ns = 0;
  std::string file_slice_archive_script;
  int64_t file_descriptors = 0;
  int64_t file_parallel_recovery = 1;
  bool file_truncate_bad_eof = false;
  int64_t file_auto_sync_ns = 60'000'000'000;

  // Embedded NATS.
  std::string host;       // "" is 0.0.0.0
  int64_t port = 0;       // 0 is 4222, -1 any free one
  int64_t http_port = 0;  // 0 is none, -1 any free one
  std::string server_name;
  std::string client_advertise;
  std::string user;
  std::string password;
  std::string token;
  int64_t max_control_line_bytes = 4096;
  int64_t max_payload_bytes = 1'048'576;
  int64_t max_pending_bytes = 67'108'864;
  int64_t max_connections = 65'536;
  int64_t max_connection_subscriptions = 0;
  int64_t max_pings = 2;
  int64_t ping_interval_ns = 120'000'000'000;
  int64_t write_deadline_ns = 10'000'000'000;
  int64_t auth_timeout_ns = 2'000'000'000;
  int64_t max_traced_bytes = 0;
  int64_t profile_port = 0;

  // The process.
  std::string config_file;       // -c
  std::string stan_config_file;  // -sc
  bool test_config = false;
  std::string signal;  // -sl
  std::string pid_file;
  std::string ports_directory;
  std::string log_file;
  int64_t log_size_limit_bytes = 0;
  bool syslog = false;
  std::string remote_syslog;
  bool debug = false;
  bool trace = false;
  bool trace_verbose = false;
  bool log_time = true;
  bool log_time_utc = false;
  // The reference's own: how a test makes it a function of its input (reference/README.md).
  int64_t seed = -1;           // of all entropy; negative: the system's
  std::string clock = "real";  // or "virtual", "virtual:<nanoseconds since 1970>"
  std::string control;         // path of the control channel's socket; "" for none
  std::string record_events;   // where to record the session; "" for nowhere
  std::string replay_events;   // a recorded session to replay instead of serving

  bool show_help = false;
  bool show_tls_help = false;
  bool show_version = false;
};

// What the command line asks for.
struct CommandLine {
  enum class Action {
    kRun,
    kHelp,        // usage on stdout, exit 0
    kTlsHelp,     // exit 0
    kVersion,     // exit 0
    kUsageError,  // `error` on stderr, usage on stdout, exit 0
    kFailure,     // `error` on stderr, exit 1
  };
  Action action = Action::kRun;
  std::string error;
  std::vector<std::string> warnings;  // for the log
  std::vector<std::string> notices;   // of the NATS part's file; on stderr, before the start
};

// Writes what ARGS (without the program's name) give into OPTIONS. It may be called again with the
// same arguments after ApplyConfig, which is how flags win over the file.
CommandLine ParseCommandLine(std::span<const std::string> args, Options& options);

// The streaming part of a file: its `streaming` map, or else its top level. SEED chooses the order
// in which keys are taken, where the real server's is random; 0 is the order of the file.
Status ApplyConfig(const ConfigMap& config, uint64_t seed, Options& options);

// The part of a file that concerns the embedded NATS server. FILE is its name, for error texts.
// What is odd but understood is added to NOTICES.
Status ApplyNatsConfig(const ConfigMap& config, const std::string& file, Options& options,
                       std::vector<std::string>& notices);

// Everything up to the start: command line, the files that it names, command line again.
CommandLine Configure(std::span<const std::string> args, const ConfigSource& outside, uint64_t seed,
                      Options& options);

// What makes a server fail to start, in the order in which the real one looks; the text follows
// "[FTL] STREAM: Failed to start: ".
Status Validate(const Options& options);

// kUnsupported for options that are known and mean something that there is not here.
Status CheckSupported(const Options& options);

// Whether, how and with which key to encrypt (store::ResolveEncryption): the key option is the
// file's, if it has one, else the command line's. The text of an error follows
// "[FTL] STREAM: Failed to start: ".
Result<std::optional<store::EncryptionOptions>> Resolve(const Options& options,
                                                        std::string_view environment_key);

}  // namespace atrest::server
