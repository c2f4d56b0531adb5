#include "reference/server/option_table.h"

namespace atrest::server {
namespace {

using O = Options;
using enum OptionKind;
using enum OptionSection;
using enum OptionSupport;

constexpr OptionTarget kNowhere;
constexpr std::string_view kClustering = "clustering";
constexpr std::string_view kFt = "fault tolerance";
constexpr std::string_view kSql = "the SQL store";
constexpr std::string_view kTls = "TLS";
constexpr std::string_view kJetStream = "JetStream";

constexpr OptionTarget Bools(bool O::*a, bool O::*b, bool O::*c = nullptr) {
  return BoolTargets{a, b, c};
}

// clang-format off
constexpr OptionRow kRows[] = {
    {"cid cluster_id", kStreaming, "id cid cluster_id", kString, &O::cluster_id},
    {"", kStreaming, "discover_prefix", kString, &O::discover_prefix},
    {"st store", kStreaming, "st store_type store storetype", kStore, &O::store_type},
    {"dir", kStreaming, "dir datastore", kString, &O::directory},
    {"ns nats_server", kStreaming, "ns nats_server nats_server_url", kString, &O::nats_url},
    {"", kStreaming, "username user", kString, &O::nats_user},
    {"", kStreaming, "password pass", kString, &O::nats_password},
    {"", kStreaming, "token", kString, &O::nats_token},
    {"", kStreaming, "credentials", kString, kNowhere, kRefused, "credentials files"},
    {"", kStreaming, "nkey_seed_file", kString, kNowhere, kRefused, "NKeys"},
    {"sc stan_config", kNone, "", kString, &O::stan_config_file},
    {"hbi hb_interval", kStreaming, "hbi hb_interval server_to_client_hb_interval", kDuration,
     &O::heartbeat_interval_ns},
    {"hbt hb_timeout", kStreaming, "hbt hb_timeout server_to_client_hb_timeout", kDuration,
     &O::heartbeat_timeout_ns},
    {"hbf hb_fail_count", kStreaming, "hbf hb_fail_count server_to_client_hb_fail_count", kInt,
     &O::heartbeat_fail_count},
    {"SD stan_debug", kStreaming, "sd stan_debug", kBool, &O::stan_debug},
    {"SV stan_trace", kStreaming, "sv stan_trace", kBool, &O::stan_trace},
    {"SDV", kNone, "", kBool, Bools(&O::stan_debug, &O::stan_trace)},
    {"replace_durable", kStreaming,
     "replace_durable replace_durables replace_duplicate_durable replace_duplicate_durables", kBool,
     &O::replace_durable},
    {"io_batch_size", kNone, "", kInt, &O::io_batch_messages},
    {"io_sleep_time", kNone, "", kInt, &O::io_sleep_us},
    {"syslog_name", kStreaming, "syslog_name", kString, &O::syslog_name},
    {"encrypt", kStreaming, "encrypt", kBool, &O::encrypt},
    {"encryption_cipher", kStreaming, "encryption_cipher", kString, &O::cipher},
    {"encryption_key", kStreaming, "encryption_key", kKey, &O::command_line_key},

    {"", kStreaming, "limits store_limits storelimits", kMap, kNowhere, kFull, "store limits"},
    {"mc max_channels", kLimits, "mc max_channels maxchannels", kInt, &O::max_channels},
    {"msu max_subs", kLimits, "msu max_subs max_subscriptions maxsubscriptions", kInt,
     &O::max_subscriptions},
    {"mm max_msgs", kLimits, "mm max_msgs maxmsgs max_count maxcount", kInt, &O::max_messages},
    {"mb max_bytes", kLimits, "mb max_bytes maxbytes", kSize, &O::max_bytes},
    {"ma max_age", kLimits, "ma max_age maxage", kDuration, &O::max_age_ns},
    {"mi max_inactivity", kLimits, "mi max_inactivity maxinactivity", kDuration,
     &O::max_inactivity_ns},
    {"", kLimits, "channels channels_limits channelslimits per_channel per_channel_limits", kMap,
     kNowhere, kFull, "per channel limits"},

    {"", kStreaming, "file file_options", kMap, kNowhere, kFull, "file options"},
    {"file_compact_enabled", kFile, "compact compact_enabled", kBool, &O::file_compact},
    {"file_compact_frag", kFile, "compact_frag compact_fragmentation", kInt,
     &O::file_compact_percent},
    {"file_compact_interval", kFile, "compact_interval", kInt, &O::file_compact_interval_s},
    {"file_compact_min_size", kFile, "compact_min_size", kSize, &O::file_compact_min_bytes},
    {"file_buffer_size", kFile, "buffer_size", kSize, &O::file_buffer_bytes},
    {"file_read_buffer_size", kFile, "file_read_buffer_size read_buffer_size", kSize,
     &O::file_read_buffer_bytes},
    {"file_crc", kFile, "crc do_crc", kBool, &O::file_crc},
    {"file_crc_poly", kFile, "crc_poly", kInt, &O::file_crc_polynomial},
    {"file_sync", kFile, "sync do_sync sync_on_flush", kBool, &O::file_sync},
    {"file_slice_max_msgs", kFile, "slice_max_msgs slice_max_count slice_msgs slice_count", kInt,
     &O::file_slice_max_messages},
    {"file_slice_max_bytes", kFile, "slice_max_bytes slice_max_size slice_bytes slice_size", kSize,
     &O::file_slice_max_bytes},
    {"file_slice_max_age", kFile, "slice_max_age slice_age slice_max_time slice_time_limit",
     kDuration, &O::file_slice_max_age_ns},
    {"file_slice_archive_script", kFile, "slice_archive_script slice_archive slice_script", kString,
     &O::file_slice_archive_script},
    {"file_fds_limit", kFile, "file_descriptors_limit fds_limit", kInt, &O::file_descriptors},
    {"file_parallel_recovery", kFile, "parallel_recovery", kInt, &O::file_parallel_recovery},
    {"file_truncate_bad_eof", kNone, "", kBool, &O::file_truncate_bad_eof},
    {"file_auto_sync", kFile, "file_auto_sync auto_sync", kDuration, &O::file_auto_sync_ns},

    {"a addr net", kNats, "host net", kString, &O::host},
    {"p port", kNats, "port", kInt, &O::port},
    {"n name server_name", kNats, "server_name", kString, &O::server_name},
    {"client_advertise", kNats, "client_advertise", kString, &O::client_advertise},
    {"m http_port", kNats, "http_port monitor_port", kInt, &O::http_port},
    {"c config", kNone, "", kString, &O::config_file},
    {"t", kNone, "", kBool, &O::test_config},
    {"sl signal", kNone, "", kString, &O::signal},
    {"P pid", kNats, "pid_file pidfile", kString, &O::pid_file},
    {"ports_file_dir", kNats, "ports_file_dir", kString, &O::ports_directory},
    {"l log", kNats, "log_file logfile", kString, &O::log_file},
    {"log_size_limit", kNats, "log_size_limit logfile_size_limit", kInt, &O::log_size_limit_bytes},
    {"s syslog", kNats, "syslog", kBool, &O::syslog},
    {"r remote_syslog", kNats, "remote_syslog", kString, &O::remote_syslog},
    {"D debug", kNats, "debug", kBool, &O::debug},
    {"V trace", kNats, "trace", kBool, &O::trace},
    {"", kNats, "trace_verbose", kBool, Bools(&O::trace_verbose, &O::trace)},
    {"DV", kNone, "", kBool, Bools(&O::debug, &O::trace)},
    {"VV", kNone, "", kBool, Bools(&O::trace_verbose, &O::trace)},
    {"DVV", kNone, "", kBool, Bools(&O::debug, &O::trace_verbose, &O::trace)},
    {"T logtime", kNats, "logtime", kBool, &O::log_time},
    {"logtime_utc", kNats, "logtime_utc", kBool, &O::log_time_utc},
    {"user", kAuthorization, "user username", kString, &O::user},
    {"pass", kAuthorization, "pass password", kString, &O::password},
    {"auth", kAuthorization, "token", kString, &O::token},
    {"profile", kNats, "prof_port", kInt, &O::profile_port},
    {"max_traced_msg_len", kNats, "max_traced_msg_len", kInt, &O::max_traced_bytes},
    {"", kNats, "max_control_line", kInt, &O::max_control_line_bytes},
    {"", kNats, "max_payload", kInt, &O::max_payload_bytes},
    {"", kNats, "max_pending", kInt, &O::max_pending_bytes},
    {"", kNats, "max_connections max_conn", kInt, &O::max_connections},
    {"", kNats, "max_subscriptions max_subs", kInt, &O::max_connection_subscriptions},
    {"", kNats, "ping_max", kInt, &O::max_pings},
    {"", kNats, "ping_interval", kDuration, &O::ping_interval_ns},
    {"", kNats, "write_deadline", kDuration, &O::write_deadline_ns},
    {"seed", kNone, "", kInt, &O::seed},
    {"clock", kNone, "", kString, &O::clock},
    {"control", kNone, "", kString, &O::control},
    {"record-events", kNone, "", kString, &O::record_events},
    {"replay-events", kNone, "", kString, &O::replay_events},
    {"h help", kNone, "", kBool, &O::show_help},
    {"v version", kNone, "", kBool, &O::show_version},
    {"help_tls", kNone, "", kBool, &O::show_tls_help},

    {"routes", kNone, "", kString, kNowhere, kWarned, kClustering},
    {"cluster cluster_listen", kNone, "", kString, kNowhere, kWarned, kClustering},
    {"cluster_name cluster_advertise", kNone, "", kString, kNowhere, kRefused, kClustering},
    {"no_advertise", kNone, "", kBool, kNowhere, kRefused, kClustering},
    {"connect_retries", kNone, "", kInt, kNowhere, kRefused, kClustering},
    {"", kStreaming, "cluster", kMap, kNowhere, kRefused, "cluster"},
    {"", kStreaming, "partitioning", kBool, kNowhere, kRefused, "partitioning"},
    {"clustered cluster_bootstrap cluster_sync cluster_raft_logging"
     " cluster_proceed_on_restore_failure cluster_allow_add_remove_node",
     kNone, "", kBool, kNowhere, kRefused, kClustering},
    {"cluster_node_id cluster_peers cluster_log_path", kNone, "", kString, kNowhere, kRefused,
     kClustering},
    {"cluster_log_cache_size cluster_log_snapshots cluster_trailing_logs", kNone, "", kInt,
     kNowhere, kRefused, kClustering},
    {"ft_group", kStreaming, "ft_group ft_group_name", kString, kNowhere, kRefused, kFt},
    {"", kStreaming, "sql sql_options", kMap, kNowhere, kRefused, "SQL options"},
    {"sql_driver sql_source", kNone, "", kString, kNowhere, kRefused, kSql},
    {"sql_no_caching", kNone, "", kBool, kNowhere, kRefused, kSql},
    {"sql_max_open_conns sql_bulk_insert_limit", kNone, "", kInt, kNowhere, kRefused, kSql},
    {"", kStreaming, "tls", kMap, kNowhere, kRefused, kTls},
    {"secure", kStreaming, "secure", kBool, kNowhere, kRefused, kTls},
    {"tls_client_cert tls_client_key tls_client_cacert tlscert tlskey tlscacert", kNone, "",
     kString, kNowhere, kRefused, kTls},
    {"tls tlsverify", kNone, "", kBool, kNowhere, kRefused, kTls},
    {"ms https_port", kNats, "https_port", kInt, kNowhere, kRefused, kTls},
    {"js jetstream", kNone, "", kBool, kNowhere, kRefused, kJetStream},
    {"sd store_dir", kNone, "", kString, kNowhere, kRefused, kJetStream},
};
// clang-format on

bool HasWord(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const size_t blank = words.find(' ');
    if (words.substr(0, blank) == word) return true;
    words.remove_prefix(blank == std::string_view::npos ? words.size() : blank + 1);
  }
  return false;
}

}  // namespace

std::span<const OptionRow> OptionTable() { return kRows; }

const OptionRow* FindFlag(std::string_view name) {
  for (const OptionRow& row : kRows) {
    if (HasWord(row.flags, name)) return &row;
  }
  return nullptr;
}

const OptionRow* FindKey(OptionSection section, std::string_view lower_case_key) {
  for (const OptionRow& row : kRows) {
    if (row.section == section && HasWord(row.keys, lower_case_key)) return &row;
  }
  return nullptr;
}

}  // namespace atrest::server
