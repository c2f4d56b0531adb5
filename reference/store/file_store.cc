#include "reference/store/file_store.h"

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/store/client_log.h"
#include "reference/store/file_context.h"
#include "reference/store/message_log.h"
#include "reference/store/record.h"
#include "reference/store/record_format.h"
#include "reference/store/subscription_log.h"

namespace atrest::store {
namespace {

uint32_t PolynomialOf(const FileStoreOptions& options) {
  const bool is_other = options.crc_polynomial != Crc32::kIeee;
  return is_other && fault::On(Fault::kPolynomialIgnored) ? Crc32::kIeee : options.crc_polynomial;
}

class FileStoreImpl : public Store {
 public:
  FileStoreImpl(env::Env env, Logger& log, const std::string& directory, const StoreLimits& limits,
                const FileStoreOptions& options)
      : context_{env, log, directory, options, Crc32(PolynomialOf(options))},
        limits_(limits),
        server_path_(JoinPath(directory, kServerFile)),
        clients_(context_) {}

  std::string Name() const override { return "FILE"; }
  Result<std::optional<RecoveredState>> Recover() override;
  Status Init(const ServerInfo& server) override;
  Result<Channel*> CreateChannel(const std::string& name) override;
  Channel* FindChannel(const std::string& name) override;
  Status DeleteChannel(const std::string& name) override;
  Status AddClient(const ClientInfo& client) override { return clients_.Add(client); }
  Status DeleteClient(const std::string& id) override { return clients_.Delete(id); }
  void SetLimits(const StoreLimits& limits) override { limits_ = limits; }
  void Tick() override;
  Status Close() override;

 private:
  // A channel, and its stores as what they are.
  struct FileChannel {
    Channel channel;
    MessageLog* messages;
    SubscriptionLog* subscriptions;
  };

  Status OpenServerFile();
  Result<std::optional<ServerInfo>> RecoverServer();
  Result<std::vector<std::string>> ListChannels();
  Result<RecoveredChannel> RecoverChannel(const std::string& name);
  Channel* AddChannel(const std::string& name, std::unique_ptr<MessageLog> messages,
                      std::unique_ptr<SubscriptionLog> subscriptions);

  const FileContext context_;
  StoreLimits limits_;
  const std::string server_path_;
  std::unique_ptr<env::File> server_file_;
  ClientLog clients_;
  std::map<std::string, FileChannel> channels_;
  std::optional<Status> closed_;
};

Status FileStoreImpl::OpenServerFile() {
  if (server_file_ != nullptr) return Status();
  Result<std::unique_ptr<env::File>> file = OpenVersioned(context_.env.files, server_path_);
  if (!file.ok()) return file.status();
  server_file_ = std::move(file).value();
  return Status();
}

Result<std::optional<ServerInfo>> FileStoreImpl::RecoverServer() {
  RecordReader reader(*server_file_, Framing::kUntyped, context_.crc, context_.options.check_crc,
                      kFirstOffset);
  if (!reader.Next()) {
    if (reader.stop() == ReadStop::kEnd) return std::optional<ServerInfo>();
    context_.LogError("Server file " + GoQuote(server_path_) +
                      " corrupted: " + reader.status().message());
    context_.LogError("Follow instructions in documentation in order to recover from this");
    return reader.status();
  }
  const Result<uint64_t> size = server_file_->Size();
  if (!size.ok()) return size.status();
  const uint64_t expected = kFirstOffset + kRecordHeaderSize + reader.payload().size();
  if (size.value() != expected) {
    return Status(Code::kCorrupt, "incorrect file size, expected " + std::to_string(expected) +
                                      " bytes, got " + std::to_string(size.value()) + " bytes");
  }
  Result<ServerInfo> server = DecodeServerInfo(reader.payload());
  if (!server.ok()) return server.status();
  return std::optional<ServerInfo>(std::move(server).value());
}

// Every sub-directory is a channel, whatever its name.
Result<std::vector<std::string>> FileStoreImpl::ListChannels() {
  const auto entries = context_.env.files.List(context_.root);
  if (!entries.ok()) return entries.status();
  std::vector<std::string> names;
  for (const env::DirectoryEntry& entry : entries.value()) {
    if (!entry.is_directory) continue;
    const bool is_odd = entry.name.find_first_of("*> ") != std::string::npos;
    if (is_odd && fault::On(Fault::kOddDirectoriesSkipped)) continue;
    names.push_back(entry.name);
  }
  return names;
}

Result<std::optional<RecoveredState>> FileStoreImpl::Recover() {
  server_file_.reset();
  clients_.Close();
  channels_.clear();
  // Both files are made before anything is read: they are there after a refusal too.
  ATREST_TRY(
      OpenServerFile().WithPrefix("unable to recover server file " + GoQuote(kServerFile) + ": "));
  ATREST_TRY(
      clients_.Open().WithPrefix("unable to recover client file " + GoQuote(kClientsFile) + ": "));
  Result<std::optional<ServerInfo>> server = RecoverServer();
  if (!server.ok()) {
    return server.status().WithPrefix("unable to recover server file " + GoQuote(server_path_) +
                                      ": ");
  }
  const Result<std::vector<std::string>> names = ListChannels();
  if (!names.ok()) return names.status();
  if (!server.value()) {
    if (!names.value().empty() && fault::On(Fault::kChannelsGoWithServerFile)) {
      for (const std::string& name : names.value()) {
        ATREST_TRY(context_.env.files.RemoveAll(JoinPath(context_.root, name)));
      }
      return std::optional<RecoveredState>();
    }
    if (!names.value().empty()) return Status(Code::kNotFound, kNoServerButChannels);
    return std::optional<RecoveredState>();
  }
  ATREST_TRY(clients_.Recover().WithPrefix("unable to recover client file " +
                                           GoQuote(clients_.path()) + ": "));
  RecoveredState state;
  state.server = *std::move(server).value();
  state.clients = clients_.Clients();
  const std::vector<std::string>& all = names.value();
  for (size_t i = 0; i < all.size(); ++i) {
    Result<RecoveredChannel> channel = RecoverChannel(all[i]);
    if (!channel.ok()) {
      // The real server has begun with the next channel when it notices: its files are repaired and
      // its damage is logged, but the error is the first one's.
      if (i + 1 < all.size()) (void)RecoverChannel(all[i + 1]);
      return channel.status();
    }
    state.channels.emplace(all[i], std::move(channel).value());
  }
  return std::optional<RecoveredState>(std::move(state));
}

Result<RecoveredChannel> FileStoreImpl::RecoverChannel(const std::string& name) {
  const ChannelLimits& limits = limits_.For(name);
  Result<std::unique_ptr<MessageLog>> messages = MessageLog::Recover(context_, name, limits);
  if (!messages.ok()) return messages.status();
  Result<std::unique_ptr<SubscriptionLog>> subscriptions =
      SubscriptionLog::Open(context_, name, limits.max_subscriptions, /*recover=*/true);
  if (!subscriptions.ok()) return subscriptions.status();
  RecoveredChannel recovered;
  recovered.subscriptions = subscriptions.value()->Subscriptions();
  recovered.channel =
      AddChannel(name, std::move(messages).value(), std::move(subscriptions).value());
  return recovered;
}

Channel* FileStoreImpl::AddChannel(const std::string& name, std::unique_ptr<MessageLog> messages,
                                   std::unique_ptr<SubscriptionLog> subscriptions) {
  FileChannel& added = channels_[name];
  added.messages = messages.get();
  added.subscriptions = subscriptions.get();
  added.channel.messages = std::move(messages);
  added.channel.subscriptions = std::move(subscriptions);
  return &added.channel;
}

Status FileStoreImpl::Init(const ServerInfo& server) {
  ATREST_TRY(OpenServerFile());
  ATREST_TRY(server_file_->Truncate(kFirstOffset));
  Bytes payload;
  Encode(server, payload);
  Bytes record;
  AppendRecord(payload, context_.crc, record);
  return server_file_->WriteAt(kFirstOffset, record);
}

Result<Channel*> FileStoreImpl::CreateChannel(const std::string& name) {
  if (channels_.contains(name)) return Status(Code::kInvalid, "already exists");
  if (limits_.max_channels > 0 && channels_.size() >= limits_.max_channels) {
    return Status(Code::kInvalid, "too many channels");
  }
  ATREST_TRY(context_.env.files.MakeDirectories(JoinPath(context_.root, name)));
  const ChannelLimits& limits = limits_.For(name);
  Result<std::unique_ptr<SubscriptionLog>> subscriptions =
      SubscriptionLog::Open(context_, name, limits.max_subscriptions, /*recover=*/false);
  if (!subscriptions.ok()) return subscriptions.status();
  return AddChannel(name, std::make_unique<MessageLog>(context_, name, limits),
                    std::move(subscriptions).value());
}

Channel* FileStoreImpl::FindChannel(const std::string& name) {
  const auto found = channels_.find(name);
  return found == channels_.end() ? nullptr : &found->second.channel;
}

Status FileStoreImpl::DeleteChannel(const std::string& name) {
  const auto found = channels_.find(name);
  if (found == channels_.end()) return Status(Code::kNotFound, "not found");
  const Status messages = found->second.messages->Close();
  const Status subscriptions = found->second.subscriptions->Close();
  // The channel stays, and with it its files, if what was buffered could not be written.
  ATREST_TRY(messages);
  ATREST_TRY(subscriptions);
  channels_.erase(found);
  if (fault::On(Fault::kDeletedChannelLeft)) return Status();
  return context_.env.files.RemoveAll(JoinPath(context_.root, name));
}

void FileStoreImpl::Tick() {
  for (auto& [name, channel] : channels_) {
    channel.messages->Tick();
    channel.subscriptions->Tick();
  }
}

Status FileStoreImpl::Close() {
  if (closed_) return *closed_;
  Status first;
  for (auto& [name, channel] : channels_) {
    const Status subscriptions = channel.subscriptions->Close();
    const Status messages = channel.messages->Close();
    if (first.ok()) first = subscriptions.ok() ? messages : subscriptions;
  }
  channels_.clear();
  clients_.Close();
  server_file_.reset();
  closed_ = first;
  return first;
}

// Two starts in a row that repair torn tails are refused: the option is to be used once, by someone
// who looks.
Status CheckTruncateWitness(env::FileSystem& files, const std::string& directory, bool truncates) {
  const std::string witness = JoinPath(directory, kTruncateWitness);
  if (!truncates) {
    if (files.Exists(witness)) (void)files.Remove(witness);
    return Status();
  }
  if (files.Open(witness, env::FileSystem::Mode::kCreateExclusive).ok()) return Status();
  if (fault::On(Fault::kTruncatesTwice)) return Status();
  return Status(Code::kInvalid,
                "file store should not be opened consecutively with the TruncateUnexpectedEOF "
                "option set to true");
}

}  // namespace

Result<std::unique_ptr<Store>> FileStore::Open(env::Env env, Logger& log,
                                               const std::string& directory,
                                               const StoreLimits& limits,
                                               const FileStoreOptions& options) {
  if (directory.empty()) {
    return Status(Code::kInvalid, "for FILE stores, root directory must be specified");
  }
  ATREST_TRY(env.files.MakeDirectories(directory).WithPrefix(
      "unable to create the root directory [" + directory + "]: "));
  ATREST_TRY(CheckTruncateWitness(env.files, directory, options.truncate_unexpected_eof));
  return std::unique_ptr<Store>(
      std::make_unique<FileStoreImpl>(env, log, directory, limits, options));
}

}  // namespace atrest::store
