#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {

using scenario::Settings;

void RoundTrip(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    for (uint64_t i = 1 + story.random().Below(3); i > 0; --i)
      PublishMixed(story, AnyChannel(story), Count{1, 3});
    ReadSomehow(story, UsedChannel(story));
    story.End();
  }
}

void KeyBytes(Story& story) {
  const std::string key = AnotherKey(story);
  while (!story.IsFull()) {
    story.Start(Sealed(story, key));
    PublishTexts(story, AnyChannel(story), Count{1, 3});
    ReadSomehow(story, UsedChannel(story));
    story.End();
  }
}

void WrongKeyReads(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishTexts(story, AnyChannel(story), Count{1, 3});
    story.Start(Sealed(story, AnotherKey(story)));
    ReadSomehow(story, UsedChannel(story));
    ReadSomehow(story, UsedChannel(story));
    story.End();
  }
}

void WrongKeyPublishes(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    story.Start(Sealed(story, AnotherKey(story)));
    if (Chance(story.random(), 30)) ReadSomehow(story, UsedChannel(story));
    PublishTexts(story, UsedChannel(story), 1);
    ReadEverything(story);
    story.End();
  }
}

void WrongThenRight(Story& story) {
  story.Start(Sealed(story));
  PublishTexts(story, AnyChannel(story), 3);
  while (!story.IsFull()) {
    story.Start(Sealed(story, AnotherKey(story)));
    ReadSomehow(story, UsedChannel(story));
    if (Chance(story.random(), 40)) PublishTexts(story, UsedChannel(story), 1);
    story.Start(Sealed(story));
    ReadEverything(story);
    story.End();
  }
}

void PaddedKey(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story));
    PublishTexts(story, AnyChannel(story), 2);
    story.Start(Sealed(story, Chance(story.random(), 70) ? kPaddedKey : kSpaceKey));
    ReadEverything(story);
    story.End();
  }
}

void ManyKeys(Story& story) {
  while (!story.IsFull()) {
    story.Start(Sealed(story, AnyKey(story)));
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    if (Chance(story.random(), 50)) ReadSomehow(story, UsedChannel(story));
    story.End();
    if (Chance(story.random(), 30)) story.Inspect();
  }
}

void VariableBeforeOption(Story& story) {
  while (!story.IsFull()) {
    Settings settings = PlainlySealed(AnyKey(story));
    settings.key_option = AnyKey(story);
    story.Start(settings);
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    settings.key_option = std::nullopt;
    story.Start(settings);
    ReadEverything(story);
    story.End();
    story.Inspect();
  }
}

void EmptyKey(Story& story) {
  while (!story.IsFull()) {
    Settings settings;
    settings.encrypt = Pick<std::optional<bool>>(story.random(), {std::nullopt, true});
    const uint64_t source = story.random().Below(3);
    if (source != 0) settings.key_option = kEmptyKey;
    if (source != 1) settings.key_variable = kEmptyKey;
    story.Start(settings);
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    ReadSomehow(story, UsedChannel(story));
    if (Chance(story.random(), 50)) {
      story.Start(Sealed(story));
      PublishTexts(story, AnyChannel(story), 1);
    }
    story.End();
  }
}

void UnusedKey(Story& story) {
  while (!story.IsFull()) {
    Settings settings;
    settings.key_variable = AnyKey(story);
    if (Chance(story.random(), 20)) settings.encrypt = false;
    if (Chance(story.random(), 30)) settings.cipher = "AES";
    story.Start(settings);
    PublishTexts(story, AnyChannel(story), Count{1, 3});
    ReadSomehow(story, UsedChannel(story));
    story.End();
  }
}

}  // namespace atrest::generate::focus
