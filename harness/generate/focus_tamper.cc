#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {
namespace {

using scenario::TamperOperation;

constexpr size_t kSequenceOffset = 1;  // in a record: behind the field's tag
constexpr size_t kSubjectOffset = 4;   // the first letter, for sequences below 128

std::string DataFile(const std::string& channel) { return channel + "/msgs.1.dat"; }
std::string IndexFile(const std::string& channel) { return channel + "/msgs.1.idx"; }

// A sealed store, the operation that CHANGE makes of a channel, and everything read again.
template <typename Change>
void SealThenChange(Story& story, Change change) {
  const auto key = PlainlySealed();
  while (!story.IsFull()) {
    const std::string channel = AnyChannel(story);
    story.Start(key);
    PublishTexts(story, channel, Count{3, 5});
    if (Chance(story.random(), 25)) PublishTexts(story, AnyChannel(story), 1);
    story.End();
    story.Tamper(change(channel));
    story.Start(key);
    story.ReadAll(channel);
    if (Chance(story.random(), 40)) PublishTexts(story, channel, 1);
    ReadSomehow(story, channel);
    story.End();
  }
}

scenario::ChangeRecord ChangeData(Story& story, const std::string& channel, int64_t offset) {
  scenario::ChangeRecord change;
  change.file = DataFile(channel);
  change.record = story.SealedRecord(channel);
  change.from_data = true;
  change.offset = offset;
  change.repair_crc = true;
  return change;
}

std::vector<TamperOperation> IfFits(scenario::ChangeRecord change) {
  if (change.record == 0) return {};
  return {std::move(change)};
}

}  // namespace

void Swap(Story& story) {
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    const auto [a, b] = story.SealedPair(channel);
    if (a == 0) return {};
    return {scenario::SwapData{DataFile(channel), a, b}};
  });
}

void Replay(Story& story) {
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    const auto [a, b] = story.SealedPair(channel);
    if (a == 0) return {};
    return {scenario::CopyData{DataFile(channel), a, b}};
  });
}

void Forge(Story& story) {
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    const uint64_t record = story.SealedRecord(channel);
    if (record == 0) return {};
    const auto bytes = Pick<std::string>(story.random(), {"forged by nobody ", "\x03", "\x01 so"});
    return {scenario::FillData{DataFile(channel), record, bytes}};
  });
}

void CodeByte(Story& story) {
  SealThenChange(story, [&](const std::string& channel) {
    auto change = ChangeData(story, channel, 0);
    change.set = Pick<uint8_t>(story.random(), {0x00, 0x03, 0x81, 0x02, 0xFF});
    return IfFits(std::move(change));
  });
}

void Ciphertext(Story& story) {
  SealThenChange(story, [&](const std::string& channel) {
    // In the nonce, the ciphertext and the tag.
    auto change =
        ChangeData(story, channel, Pick<int64_t>(story.random(), {1, 5, 12, 13, 20, -1, -16}));
    change.flip = static_cast<uint8_t>(1u << story.random().Below(8));
    change.repair_crc = Chance(story.random(), 80);
    return IfFits(std::move(change));
  });
}

void Sequence(Story& story) {
  SealThenChange(story, [&](const std::string& channel) {
    auto change = ChangeData(story, channel, kSequenceOffset);
    change.from_data = false;
    change.set = static_cast<uint8_t>(1 + story.random().Below(20));
    return IfFits(std::move(change));
  });
}

void Metadata(Story& story) {
  SealThenChange(story, [&](const std::string& channel) {
    auto change = ChangeData(story, channel, kSubjectOffset);
    change.from_data = false;
    change.flip = 1;
    return IfFits(std::move(change));
  });
}

void MovedChannel(Story& story) {
  uint64_t moved = 0;
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    if (Chance(story.random(), 40)) return WithoutChannel(channel);
    return {scenario::RenameFile{channel, "moved." + std::to_string(++moved)}};
  });
}

void Rollback(Story& story) {
  while (!story.IsFull()) {
    const std::string channel = AnyChannel(story);
    const std::string what = Chance(story.random(), 60) ? "." : channel;
    story.Start(PlainlySealed());
    PublishTexts(story, channel, Count{1, 2});
    story.End();
    story.Tamper({scenario::SaveCopy{what, "before"}});
    story.Start(PlainlySealed());
    PublishTexts(story, channel, Count{1, 2});
    story.End();
    story.Tamper({scenario::RestoreCopy{what, "before"}});
    story.Start(PlainlySealed());
    story.ReadAll(channel);
    if (Chance(story.random(), 60)) PublishTexts(story, channel, 1);
    story.ReadAll(channel);
    story.End();
  }
}

void RollbackAndNonces(Story& story) {
  Rollback(story);
  story.End();
  story.Inspect();
}

void CutTail(Story& story) {
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    const std::string file = Chance(story.random(), 60) ? DataFile(channel) : IndexFile(channel);
    scenario::Truncate cut{file, {}, {}};
    cut.by = Pick<uint64_t>(story.random(), {1, 8, 32, 40});
    if (Chance(story.random(), 15)) cut = {file, Pick<uint64_t>(story.random(), {0, 4}), {}};
    return {cut};
  });
}

void CutMiddle(Story& story) {
  uint64_t round = 0;
  while (!story.IsFull()) {
    const std::string channel = "foo." + std::to_string(round);
    auto settings = PlainlySealed();
    settings.slice_max_messages = 1;
    story.Start(settings);
    PublishTexts(story, channel, Count{3, 4});
    story.End();
    const std::string slice = channel + "/msgs." + std::to_string(1 + story.random().Below(2));
    story.Tamper({scenario::RenameFile{slice + ".dat", slice + ".dat.away"},
                  scenario::RenameFile{slice + ".idx", slice + ".idx.away"}});
    story.Start(settings);
    story.ReadAll(channel);
    story.End();
    // The next round begins with a channel of its own.
    ++round;
  }
}

void LostIndex(Story& story) {
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    const uint64_t kind = story.random().Below(10);
    if (kind < 6) return {scenario::RemoveFile{IndexFile(channel)}};
    if (kind < 8) return {scenario::Truncate{IndexFile(channel), 4, {}}};
    return {scenario::RemoveFile{channel + "/subs.dat"}};
  });
}

void AnyFlip(Story& story) {
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    static const std::vector<std::string> kServerFiles = {"server.dat", "clients.dat"};
    const uint64_t kind = story.random().Below(10);
    const std::string file = kind < 4   ? DataFile(channel)
                             : kind < 8 ? IndexFile(channel)
                                        : Pick(story.random(), kServerFiles);
    // The version, and what follows it: every file that is used has these.
    const auto at = static_cast<int64_t>(story.random().Below(file == "clients.dat" ? 4 : 32));
    return {scenario::FlipByte{file, at, static_cast<uint8_t>(1u << story.random().Below(8))}};
  });
}

void LostTailAndNonces(Story& story) {
  SealThenChange(story, [&](const std::string& channel) -> std::vector<TamperOperation> {
    return {scenario::Truncate{IndexFile(channel), {}, 32}};
  });
  story.End();
  story.Inspect();
}

}  // namespace atrest::generate::focus
