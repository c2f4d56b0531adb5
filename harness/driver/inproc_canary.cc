#include "harness/driver/inproc_canary.h"

#include <utility>

namespace atrest::driver {
namespace {

constexpr char kLeak[] = "/read.cache";

std::string KeyOf(const scenario::Settings& settings,
                  const std::map<std::string, std::string>& keys) {
  const auto& name = settings.key_variable ? settings.key_variable : settings.key_option;
  return settings.encrypt.value_or(false) && name ? keys.at(*name) : "";
}

}  // namespace

Result<verdict::Observation> InprocCanary::Start(const scenario::Settings& settings,
                                                 const std::map<std::string, std::string>& keys) {
  scenario::Settings used = settings;
  key_ = KeyOf(settings, keys);
  if (!key_.empty()) {
    if (!was_started_) {
      first_cipher_ = settings.cipher;
      first_key_ = key_;
    } else if (defect_ == Defect::kCipherSwitch && !stored_.empty()) {
      used.cipher = first_cipher_;
    }
    was_started_ = true;
    had_another_key_ = had_another_key_ || (key_ != first_key_ && !stored_.empty());
  }
  return InprocDriver::Start(used, keys);
}

Result<verdict::Observation> InprocCanary::Publish(const scenario::Publish& publish) {
  auto seen = InprocDriver::Publish(publish);
  if (!seen.ok()) return seen;
  if (const auto* published = std::get_if<verdict::Published>(&seen.value().outcome))
    stored_[publish.channel] += published->acked;
  return seen;
}

Result<verdict::Observation> InprocCanary::Read(const scenario::Read& read) {
  auto seen = InprocDriver::Read(read);
  if (!seen.ok()) return seen;
  read_.insert(read.channel);
  auto* deliveries = std::get_if<verdict::Read>(&seen.value().outcome);
  if (deliveries == nullptr) return seen;
  for (const verdict::Delivery& delivery : deliveries->deliveries) delivered_ += delivery.payload;
  if (defect_ == Defect::kWrongKeyLoss && had_another_key_ && key_ == first_key_)
    deliveries->deliveries.clear();
  return seen;
}

Result<verdict::Observation> InprocCanary::Stop() {
  auto seen = InprocDriver::Stop();
  if (defect_ == Defect::kReadLeak && !key_.empty() && !delivered_.empty()) {
    auto leak = files().Open(directory() + kLeak, env::FileSystem::Mode::kCreate);
    if (!leak.ok()) return leak.status();
    ATREST_TRY(leak.value()->Append(AsBytes(delivered_)));
  }
  EndRun();
  return seen;
}

Result<verdict::Observation> InprocCanary::Kill() {
  was_killed_ = true;
  EndRun();
  return InprocDriver::Kill();
}

void InprocCanary::EndRun() {
  read_.clear();
  delivered_.clear();
}

bool InprocCanary::StoresInClear(const std::string& channel) {
  const auto stored = stored_.find(channel);
  if (stored == stored_.end()) return false;
  if (defect_ == Defect::kLazyKey) return recovered(channel) && !read_.contains(channel);
  return defect_ == Defect::kKillClear && was_killed_ && recovered(channel) && stored->second > 1;
}

}  // namespace atrest::driver
