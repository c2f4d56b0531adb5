#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {
namespace {

using scenario::Settings;
using scenario::TamperOperation;

Settings AnySettings(Story& story) {
  Random& random = story.random();
  // Mostly as it should be, so that there is something to go wrong.
  const uint64_t kind = random.Below(10);
  Settings settings = kind < 4   ? Sealed(story)
                      : kind < 5 ? Sealed(story, AnotherKey(story))
                      : kind < 6 ? Off()
                                 : AnyEncryption(story);
  if (story.Can("memory") && Chance(random, 4)) settings.store = "memory";
  if (Chance(random, 15)) settings.max_messages = 1 + random.Below(5);
  if (Chance(random, 5)) settings.max_bytes = 50 + random.Below(500);
  if (Chance(random, 8)) settings.slice_max_messages = 1 + random.Below(3);
  if (Chance(random, 4)) settings.buffer_size = random.Below(700);
  if (Chance(random, 4)) settings.check_crc = false;
  if (Chance(random, 4)) settings.truncate_bad_eof = true;
  return settings;
}

std::vector<TamperOperation> ChangeOfData(Story& story, const std::string& channel) {
  Random& random = story.random();
  const std::string file = channel + "/msgs.1.dat";
  const uint64_t record = story.SealedRecord(channel);
  if (record == 0) return {};
  const uint64_t kind = random.Below(5);
  if (kind == 0) return {scenario::FillData{file, record, "forged by nobody "}};
  if (kind <= 2) {
    const auto [a, b] = story.SealedPair(channel);
    if (a == 0) return {};
    if (kind == 1) return {scenario::SwapData{file, a, b}};
    return {scenario::CopyData{file, a, b}};
  }
  scenario::ChangeRecord change;
  change.file = file;
  change.record = record;
  change.from_data = Chance(random, 80);
  change.offset = change.from_data ? Pick<int64_t>(random, {0, 0, 1, 12, 13, -1}) : 1;
  change.set = static_cast<uint8_t>(random.Below(6));
  change.repair_crc = Chance(random, 80);
  return {change};
}

std::vector<TamperOperation> ChangeOfFiles(Story& story, const std::string& channel) {
  Random& random = story.random();
  const std::string data = channel + "/msgs.1.dat";
  const std::string index = channel + "/msgs.1.idx";
  switch (random.Below(6)) {
    case 0:
      return {scenario::RemoveFile{index}};
    case 1:
      return {scenario::Truncate{index, 4, {}}};
    case 2:
      return {scenario::AppendBytes{data, std::string(8, '\0')}};
    case 3:
      return {scenario::Truncate{Chance(random, 50) ? data : index, {}, 1 + random.Below(4)}};
    case 4:
      return WithoutChannel(channel);
    default:
      return {scenario::SaveCopy{".", "before"}};
  }
}

void ActStopped(Story& story) {
  Random& random = story.random();
  if (!story.channels().empty() && Chance(random, 30)) {
    const std::string channel = UsedChannel(story);
    // Files that there are, as far as is known.
    const auto& state = story.channels().at(channel);
    const bool there = state.known && !state.records.empty();
    if (Chance(random, 15)) story.Tamper({scenario::RestoreCopy{".", "before"}});
    if (there) {
      story.Tamper(Chance(random, 60) ? ChangeOfData(story, channel)
                                      : ChangeOfFiles(story, channel));
    }
  }
  if (Chance(random, 6)) {
    story.Interrupt(
        {scenario::Interrupt::At::kWrite, 1 + random.Below(5), scenario::Interrupt::How::kKill});
  }
  story.Start(AnySettings(story));
}

void Interrupt(Story& story) {
  using scenario::Interrupt;
  Random& random = story.random();
  const bool full = Chance(random, 30);
  const auto at = full || Chance(random, 70) ? Interrupt::At::kWrite : Interrupt::At::kSync;
  story.Interrupt({at, 1 + random.Below(10), full ? Interrupt::How::kFull : Interrupt::How::kKill});
}

void ActAsClient(Story& story, uint64_t& names) {
  Random& random = story.random();
  scenario::Subscribe subscribe;
  subscribe.client = "a";
  subscribe.name = "s" + std::to_string(++names);
  subscribe.channel = UsedChannel(story);
  subscribe.from = scenario::Subscribe::From::kFirst;
  if (Chance(random, 60)) subscribe.durable = "D";
  if (Chance(random, 30)) subscribe.queue = "g";
  subscribe.manual_acks = Chance(random, 70);
  story.Act(scenario::Connect{subscribe.client});
  story.Act(subscribe);
  story.Act(scenario::Receive{subscribe.name});
  if (Chance(random, 60)) story.Act(scenario::CloseSubscription{subscribe.name});
  story.Act(scenario::Disconnect{subscribe.client});
}

void ActRunning(Story& story, uint64_t& names) {
  Random& random = story.random();
  const uint64_t kind = random.Below(100);
  const std::string channel = Chance(random, 90) ? AnyChannel(story) : OddChannel(story);
  if (kind < 40) return PublishMixed(story, channel, Count{1, 3});
  if (kind < 70) return ReadSomehow(story, UsedChannel(story));
  if (kind < 73) return story.Publish(channel, {""}, true);
  if (kind < 76) return Interrupt(story);
  if (kind < 80 && story.Can("client")) return ActAsClient(story, names);
  if (kind < 83) return story.Inspect();
  story.End();
}

}  // namespace

void Everything(Story& story) {
  uint64_t names = 0;
  while (!story.IsFull()) {
    if (story.running()) {
      ActRunning(story, names);
    } else {
      ActStopped(story);
    }
  }
}

}  // namespace atrest::generate::focus
