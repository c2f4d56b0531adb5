#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {

void PlainThenSealed(Story& story) {
  while (!story.IsFull()) {
    story.Start(Off());
    PublishTexts(story, AnyChannel(story), Count{1, 3});
    story.Start(Sealed(story));
    ReadSomehow(story, UsedChannel(story));
    PublishTexts(story, AnyChannel(story), 1);
    ReadSomehow(story, UsedChannel(story));
    story.End();
  }
}

void LooksSealed(Story& story) {
  while (!story.IsFull()) {
    story.Start(Off());
    const std::string channel = AnyChannel(story);
    story.Publish(channel, {PayloadOf(story, PayloadClass::kLooksSealed)});
    story.Start(Sealed(story));
    ReadSomehow(story, UsedChannel(story));
    ReadEverything(story);
    story.End();
  }
}

void HeadOfLine(Story& story) {
  while (!story.IsFull()) {
    const std::string channel = AnyChannel(story);
    story.Start(Off());
    PublishTexts(story, channel, 1);
    story.Publish(channel, {PayloadOf(story, PayloadClass::kLooksSealed)});
    PublishTexts(story, channel, 1);
    story.Start(Sealed(story));
    PublishTexts(story, channel, 1);
    story.ReadAll(channel);
    ReadSomehow(story, channel);
    story.End();
  }
}

void SealedThenOff(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishMixed(story, AnyChannel(story), Count{1, 3});
    story.Start(Off());
    ReadSomehow(story, UsedChannel(story));
    ReadEverything(story);
    story.End();
  }
}

void OffStoresClear(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishTexts(story, AnyChannel(story), 2);
    story.Start(Off());
    PublishTexts(story, UsedChannel(story), 1);
    story.End();
  }
}

void OffThenOn(Story& story) {
  story.Start(Sealed(story));
  PublishMixed(story, "foo", 2);
  while (!story.IsFull()) {
    story.Start(Off());
    if (Chance(story.random(), 60)) PublishTexts(story, AnyChannel(story), 1);
    if (Chance(story.random(), 60)) ReadSomehow(story, "foo");
    story.Start(Sealed(story));
    ReadEverything(story);
    PublishTexts(story, "foo", 1);
    story.End();
  }
}

void NeverSealed(Story& story) {
  while (!story.IsFull()) {
    story.Start(Off());
    PublishMixed(story, AnyChannel(story), Count{1, 4});
    ReadSomehow(story, UsedChannel(story));
    if (Chance(story.random(), 30)) story.Inspect();
    story.End();
  }
}

}  // namespace atrest::generate::focus
