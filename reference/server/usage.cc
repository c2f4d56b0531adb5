#include "reference/server/usage.h"

#include "reference/server/machine.h"

namespace atrest::server {

std::string UsageText() {
  return R"(
Usage: nats-streaming-server [options]

Options may have one dash or two; values follow after a blank or "=". A boolean takes its value
after "=" alone, and is true without one.

Streaming Server Options:
    -cid, -cluster_id STRING        cluster id (test-cluster)
    -st, -store STRING              kind of store: MEMORY or FILE (MEMORY)
    -dir STRING                     root directory of a FILE store
    -mc, -max_channels INT          limit of channels (100); 0 is no limit, here and below
    -msu, -max_subs INT             limit of subscriptions of a channel (1000)
    -mm, -max_msgs INT              limit of messages of a channel (1000000)
    -mb, -max_bytes SIZE            limit of bytes of a channel (1024000000)
    -ma, -max_age DURATION          how long messages are kept ("0s")
    -mi, -max_inactivity DURATION   after which a channel without subscription is deleted ("0s")
    -ns, -nats_server URL           an outside NATS server; embedded if there is none
    -sc, -stan_config FILE          configuration of the streaming part
    -hbi, -hb_interval DURATION     between two heartbeats to a client (30s)
    -hbt, -hb_timeout DURATION      for the answer to a heartbeat (10s)
    -hbf, -hb_fail_count INT        heartbeats that may fail in a row (10)
    -replace_durable                a new durable subscription replaces an active one
    -encrypt                        encryption at rest
    -encryption_cipher STRING       AES or CHACHA
    -encryption_key STRING          the key; better given by NATS_STREAMING_ENCRYPTION_KEY
    -io_batch_size INT              messages stored at once (1024)
    -io_sleep_time INT              accepted; there is nothing to wait for
    -sl, -signal SIGNAL[=PID]       send a signal: stop, quit, term, reopen, reload, ldm

Streaming Server File Store Options:
    -file_compact_enabled, -file_compact_frag INT, -file_compact_interval INT,
    -file_compact_min_size SIZE, -file_buffer_size SIZE, -file_read_buffer_size SIZE, -file_crc,
    -file_crc_poly INT, -file_sync, -file_slice_max_msgs INT, -file_slice_max_bytes SIZE,
    -file_slice_max_age DURATION, -file_truncate_bad_eof, -file_auto_sync DURATION

Streaming Server Logging Options:
    -SD, -stan_debug    -SV, -stan_trace    -SDV

Embedded NATS Server Options:
    -a, -addr, -net HOST            address to listen on (0.0.0.0)
    -p, -port INT                   port (4222); -1 is any free one
    -n, -name, -server_name STRING
    -P, -pid FILE                   where to write the process id
    -c, -config FILE                configuration of NATS, and of the streaming part without -sc

Logging Options:
    -l, -log FILE    -log_size_limit BYTES    -T, -logtime    -D, -debug    -V, -trace    -DV

Authorization Options:
    -user STRING    -pass STRING    -auth TOKEN

Options of the reference server:
    -seed INT                       makes ids, nonces and order a function of this number
    -clock real|virtual[:NS]        whose time; a virtual one moves by the control channel alone
    -control PATH                   the control channel, a Unix socket
    -record-events FILE             records the session
    -replay-events FILE             replays a recorded session, compares, and exits

Common Options:
    -h, -help    -v, -version    -help_tls
)";
}

std::string TlsHelpText() { return "\nThere is no TLS in the reference server.\n"; }

std::string VersionText() {
  return std::string("nats-streaming-server version ") + kServerVersion + ", nats-server: v" +
         kNatsVersion + "\n";
}

}  // namespace atrest::server
