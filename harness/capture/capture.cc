#include "harness/capture/capture.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "harness/capture/disguise.h"
#include "harness/capture/leaks.h"
#include "harness/capture/rewrite.h"
#include "harness/inspect/framing.h"
#include "harness/inspect/inspect.h"
#include "harness/runner/workspace.h"
#include "harness/scenario/needs.h"
#include "harness/scenario/print.h"

namespace atrest::capture {
namespace {

using inspect::Inspection;
using scenario::Scenario;

constexpr uint64_t kFileMax = uint64_t{1} << 32;
constexpr char kDefaultClusterId[] = "test-cluster";
constexpr char kServerFile[] = "server.dat";
constexpr char kClientsFile[] = "clients.dat";
constexpr char kSubscriptionsFile[] = "subs.dat";
constexpr char kLockFile[] = ".truncate.lck";
constexpr char kRequirement[] = "K-code-decides";
constexpr const char* kTargetFiles[] = {"reference.json", "nats-streaming-server.json"};

std::string TextOf(const crypto::Secret& key) { return std::string(AsText(key.view())); }

// "msgs.12.dat" -> 12, for ENDING ".dat"; nullopt for another name.
std::optional<uint64_t> SliceNumber(const std::string& name, const std::string& ending) {
  constexpr std::string_view kBegin = "msgs.";
  if (!name.starts_with(kBegin) || !name.ends_with(ending)) return std::nullopt;
  if (name.size() <= kBegin.size() + ending.size()) return std::nullopt;
  const std::string digits =
      name.substr(kBegin.size(), name.size() - kBegin.size() - ending.size());
  uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// The original names of a store: what Name is asked for beside them is in dead journal records.
std::set<std::string> NamesIn(const Inspection& store) {
  std::set<std::string> names;
  for (const inspect::Channel& channel : store.channels) {
    names.insert(channel.name);
    for (const inspect::StoredMessage& message : channel.messages) {
      names.insert(message.subject);
      names.insert(message.reply);
    }
    for (const store::RecoveredSubscription& subscription : channel.subscriptions) {
      const store::SubscriptionState& state = subscription.state;
      names.insert(
          {state.client_id, state.queue_group, state.inbox, state.ack_inbox, state.durable_name});
    }
  }
  for (const store::ClientInfo& client : store.clients) {
    names.insert({client.id, client.heartbeat_inbox, std::string(AsText(client.connection_id))});
  }
  names.erase("");
  return names;
}

std::set<std::string> PayloadsIn(const Inspection& store) {
  std::set<std::string> payloads;
  for (const inspect::Channel& channel : store.channels) {
    for (const inspect::StoredMessage& message : channel.messages) {
      if (message.payload) payloads.insert(std::string(AsText(*message.payload)));
    }
  }
  return payloads;
}

Status WriteFile(env::FileSystem& files, const std::string& path, ByteView bytes) {
  ATREST_TRY(files.MakeDirectories(path.substr(0, path.rfind('/'))));
  auto file = files.Open(path, env::FileSystem::Mode::kCreateExclusive);
  if (!file.ok()) return file.status();
  return file.value()->Append(bytes);
}

class Capturer {
 public:
  Capturer(env::FileSystem& files, std::string directory, std::string out,
           const CaptureOptions& options, Inspection inspection, Disguise disguise)
      : files_(files),
        directory_(std::move(directory)),
        out_(std::move(out)),
        options_(options),
        crc_(options.crc_polynomial),
        inspection_(std::move(inspection)),
        disguise_(std::move(disguise)) {
    captured_.store = out_ + "/fixtures/stores/" + kStoreName + "/store";
    captured_.scenario = out_ + "/scenarios/" + kStoreName + ".json";
  }

  Result<Captured> Run() {
    ATREST_TRY(CopyJournals());
    for (const inspect::Channel& channel : inspection_.channels) ATREST_TRY(CopyChannel(channel));
    captured_.left_out.insert(captured_.left_out.end(), inspection_.other_files.begin(),
                              inspection_.other_files.end());
    ATREST_TRY(WriteSurroundings());
    ATREST_TRY(
        WriteFile(files_, captured_.scenario, AsBytes(scenario::PrintScenario(MakeScenario()))));
    ATREST_TRY(MustNotLeak());
    return std::move(captured_);
  }

 private:
  Result<Bytes> Read(const std::string& path) {
    return env::ReadWhole(files_, directory_ + "/" + path, kFileMax);
  }
  Status Write(const std::string& path, const Result<Bytes>& bytes) {
    if (!bytes.ok()) return bytes.status();
    return WriteFile(files_, captured_.store + "/" + path, bytes.value());
  }
  bool Has(const std::string& path) { return files_.Exists(directory_ + "/" + path); }

  // The id is the default one of every server, or a name.
  std::string ClusterId() const {
    return inspection_.server ? inspection_.server->cluster_id : kDefaultClusterId;
  }

  Status CopyJournals() {
    ATREST_TRY(files_.MakeDirectories(captured_.store));
    if (Has(kServerFile)) {
      auto server = Read(kServerFile);
      if (!server.ok()) return server.status();
      const bool is_default = ClusterId() == kDefaultClusterId;
      if (!is_default)
        server = RewriteServer(std::move(server).value(), ClusterId(), crc_, disguise_);
      ATREST_TRY(Write(kServerFile, server));
    }
    if (Has(kClientsFile)) {
      auto clients = Read(kClientsFile);
      if (!clients.ok()) return clients.status();
      ATREST_TRY(Write(kClientsFile, RewriteJournal(std::move(clients).value(), crc_, disguise_)));
    }
    if (Has(kLockFile)) ATREST_TRY(Write(kLockFile, Bytes()));
    return {};
  }

  Status CopyChannel(const inspect::Channel& channel) {
    const auto renamed = disguise_.Name(channel.name);
    if (!renamed.ok()) return renamed.status();
    ATREST_TRY(files_.MakeDirectories(captured_.store + "/" + renamed.value()));
    ++captured_.channels;
    captured_.messages += channel.messages.size();
    const auto listed = files_.List(directory_ + "/" + channel.name);
    if (!listed.ok()) return listed.status();
    for (const env::DirectoryEntry& entry : listed.value()) {
      const std::string to = renamed.value() + "/" + entry.name;
      const std::string from = channel.name + "/" + entry.name;
      if (entry.name == kSubscriptionsFile) {
        auto subscriptions = Read(from);
        if (!subscriptions.ok()) return subscriptions.status();
        ATREST_TRY(Write(to, RewriteJournal(std::move(subscriptions).value(), crc_, disguise_)));
      } else if (const auto slice = SliceNumber(entry.name, ".dat")) {
        ATREST_TRY(Write(to, Slice(channel, *slice, from)));
      } else if (SliceNumber(entry.name, ".idx")) {
        ATREST_TRY(Write(to, Read(from)));  // where messages are, and when
      }
    }
    return {};
  }

  Result<Bytes> Slice(const inspect::Channel& channel, uint64_t number, const std::string& from) {
    auto file = Read(from);
    if (!file.ok()) return file.status();
    SliceMessages messages;
    for (const inspect::StoredMessage& message : channel.messages) {
      if (message.place.slice == number) messages[message.place.offset] = &message;
    }
    std::set<uint64_t> resume_at;
    std::string index = from;
    index.replace(index.size() - 3, 3, "idx");
    if (Has(index)) {
      const auto bytes = Read(index);
      if (!bytes.ok()) return bytes.status();
      for (const auto& record : inspect::ReadIndex(bytes.value(), crc_).records)
        resume_at.insert(record.entry.offset);
    }
    return RewriteMessages(std::move(file).value(), channel.name, messages,
                           {resume_at.begin(), resume_at.end()}, crc_, disguise_);
  }

  // What `atrest run --root` looks for beside the store.
  Status WriteSurroundings() {
    const std::string stores = out_ + "/fixtures/stores/";
    ATREST_TRY(
        WriteFile(files_, stores + "plans.json",
                  AsBytes("[{\"name\": \"" + std::string(kStoreName) + "\", \"phases\": []}]\n")));
    ATREST_TRY(
        WriteFile(files_, stores + kStoreName + "/expect.json", AsBytes("{\"opens\": []}\n")));
    ATREST_TRY(Copy("scenarios/requirements.json"));
    for (const char* target : kTargetFiles) {
      const std::string path = std::string("harness/targets/") + target;
      if (files_.Exists(options_.root + "/" + path)) ATREST_TRY(Copy(path));
    }
    return {};
  }
  Status Copy(const std::string& path) {
    const auto bytes = env::ReadWhole(files_, options_.root + "/" + path, kFileMax);
    if (!bytes.ok()) return bytes.status();
    return WriteFile(files_, out_ + "/" + path, bytes.value());
  }

  // Opens the store with each key, and without one, and reads every channel.
  Scenario MakeScenario() {
    Scenario made;
    made.id = kStoreName;
    made.title = "A captured store is opened and read as the reference does";
    made.requirements = {kRequirement};
    made.suite = verdict::Suite::kCompatibility;
    made.steps.push_back({"", scenario::UseGolden{kStoreName}});
    for (size_t number = 1; number <= options_.keys.size(); ++number) {
      const std::string& bytes = disguise_.Key(number);
      const bool is_another =
          std::ranges::none_of(made.keys, [&](const auto& key) { return key.second == bytes; });
      if (bytes.empty() || !is_another) continue;
      const std::string name = "K" + std::to_string(number);
      made.keys[name] = bytes;
      scenario::Settings settings;
      settings.encrypt = true;
      settings.key_variable = name;
      ReadAll(made, settings);
    }
    ReadAll(made, {});
    const auto needs = scenario::NeedsOf(made.steps);
    made.needs.assign(needs.begin(), needs.end());
    return made;
  }
  void ReadAll(Scenario& made, scenario::Settings settings) {
    if (ClusterId() != kDefaultClusterId) settings.cluster_id = disguise_.Name(ClusterId()).value();
    if (options_.crc_polynomial != Crc32::kIeee) settings.crc_polynomial = options_.crc_polynomial;
    made.steps.push_back({"", scenario::Start{settings}});
    for (const inspect::Channel& channel : inspection_.channels)
      made.steps.push_back({"", scenario::Read{disguise_.Name(channel.name).value()}});
    made.steps.push_back({"", scenario::Stop{}});
  }

  Status MustNotLeak() {
    Secrets secrets;
    secrets.payloads = PayloadsIn(inspection_);
    for (const auto& [original, stand_in] : disguise_.names()) secrets.names.insert(original);
    for (const crypto::Secret& key : options_.keys) secrets.names.insert(TextOf(key));
    const auto leaks = FindLeaks(files_, captured_.store, secrets);
    if (!leaks.ok()) return leaks.status();
    if (leaks.value().empty()) return {};
    return Status(Code::kCorrupt,
                  "something of the original is still there: " + leaks.value().front());
  }

  env::FileSystem& files_;
  const std::string directory_;
  const std::string out_;
  const CaptureOptions& options_;
  const Crc32 crc_;
  const Inspection inspection_;
  Disguise disguise_;
  Captured captured_;
};

// Every directory in a store is a channel, so that any folder looks like one without messages.
bool IsStore(env::FileSystem& files, const std::string& directory, const Inspection& inspection) {
  return files.Exists(directory + "/server.dat") ||
         std::ranges::any_of(inspection.channels, [](const inspect::Channel& channel) {
           return !channel.messages.empty();
         });
}

}  // namespace

Result<Captured> Capture(env::FileSystem& files, const std::string& directory,
                         const std::string& out, const CaptureOptions& options) {
  if (files.Exists(out)) return Status(Code::kInvalid, out + " is there already");
  inspect::InspectOptions look;
  look.crc_polynomial = options.crc_polynomial;
  look.keep_payloads = true;
  auto inspection = inspect::Inspect(files, directory, options.keys, look);
  if (!inspection.ok()) return inspection.status();
  if (!IsStore(files, directory, inspection.value()))
    return Status(Code::kInvalid, directory + " is not a store: no server.dat and no messages");
  auto disguise =
      Disguise::Make(options.keys, NamesIn(inspection.value()), PayloadsIn(inspection.value()));
  if (!disguise.ok()) return disguise.status();
  auto captured = Capturer(files, directory, out, options, std::move(inspection).value(),
                           std::move(disguise).value())
                      .Run();
  if (!captured.ok()) (void)files.RemoveAll(out);
  return captured;
}

}  // namespace atrest::capture
