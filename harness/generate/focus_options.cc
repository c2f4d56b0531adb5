#include "harness/generate/focus.h"
#include "harness/generate/nasty.h"
#include "harness/generate/phrases.h"

namespace atrest::generate::focus {
namespace {

using scenario::Settings;

constexpr char kZero = '\0';  // padding, to any server

Settings WithCipher(const std::string& cipher) {
  Settings settings = PlainlySealed();
  settings.cipher = cipher;
  return settings;
}

// A configuration file that says what SETTINGS would, in the place of options.
Settings AsConfig(Story& story, const std::string& key, const std::string& cipher) {
  const bool in_section = Chance(story.random(), 60);
  std::string text = in_section ? "streaming {\n" : "";
  text += "encrypt: true\nencryption_key: \"{key:" + key + "}\"\n";
  if (!cipher.empty()) text += "encryption_cipher: \"" + cipher + "\"\n";
  if (in_section) text += "}\n";
  Settings settings;
  settings.config = text;
  return settings;
}

}  // namespace

void CipherSwitch(Story& story) {
  while (!story.IsFull()) {
    story.Start(WithCipher(Chance(story.random(), 50) ? "AES" : "CHACHA"));
    if (Chance(story.random(), 75)) PublishMixed(story, "foo", 2);
    ReadSomehow(story, "foo");
    story.End();
  }
}

void CipherChosen(Story& story) {
  while (!story.IsFull()) {
    story.Start(WithCipher(Chance(story.random(), 50) ? "AES" : "CHACHA"));
    PublishTexts(story, AnyChannel(story), Count{1, 3});
    story.End();
    story.Inspect();
  }
}

void CipherDefault(Story& story) {
  while (!story.IsFull()) {
    Settings settings = PlainlySealed();
    if (Chance(story.random(), 30)) settings.cipher = "";
    story.Start(settings);
    PublishTexts(story, AnyChannel(story), Count{1, 3});
    ReadSomehow(story, UsedChannel(story));
    story.End();
    story.Inspect();
  }
}

void CipherNames(Story& story) {
  while (!story.IsFull()) {
    story.Start(WithCipher(
        Pick<std::string>(story.random(), {"aes", "Aes", "aEs", "chacha", "ChaCha", "cHACHA"})));
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    ReadEverything(story);
    story.End();
    if (Chance(story.random(), 50)) story.Inspect();
  }
}

void UnknownCipher(Story& story) {
  while (!story.IsFull()) {
    story.Start(WithCipher(Pick<std::string>(
        story.random(), {"none", "null", "DES", "RC4", "off", "AES256", "CHACHA20", " AES", "0"})));
    PublishTexts(story, "foo", 1);
    story.ReadAll("foo");
    story.Start(WithCipher("AES"));
    PublishTexts(story, "foo", 1);
    story.ReadAll("foo");
    story.End();
  }
}

void CommandLine(Story& story) {
  while (!story.IsFull()) {
    Settings settings = WithCipher(Chance(story.random(), 50) ? "AES" : "CHACHA");
    settings.key_variable = std::nullopt;
    settings.key_option = kKey;
    story.Start(settings);
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    ReadEverything(story);
    story.End();
    if (Chance(story.random(), 50)) story.Inspect();
  }
}

void ConfigFile(Story& story) {
  while (!story.IsFull()) {
    const std::string key = AnyKey(story);
    const auto cipher = Pick<std::string>(story.random(), {"", "AES", "CHACHA", "aes"});
    story.Start(AsConfig(story, key, cipher));
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    ReadEverything(story);
    story.End();
    if (Chance(story.random(), 50)) {
      story.Start(Sealed(story));
      ReadEverything(story);
      story.End();
    }
    story.Inspect();
  }
}

void KeyAlone(Story& story) {
  while (!story.IsFull()) {
    Settings settings;
    settings.key_option = AnyKey(story);
    if (Chance(story.random(), 30)) settings.encrypt = false;
    if (Chance(story.random(), 40)) settings.cipher = "CHACHA";
    story.Start(settings);
    PublishTexts(story, AnyChannel(story), Count{1, 2});
    ReadEverything(story);
    story.Start(Off());
    ReadEverything(story);
    story.End();
  }
}

void Lifecycle(Story& story) {
  Random& random = story.random();
  while (!story.IsFull()) {
    story.Start(AnyEncryption(story));
    if (Chance(random, 60)) PublishMixed(story, "foo", Count{1, 2});
    for (uint64_t i = random.Below(3); i > 0; --i) ReadSomehow(story, "foo");
    if (Chance(random, 30)) {
      story.Kill();
    } else {
      story.Stop();
    }
    const bool published = story.channels().contains("foo");
    if (published && Chance(random, 15))
      story.Tamper({scenario::AppendBytes{"foo/subs.dat", std::string(1, kZero)}});
  }
}

void MemoryStore(Story& story) {
  while (!story.IsFull()) {
    Settings settings = Chance(story.random(), 80) ? Sealed(story) : Off();
    settings.store = "memory";
    if (Chance(story.random(), 30)) settings.max_messages = 1 + story.random().Below(4);
    story.Start(settings);
    for (uint64_t i = 1 + story.random().Below(3); i > 0; --i) {
      PublishMixed(story, AnyChannel(story), Count{1, 3});
      ReadSomehow(story, UsedChannel(story));
    }
    story.End();
  }
}

}  // namespace atrest::generate::focus
