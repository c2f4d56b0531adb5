// How a MessageLog finds its slices after a start: specification, standalone.md 1.7.
#include <algorithm>
#include <charconv>
#include <limits>

#include "reference/base/fault.h"
#include "reference/base/go_quote.h"
#include "reference/store/message_log.h"
#include "reference/store/slice_recovery.h"

namespace atrest::store {
namespace {

// The N of "msgs.N.dat"; nullopt for what is no slice number. A sign and leading zeros are read
// over, as by the real server; a number below 1 is refused here, where the real server starts and
// then goes down at the first lookup.
std::optional<int64_t> SliceNumber(std::string_view data_name) {
  data_name.remove_prefix(sizeof kSlicePrefix - 1);
  data_name.remove_suffix(sizeof kDataSuffix - 1);
  if (data_name.starts_with('+')) data_name.remove_prefix(1);
  int64_t number = 0;
  const char* end = data_name.data() + data_name.size();
  const auto [stop, error] = std::from_chars(data_name.data(), end, number);
  const bool usable = number >= 1 && number < std::numeric_limits<int64_t>::max();
  if (error != std::errc() || stop != end || !usable) return std::nullopt;
  return number;
}

bool IsDataName(std::string_view name) {
  // "msgs.dat" has both, on top of each other.
  return name.size() >= sizeof kSlicePrefix - 1 + sizeof kDataSuffix - 1 &&
         name.starts_with(kSlicePrefix) && name.ends_with(kDataSuffix);
}

Status InvalidName(const std::string& data_name) {
  return Status(Code::kCorrupt, "message log has an invalid name: " + data_name);
}

}  // namespace

Result<std::unique_ptr<MessageLog>> MessageLog::Recover(const FileContext& context,
                                                        const std::string& channel,
                                                        const ChannelLimits& limits) {
  auto log = std::make_unique<MessageLog>(context, channel, limits);
  std::string file;
  const Status recovered = log->RecoverSlices(&file);
  if (!recovered.ok()) {
    return recovered.WithPrefix("unable to recover message store for [" + channel +
                                "](file: " + GoQuote(file) + "): ");
  }
  const bool is_over = log->OverLimits();
  if (!is_over || !fault::On(Fault::kLimitsNotAtStart)) log->EnforceLimits(/*warn=*/false);
  if (limits.max_age_ns > 0 && log->count_ > 0 && !fault::On(Fault::kAgeForgottenAtStart)) {
    log->Expire(log->now_tick_);
  }
  for (const std::unique_ptr<Slice>& slice : log->slices_) slice->CloseFiles();
  log->read_slice_ = nullptr;
  return log;
}

Status MessageLog::RecoverSlices(std::string* file) {
  const auto entries = context_.env.files.List(JoinPath(context_.root, channel_));
  if (!entries.ok()) return entries.status();
  for (const env::DirectoryEntry& entry : entries.value()) {
    if (entry.is_directory || !IsDataName(entry.name)) continue;
    ATREST_TRY(RecoverNamedSlice(entry.name, file));
  }
  // By number, which is not the order of the names: msgs.10.dat comes before msgs.2.dat.
  const auto by_number = [](const auto& a, const auto& b) { return a->number < b->number; };
  const bool sorted = std::is_sorted(slices_.begin(), slices_.end(), by_number);
  if (sorted || !fault::On(Fault::kSlicesByName)) {
    std::sort(slices_.begin(), slices_.end(), by_number);
  }
  for (size_t i = 1; i < slices_.size(); ++i) {
    const std::string& path = slices_[i]->data_path;
    // Two spellings of one number.
    if (slices_[i]->number == slices_[i - 1]->number) {
      return InvalidName(path.substr(path.rfind('/') + 1));
    }
    if (slices_[i]->first <= slices_[i - 1]->last) ascending_ = false;
    if (slices_[i]->first > slices_[i - 1]->last + 1 && fault::On(Fault::kMissingSliceRefused)) {
      return Status(Code::kCorrupt, "messages are missing before " + path);
    }
  }
  return Status();
}

// *FILE becomes the name of each file in turn before it is opened: a refusal names the last.
Status MessageLog::RecoverNamedSlice(const std::string& data_name, std::string* file) {
  const std::optional<int64_t> number = SliceNumber(data_name);
  if (!number) return InvalidName(data_name);
  std::unique_ptr<Slice> slice = MakeSlice(*number, data_name);
  const bool had_index = context_.env.files.Exists(slice->index_path);
  *file = JoinPath(channel_, data_name);
  Result<std::unique_ptr<env::File>> data = OpenVersioned(context_.env.files, slice->data_path);
  if (!data.ok()) return data.status();
  *file = JoinPath(channel_, kSlicePrefix + std::to_string(*number) + kIndexSuffix);
  Result<std::unique_ptr<env::File>> index = OpenVersioned(context_.env.files, slice->index_path);
  if (!index.ok()) return index.status();
  slice->data = std::move(data).value();
  slice->index = std::move(index).value();
  ATREST_TRY(RecoverSlice(context_, *slice, had_index));
  slice->CloseFiles();
  // The files of an empty slice stay; its number is free.
  if (slice->count == 0) return Status();
  if (first_ == 0 || first_ > slice->first) first_ = slice->first;
  last_ = std::max(last_, slice->last);
  if (last_ != count_ + slice->count && fault::On(Fault::kLastIsTheCount)) {
    last_ = std::max(first_, count_ + slice->count);
  }
  count_ += slice->count;
  bytes_ += slice->bytes;
  slices_.push_back(std::move(slice));
  return Status();
}

}  // namespace atrest::store
