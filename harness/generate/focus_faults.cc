#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {
namespace {

using scenario::Interrupt;
using scenario::Settings;

constexpr uint64_t kWritesMax = 12;  // a publish takes two or three

Settings Limited(Story& story) {
  Settings settings = Sealed(story);
  Random& random = story.random();
  if (Chance(random, 80)) settings.max_messages = 1 + random.Below(4);
  if (Chance(random, 25)) settings.max_bytes = 100 + random.Below(400);
  return settings;
}

// Publishes until the fault has come or may have come, and a whole run behind it.
void MeetTheFault(Story& story) {
  for (uint64_t i = 1 + story.random().Below(4); i > 0; --i)
    PublishTexts(story, AnyChannel(story), Count{1, 2});
  if (Chance(story.random(), 30)) ReadSomehow(story, UsedChannel(story));
  story.End();
  story.Start(Sealed(story));
  ReadEverything(story);
  PublishTexts(story, AnyChannel(story), 1);
  ReadSomehow(story, UsedChannel(story));
}

void KilledAt(Story& story, Interrupt::At at) {
  story.Start(Sealed(story));
  PublishTexts(story, "foo", Count{0, 2});
  while (!story.IsFull()) {
    story.Interrupt({at, 1 + story.random().Below(kWritesMax), Interrupt::How::kKill});
    MeetTheFault(story);
  }
}

}  // namespace

void Kills(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    for (uint64_t i = 1 + story.random().Below(3); i > 0; --i)
      PublishTexts(story, AnyChannel(story), Count{1, 3});
    story.Kill();
    story.Start(Sealed(story));
    ReadEverything(story);
    story.Kill();
  }
}

void RestartsAndNonces(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishMixed(story, "foo", Count{1, 3});
    if (Chance(story.random(), 50)) {
      story.Kill();
    } else {
      story.Stop();
    }
    story.Inspect();
  }
}

void Limits(Story& story) {
  while (!story.IsFull()) {
    Settings settings = Sealed(story);
    settings.max_messages = 1 + story.random().Below(3);
    story.Start(settings);
    PublishTexts(story, "foo", Count{2, 5});
    story.ReadAll("foo");
    story.Start(Sealed(story));
    story.ReadAll("foo");
    story.End();
  }
}

void ChangedLimits(Story& story) {
  while (!story.IsFull()) {
    story.Start(Limited(story));
    PublishTexts(story, AnyChannel(story), Count{1, 4});
    ReadSomehow(story, UsedChannel(story));
    story.End();
  }
}

void Slices(Story& story) {
  while (!story.IsFull()) {
    Settings settings = Limited(story);
    if (Chance(story.random(), 50)) settings.max_messages = std::nullopt;
    settings.slice_max_messages = 1 + story.random().Below(3);
    if (Chance(story.random(), 30)) settings.slice_max_bytes = 200;
    if (Chance(story.random(), 30)) settings.buffer_size = story.random().Below(600);
    story.Start(settings);
    PublishTexts(story, "foo", Count{1, 5});
    ReadSomehow(story, "foo");
    story.End();
  }
}

void RecreatedChannel(Story& story) {
  // Without inactivity the directory is taken away while the server is stopped.
  const bool by_time = story.Can("program") && story.Can("clock");
  while (!story.IsFull()) {
    Settings settings = Sealed(story);
    if (by_time) settings.max_inactivity_ms = 1000;
    story.Start(settings);
    PublishTexts(story, "foo", Count{1, 3});
    if (by_time) {
      story.Wait(5000);
      PublishTexts(story, "foo", Count{1, 2});
    }
    story.ReadAll("foo");
    story.End();
    if (!by_time) story.Tamper(WithoutChannel("foo"));
    story.Inspect();
  }
}

void KilledAtWrite(Story& story) { KilledAt(story, Interrupt::At::kWrite); }
void KilledAtSync(Story& story) { KilledAt(story, Interrupt::At::kSync); }

void KilledAtStart(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishTexts(story, AnyChannel(story), Count{1, 3});
    story.End();
    story.Interrupt({Interrupt::At::kWrite, 1 + story.random().Below(4), Interrupt::How::kKill});
    story.Start(Sealed(story));
    MeetTheFault(story);
    story.End();
  }
}

void FullDisk(Story& story) {
  story.Start(Sealed(story));
  PublishTexts(story, "foo", Count{0, 2});
  while (!story.IsFull()) {
    story.Interrupt(
        {Interrupt::At::kWrite, 1 + story.random().Below(kWritesMax), Interrupt::How::kFull});
    MeetTheFault(story);
  }
}

}  // namespace atrest::generate::focus
