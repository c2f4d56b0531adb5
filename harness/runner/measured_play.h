// What the kinds of measured cases share: acting on a target and noting what differs. Private to
// measured*.cc.
// Errors: the harness's own are kept in status(); after one, and after a target that crashed,
// acting goes on with empty outcomes, and only the first thing noted counts.
// Threads: one.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/runner/measured.h"

namespace atrest::runner {

using Json = nlohmann::json;

class Player {
 public:
  explicit Player(driver::Driver& driver) : driver_(driver) {}

  // Puts a copy of the golden store NAME into the target's directory.
  void Copy(env::FileSystem& files, const std::string& root, const std::string& store);
  verdict::Started Start(const scenario::Settings& settings,
                         const std::map<std::string, std::string>& keys) {
    return Outcome<verdict::Started>(driver_.Start(settings, keys));
  }
  verdict::Read Read(const scenario::Read& read) {
    return Outcome<verdict::Read>(driver_.Read(read));
  }
  verdict::Published Publish(const scenario::Publish& publish) {
    return Outcome<verdict::Published>(driver_.Publish(publish));
  }
  void Stop() { Outcome<verdict::Done>(driver_.Stop()); }
  void Kill() { Outcome<verdict::Done>(driver_.Kill()); }

  // What a subscription that starts at SEQUENCE gets first, in the form of the fixtures: a payload
  // in hex, {"instead": n} or null.
  Json ReadAt(const std::string& channel, uint64_t sequence);
  // Compares READS, {CHANNEL: {SEQUENCE: ...}}, with what comes.
  void CheckReads(const Json& reads);

  // Notes a difference if EXPECTED is not SEEN.
  void Check(const std::string& what, const Json& expected, const Json& seen);
  void Differ(const std::string& how) {
    if (difference_.empty()) difference_ = how;
  }

  const std::vector<verdict::LogLine>& log() const { return log_; }
  std::vector<verdict::LogLine> TakeLog() { return std::exchange(log_, {}); }
  driver::Driver& driver() { return driver_; }
  void Fail(const Status& status) {
    if (status_.ok()) status_ = status;
  }
  Result<std::string> Verdict() const;

 private:
  template <typename Kind>
  Kind Outcome(Result<verdict::Observation> seen) {
    if (!seen.ok()) {
      Fail(seen.status());
      return Kind();
    }
    log_.insert(log_.end(), seen.value().log.begin(), seen.value().log.end());
    if (auto* kind = std::get_if<Kind>(&seen.value().outcome)) return std::move(*kind);
    NoteStrange(seen.value().outcome);
    return Kind();
  }
  void NoteStrange(const verdict::Outcome& outcome);

  driver::Driver& driver_;
  std::vector<verdict::LogLine> log_;
  std::string difference_;
  Status status_;
};

// ID's last part for NAME.
std::string Slug(const std::string& name);

// The cases of each kind, appended.
Status AddStores(env::FileSystem& files, const std::string& root, std::vector<MeasuredCase>& cases);
Status AddDamage(env::FileSystem& files, const std::string& root, std::vector<MeasuredCase>& cases);
Status AddTranscripts(env::FileSystem& files, const std::string& root,
                      std::vector<MeasuredCase>& cases);

// A fixture's JSON.
Result<Json> LoadFixture(env::FileSystem& files, const std::string& path);

}  // namespace atrest::runner
