// A scenario: what is done to a target and what must be seen. The data of one file under
// scenarios/, after it has been read and checked (loader.h); the language is described in
// scenarios/LANGUAGE.md.
// Steps are in a client's terms, so that one scenario runs against a store in this process and
// against a server. Keys are named in a scenario and used by name everywhere else: reports and
// traces print names, never keys.
// Threads: values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "harness/verdict/verdict.h"

namespace atrest::scenario {

// Limits of one channel; an absent member inherits.
struct ChannelLimits {
  std::optional<uint64_t> max_messages;
  std::optional<uint64_t> max_bytes;
  std::optional<int64_t> max_age_ms;
  std::optional<uint64_t> max_subscriptions;
  std::optional<int64_t> max_inactivity_ms;
};

// How a server is started. An absent member is an option that is not given at all.
struct Settings {
  std::optional<bool> encrypt;
  std::optional<std::string> cipher;
  std::optional<std::string> key_variable;  // name of the key given in the environment variable
  std::optional<std::string> key_option;    // name of the key given as an option
  std::string store = "file";               // or "memory"
  std::optional<uint64_t> max_messages;
  std::optional<uint64_t> max_bytes;
  std::optional<int64_t> max_age_ms;
  std::optional<uint64_t> slice_max_messages;
  std::optional<uint64_t> slice_max_bytes;
  std::optional<uint64_t> buffer_size;
  std::optional<uint64_t> read_buffer_size;
  std::optional<bool> check_crc;
  std::optional<uint32_t> crc_polynomial;
  std::optional<bool> truncate_bad_eof;
  std::optional<std::string> cluster_id;
  // What only a server program has; needs the capability "program".
  std::optional<uint64_t> max_channels;
  std::optional<uint64_t> max_subscriptions;
  std::optional<int64_t> max_inactivity_ms;
  std::map<std::string, ChannelLimits> channels;  // by name or wildcard
  // More arguments, behind all others, and the text of a configuration file. {key:NAME} stands for
  // the bytes of a key in both, so that reports can print them.
  std::vector<std::string> arguments;
  std::optional<std::string> config;
  // What only a node of a cluster has; needs the capability "nodes".
  std::optional<bool> cluster_sync;
  std::optional<bool> cluster_peers;  // false: it names no peers, and joins where it has no log
};

// The steps.

// Begin with a copy of a store of the real server instead of an empty directory. Only as the first
// step.
struct UseGolden {
  std::string name;  // a folder of fixtures/stores
};

struct Start {
  Settings settings;
};

// CLIENT: the name of a connected client; "" for one of the harness's own.
struct Publish {
  std::string channel;
  std::vector<std::string> payloads;
  std::string client = {};
  // Empty payloads are sent as a data field that is there and empty, as no client library does;
  // needs the capability "explicit_empty".
  bool explicit_empty = false;
};

// A new subscription, acknowledging what it gets, until nothing more comes or MAX messages have
// come.
struct Read {
  enum class From { kFirst, kLast, kSequence, kNew };
  std::string channel;
  From from = From::kFirst;
  uint64_t sequence = 0;  // for kSequence
  uint64_t max = UINT64_MAX;
};

struct Stop {};  // in order
struct Kill {    // as SIGKILL: what was only in the process is gone
  // The machine loses power: what was not synced is gone as well. Needs the capability "power".
  bool power = false;
};

struct Wait {
  int64_t ms = 0;
};

// From now on the COUNT-th operation (from 1) of this kind on the store's files is the last that
// the target begins: at kKill it is killed instead, as by SIGKILL; at kFull this write and those
// behind it, WRITES in all, fail because the disk is full. While the target is stopped
// it is armed for the next start. What the target is told to do meanwhile is not done. A Kill must
// end a run that is to be killed, whether or not the operation has come.
struct Interrupt {
  enum class At { kWrite, kSync };
  enum class How { kKill, kFull };
  At at = At::kWrite;
  uint64_t count = 1;
  How how = How::kKill;
  uint64_t writes = 0;  // of a kFull: so many fail, then there is room again; 0: all, to the end
};

// One change to the files of a stopped target. Positions below 0 count from the end.
struct FlipByte {
  std::string file;
  int64_t at = 0;
  uint8_t mask = 0;  // exclusive-or
};
struct Truncate {
  std::string file;
  std::optional<uint64_t> size;  // to this size, or
  std::optional<uint64_t> by;    // by this many bytes
};
struct AppendBytes {
  std::string file;
  std::string bytes;
};
struct RemoveFile {
  std::string file;
};
struct RenameFile {
  std::string file;
  std::string to;
};
struct MakeDirectory {
  std::string file;
};
// One byte of record RECORD (from 1) of a message file: OFFSET counts from the start of its
// payload, or of the stored message data within it.
struct ChangeRecord {
  std::string file;
  uint64_t record = 0;
  bool from_data = false;
  int64_t offset = 0;
  std::optional<uint8_t> set;   // to this value, or
  std::optional<uint8_t> flip;  // exclusive-or with it
  bool repair_crc = false;
};
// The stored message data of two records exchanged, or that of A written over B's; checksums
// repaired.
struct SwapData {
  std::string file;
  uint64_t a = 0;
  uint64_t b = 0;
};
struct CopyData {
  std::string file;
  uint64_t a = 0;
  uint64_t b = 0;
};
// The stored message data of a record replaced by BYTES, repeated or cut to its size; checksum
// repaired.
struct FillData {
  std::string file;
  uint64_t record = 0;
  std::string bytes;
};
// A record taken out of a message file, or a command out of a Raft log, whose indexes then have a
// hole.
struct RemoveRecord {
  std::string file;
  uint64_t record = 0;
};
// The whole records A and B, of one size, exchanged, headers included; of a Raft log the values
// under the two indexes.
struct SwapRecords {
  std::string file;
  uint64_t a = 0;
  uint64_t b = 0;
};
// A bucket of a Raft log's database, "logs", "conf" or "channels", that holds nothing any more.
struct EmptyBucket {
  std::string file;
  std::string bucket;
};
// A copy of a file or directory, "." for the whole store, is kept as NAME beside the store, and put
// back in its place.
struct SaveCopy {
  std::string file;
  std::string name;
};
struct RestoreCopy {
  std::string file;
  std::string name;
  std::string node = {};  // of a cluster: whose copy; "" for the node's own
};
using TamperOperation = std::variant<FlipByte, Truncate, AppendBytes, RemoveFile, RenameFile,
                                     MakeDirectory, ChangeRecord, SwapData, CopyData, FillData,
                                     RemoveRecord, SwapRecords, EmptyBucket, SaveCopy, RestoreCopy>;
struct Tamper {
  std::vector<TamperOperation> operations;
};

// Look at the bytes on disk: every stored message with the keys that open it, and TEXTS searched
// for in every file.
struct Inspect {
  std::vector<std::string> keys;  // names
  std::vector<std::string> texts;
};

// The steps of named clients, which stay connected, and of their named subscriptions, which stay
// open, over several steps. Both end with the server: afterwards the names are free again. A target
// that can do them has the capability "client".

struct Connect {
  std::string client;  // its name, and its client id
};
struct Disconnect {  // in order: the server is told
  std::string client;
};
struct Vanish {  // its connection is cut without a word
  std::string client;
};

struct Subscribe {
  enum class From { kNew, kLast, kTimeDelta, kSequence, kFirst };
  std::string client;
  std::string name;  // of the subscription, in the scenario only
  std::string channel;
  From from = From::kNew;
  uint64_t sequence = 0;      // for kSequence
  int64_t time_delta_ms = 0;  // for kTimeDelta: that long ago
  std::string durable;        // "" for none
  std::string queue;          // "" for none
  uint32_t max_in_flight = 1024;
  int64_t ack_wait_s = 30;
  bool manual_acks = false;  // else each message is acked as it comes
};

// All that has come and comes to the subscription until nothing more does, without what an earlier
// step received.
struct Receive {
  std::string subscription;
};

// Acks by hand, of messages that were received.
struct Ack {
  std::string subscription;
  std::vector<uint64_t> sequences;
};
struct CloseSubscription {
  std::string subscription;
};
struct Unsubscribe {
  std::string subscription;
};

// One NATS request with these bytes as its payload, on a connection of its own: what no client
// library sends. Needs the capability "raw", as the next does.
struct Request {
  std::string subject;
  std::string payload;
};

// These bytes to the server's client port, on a connection of its own.
struct Raw {
  std::string bytes;
};

using ClientStep = std::variant<Connect, Disconnect, Vanish, Subscribe, Receive, Ack,
                                CloseSubscription, Unsubscribe, Request, Raw>;

// Of a cluster: the node of the step comes to lead. Whoever leads in its place is stopped and
// started again as it was, as often as it takes.
struct Elect {};

using Action = std::variant<UseGolden, Start, Publish, Read, Stop, Kill, Wait, Interrupt, Tamper,
                            Inspect, Elect, ClientStep>;

struct Step {
  std::string label;  // "" for none
  Action action;
  // Of a cluster, for a step that is done to nodes: "a" and so on, or one of kRoles; else "".
  std::string node = {};
};

// The target is so many nodes of one cluster.
struct Cluster {
  uint64_t nodes = 3;
  // What no option of the real server sets; needs the capability "snapshots".
  std::optional<uint64_t> snapshot_entries;  // after so many a node takes a snapshot
  std::optional<uint64_t> trailing_entries;  // so many stay in the log behind it
};

// The expectations beside those of the model, each on one labelled step.

// What a delivered or stored payload must be: these bytes, or something sealed with CIPHER (code,
// nonce, ciphertext, tag) that holds SIZE bytes.
struct SealedPayload {
  std::string cipher;
  uint64_t size = 0;
};
using PayloadPattern = std::variant<std::string, SealedPayload>;

struct ExpectedDelivery {
  uint64_t sequence = 0;
  PayloadPattern payload;
  std::optional<std::string> subject;
};

struct ExpectedDiskMessage {
  std::string channel;
  uint64_t sequence = 0;
  std::optional<std::string> cipher;  // "" for none
  std::optional<std::vector<std::string>> opened_by;
  std::optional<uint64_t> data_size;
  std::optional<uint64_t> nonce_counter;    // of the nonce's last 8 bytes, big-endian
  std::optional<uint64_t> nonce_random_as;  // a sequence whose nonce has the same first 4 bytes
};

// An entry of a node's Raft log, known by a message that it publishes.
struct ExpectedLogEntry {
  std::string channel;
  uint64_t sequence = 0;
  bool is_there = true;
  bool is_freed = false;  // looked for in pages that are free, in place of the log itself
  std::optional<std::string> cipher;  // "" for none
  std::optional<std::vector<std::string>> opened_by;
};

struct Expectation {
  std::string step;         // a label
  std::string requirement;  // the id that is broken where this does not hold
  std::optional<bool> started;
  std::optional<std::string> refusal;  // exact
  std::optional<int> exit_code;        // of a start that was refused
  std::optional<std::string> answer;   // of a client step: "" accepted, else the error's exact text
  std::optional<std::string> reply;    // of a request or raw bytes: exactly these bytes
  std::optional<std::vector<uint64_t>> redelivered;       // these came marked so, in this order
  std::optional<std::vector<ExpectedDelivery>> receives;  // exactly these, in this order
  // The ERR and the WRN lines logged during the step, exact and in order; the store's directory
  // reads <store>.
  std::optional<std::vector<std::string>> errors;
  std::optional<std::vector<std::string>> warnings;
  std::optional<bool> published;  // all payloads of the step acked, or not
  std::vector<ExpectedDiskMessage> messages;
  std::vector<ExpectedLogEntry> entries;
  std::optional<uint64_t> snapshots;               // how many the node has
  std::optional<uint64_t> configurations;          // so many are in its Raft log
  std::optional<std::vector<std::string>> damage;  // kinds, in order
  std::optional<bool> nonces_unique;
  std::map<std::string, bool> texts;                     // searched text -> must be found
  std::map<std::string, std::optional<uint64_t>> sizes;  // path -> size; none: no such file
  bool tampering_detected = false;  // nothing false was delivered, and what is missing was reported
  bool tampering_noticed = false;   // besides, something was reported, whatever was delivered
};

struct Scenario {
  std::string id;  // path below scenarios/, without .json
  std::string title;
  std::vector<std::string> requirements;
  verdict::Suite suite = verdict::Suite::kConformance;
  verdict::Level level = verdict::Level::kMust;
  std::vector<std::string> needs;
  std::map<std::string, std::string> keys;  // name -> bytes
  std::optional<Cluster> cluster;
  std::vector<Step> steps;
  // None: an oracle judges every step by itself. In conformance that is the model (oracle/model.h),
  // in hardening the ideal (oracle/ideal.h), in compatibility the reference on the same steps.
  std::vector<Expectation> expectations;
};

// Roles that a step's node may be named by, beside "a", "b" and so on. Who has a role is found out
// when the step is done.
inline constexpr const char* kRoles[] = {
    "leader",    // leads
    "follower",  // runs and does not lead; the first
    "other",     // likewise, the last
    "stopped",   // all that do not run
    "all",
};

// "publish foo: 3 payloads": one line for traces. Names of keys, never keys.
std::string Describe(const Action& action);

// The oracle that judges a scenario of SUITE without expectations, as "expect" names it.
const char* OracleOf(verdict::Suite suite);

}  // namespace atrest::scenario
