#include "harness/shrink/setting_changes.h"

#include <algorithm>
#include <cctype>

namespace atrest::shrink {
namespace {

using scenario::Scenario;
using scenario::Settings;
using SettingChange = std::function<void(Settings&)>;

template <typename T>
SettingChange Reset(T Settings::*member) {
  return [member](Settings& settings) { settings.*member = Settings().*member; };
}

const std::vector<SettingChange>& Others() {
  static const std::vector<SettingChange> all = {
      Reset(&Settings::config),
      Reset(&Settings::cluster_sync),
      Reset(&Settings::cluster_peers),
      Reset(&Settings::arguments),
      Reset(&Settings::channels),
      Reset(&Settings::max_channels),
      Reset(&Settings::max_subscriptions),
      Reset(&Settings::max_inactivity_ms),
      Reset(&Settings::cluster_id),
      Reset(&Settings::crc_polynomial),
      Reset(&Settings::check_crc),
      Reset(&Settings::truncate_bad_eof),
      Reset(&Settings::read_buffer_size),
      Reset(&Settings::buffer_size),
      Reset(&Settings::slice_max_bytes),
      Reset(&Settings::slice_max_messages),
      Reset(&Settings::max_age_ms),
      Reset(&Settings::max_bytes),
      Reset(&Settings::max_messages),
      Reset(&Settings::store),
  };
  return all;
}

void KeyByVariable(Settings& settings) {
  if (!settings.key_option) return;
  if (!settings.key_variable) settings.key_variable = settings.key_option;
  settings.key_option.reset();
  settings.encrypt = true;  // as an option with a key does by itself
}

void UpperCaseCipher(Settings& settings) {
  if (!settings.cipher) return;
  for (char& c : *settings.cipher) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
}

SettingChange CipherIs(const char* cipher) {
  return [cipher](Settings& settings) {
    // What is simpler already stays: none before AES before CHACHA.
    if (settings.cipher && *settings.cipher != "AES") settings.cipher = cipher;
  };
}

void NoEncryption(Settings& settings) {
  settings.encrypt.reset();
  settings.cipher.reset();
  settings.key_variable.reset();
  settings.key_option.reset();
}

const std::vector<SettingChange>& OfEncryption() {
  static const std::vector<SettingChange> all = {
      NoEncryption,       Reset(&Settings::cipher),       KeyByVariable,
      UpperCaseCipher,    Reset(&Settings::key_option),   CipherIs("AES"),
      CipherIs("CHACHA"), Reset(&Settings::key_variable), Reset(&Settings::encrypt),
  };
  return all;
}

Change InAllStarts(const SettingChange& change) {
  return [change](Scenario& scenario) {
    for (scenario::Step& step : scenario.steps) {
      if (auto* start = std::get_if<scenario::Start>(&step.action)) change(start->settings);
    }
  };
}

std::vector<Change> AllInAllStarts(const std::vector<SettingChange>& changes) {
  std::vector<Change> all;
  for (const SettingChange& change : changes) all.push_back(InAllStarts(change));
  return all;
}

}  // namespace

std::vector<Change> DropOtherSettings() { return AllInAllStarts(Others()); }

std::vector<Change> SimplifyEncryption() { return AllInAllStarts(OfEncryption()); }

std::vector<Change> SimplifyStart(size_t at) {
  std::vector<Change> all;
  for (const auto* changes : {&Others(), &OfEncryption()}) {
    for (const SettingChange& change : *changes) {
      all.push_back([at, change](Scenario& scenario) {
        if (at >= scenario.steps.size()) return;
        if (auto* start = std::get_if<scenario::Start>(&scenario.steps[at].action))
          change(start->settings);
      });
    }
  }
  return all;
}

}  // namespace atrest::shrink
