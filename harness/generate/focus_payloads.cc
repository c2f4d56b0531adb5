#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {
namespace {

constexpr size_t kBurstChannels = 12;

// Payloads of KIND under one key, read in the same run and in the next.
void PublishClass(Story& story, PayloadClass kind, size_t at_once) {
  while (!story.IsFull()) {
    const std::string channel = AnyChannel(story);
    story.Start(Sealed(story));
    std::vector<std::string> payloads;
    for (uint64_t i = 1 + story.random().Below(at_once); i > 0; --i)
      payloads.push_back(PayloadOf(story, kind));
    story.Publish(channel, std::move(payloads));
    if (Chance(story.random(), 60)) story.ReadAll(channel);
    story.Start(Sealed(story));
    ReadSomehow(story, channel);
    story.End();
  }
}

}  // namespace

void Sizes(Story& story) {
  PublishClass(story, Chance(story.random(), 70) ? PayloadClass::kTiny : PayloadClass::kBesidePower,
               6);
}
void FirstBytes(Story& story) { PublishClass(story, PayloadClass::kFirstByte, 6); }
void LookAlikes(Story& story) { PublishClass(story, PayloadClass::kLooksSealed, 4); }
void LargePayloads(Story& story) { PublishClass(story, PayloadClass::kLarge, 1); }

void EmptyPayloads(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishTexts(story, "foo", Count{0, 2});
    story.Publish("foo", std::vector<std::string>(1 + story.random().Below(3), ""));
    PublishTexts(story, "foo", Count{0, 1});
    ReadSomehow(story, "foo");
    story.End();
    if (Chance(story.random(), 30)) story.Inspect();
  }
}

void ExplicitEmpty(Story& story) {
  while (!story.IsFull()) {
    const std::string channel = AnyChannel(story);
    story.Start(Sealed(story));
    if (Chance(story.random(), 50)) PublishTexts(story, channel, 1);
    story.Publish(channel, {""}, true);
    if (Chance(story.random(), 70)) story.ReadAll(channel);
    if (Chance(story.random(), 50)) PublishTexts(story, channel, 1);
    ReadSomehow(story, channel);
    story.End();
  }
}

void Bursts(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    for (uint64_t i = 4 + story.random().Below(4); i > 0; --i) {
      const uint64_t channel = story.random().Below(kBurstChannels);
      PublishTexts(story, "burst." + std::to_string(channel), Count{1, 3});
    }
    for (int i = 0; i < 3; ++i) ReadSomehow(story, UsedChannel(story));
    story.End();
  }
}

void OddChannels(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    for (int i = 0; i < 2; ++i) PublishTexts(story, OddChannel(story), Count{1, 2});
    ReadSomehow(story, UsedChannel(story));
    story.End();
    if (Chance(story.random(), 30)) story.Inspect();
  }
}

void Positions(Story& story) {
  story.Start(Sealed(story));
  PublishTexts(story, "foo", Count{3, 6});
  while (!story.IsFull()) {
    for (int i = 0; i < 4; ++i) ReadSomehow(story, "foo");
    if (Chance(story.random(), 40)) PublishTexts(story, "foo", 1);
    if (Chance(story.random(), 40)) story.Start(Sealed(story));
  }
}

void CachedReads(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishMixed(story, "foo", Count{1, 3});
    story.ReadAll("foo");
    story.ReadAll("foo");
    story.Start(Sealed(story));
    story.ReadAll("foo");
    story.ReadAll("foo");
    story.End();
  }
}

void CanariesStayHidden(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishTexts(story, OddChannel(story), Count{1, 3});
    if (Chance(story.random(), 50)) story.Inspect();
    ReadSomehow(story, UsedChannel(story));
    story.End();
    story.Inspect();
  }
}

}  // namespace atrest::generate::focus
