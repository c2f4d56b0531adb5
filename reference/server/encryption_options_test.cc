// Every row of standalone.md 3.6 that names an outcome: on, off, which key, which cipher, or an
// error. Keys here are letters: C from the file, K from the command line, V from the environment.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reference/server/options.h"

namespace atrest::server {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kNoKey = "encryption key required";
constexpr const char* kNoCipher = "encryption cipher not supported";

ConfigSource Outside(const std::string& config) {
  ConfigSource outside;
  outside.environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "MYV" ? std::optional<std::string>("fromenv") : std::nullopt;
  };
  outside.read_file = [config](const std::string&) -> Result<std::string> { return config; };
  return outside;
}

// "off", "AES key", "CHACHA key" or the error; "usage: …" if the real server prints its usage.
std::string Outcome(Words args, const std::string& config = "", const std::string& variable = "",
                    uint64_t seed = 0) {
  if (!config.empty()) args.insert(args.begin(), {"-sc", "x.conf"});
  Options options;
  const CommandLine line = Configure(args, Outside(config), seed, options);
  if (line.action == CommandLine::Action::kUsageError) return "usage: " + line.error;
  if (line.action != CommandLine::Action::kRun) return line.error;
  const auto resolved = Resolve(options, variable);
  if (!resolved.ok()) return resolved.status().message();
  if (!resolved.value()) return "off";
  return std::string(crypto::CipherName(resolved.value()->cipher)) + " " +
         std::string(AsText(resolved.value()->key.view()));
}

std::string On(const std::string& key) {
  return std::string(crypto::CipherName(crypto::DefaultCipher())) + " " + key;
}

TEST(EncryptionOptionsTest, WithoutAnyOptionItIsOff) {
  EXPECT_EQ(Outcome({}), "off");
  EXPECT_EQ(Outcome({}, "streaming {}"), "off");
}

TEST(EncryptionOptionsTest, KeyIsRequired) {
  EXPECT_EQ(Outcome({"-encrypt"}), kNoKey);
  EXPECT_EQ(Outcome({"-encrypt", "-encryption_key", ""}), kNoKey);
  EXPECT_EQ(Outcome({}, "streaming { encrypt: true }"), kNoKey);
  EXPECT_EQ(Outcome({}, "streaming { encryption_key: \"\" }"), kNoKey);
  EXPECT_EQ(Outcome({"-encryption_key", "K"}, "streaming { encryption_key: \"\" }"), kNoKey);
}

TEST(EncryptionOptionsTest, KeyOptionTurnsItOn) {
  EXPECT_EQ(Outcome({"-encryption_key", "K"}), On("K"));
  EXPECT_EQ(Outcome({}, "streaming { encryption_key: C }"), On("C"));
  EXPECT_EQ(Outcome({"-encryption_key", ""}), "off");
  EXPECT_EQ(Outcome({"-encrypt=false", "-encryption_key", "K"}), On("K"));
  EXPECT_EQ(Outcome({"-encryption_key", "K", "-encrypt=false"}), On("K"));
  EXPECT_EQ(Outcome({}, "streaming { encrypt: false\n encryption_key: C }"), On("C"));
  EXPECT_EQ(Outcome({"-encryption_key", "K"}, "streaming { encrypt: false }"), On("K"));
  EXPECT_EQ(Outcome({"--encrypt", "--encryption_key=K"}), On("K"));
}

TEST(EncryptionOptionsTest, VariableWinsButTurnsNothingOn) {
  EXPECT_EQ(Outcome({}, "", "V"), "off");
  EXPECT_EQ(Outcome({"-encrypt"}, "", "V"), On("V"));
  EXPECT_EQ(Outcome({"-encrypt", "-encryption_key", "K"}, "", "V"), On("V"));
  EXPECT_EQ(Outcome({"-encryption_key", "K"}, "", "V"), On("V"));
  EXPECT_EQ(Outcome({}, "streaming { encryption_key: C }", "V"), On("V"));
  EXPECT_EQ(Outcome({}, "streaming { encryption_key: \"\" }", "V"), On("V"));
  EXPECT_EQ(Outcome({"-encrypt=false"}, "", "V"), "off");
  EXPECT_EQ(Outcome({"-encrypt=false"}, "streaming { encrypt: true }", "V"), "off");
}

TEST(EncryptionOptionsTest, FileWinsOverCommandLineForTheKeyOnly) {
  EXPECT_EQ(Outcome({"-encryption_key", "K"}, "streaming { encryption_key: C }"), On("C"));
  EXPECT_EQ(Outcome({"-encryption_key", "K", "-encryption_cipher", "CHACHA"},
                    "streaming { encryption_cipher: AES }"),
            "CHACHA K");
  EXPECT_EQ(Outcome({"-encryption_key", "K"}, "streaming { encryption_cipher: chacha }"),
            "CHACHA K");
}

TEST(EncryptionOptionsTest, OrderOfTheFileIsTheSeedsChoice) {
  const std::string key_first = "streaming { encryption_key: \"\", encrypt: false }";
  const std::string encrypt_first = "streaming { encrypt: false, encryption_key: \"\" }";
  EXPECT_EQ(Outcome({}, key_first, "V"), "off");
  EXPECT_EQ(Outcome({}, encrypt_first, "V"), On("V"));
  std::set<std::string> seen;
  for (uint64_t seed = 1; seed < 30; ++seed) {
    seen.insert(Outcome({}, key_first, "V", seed));
    EXPECT_EQ(Outcome({}, key_first, "V", seed), Outcome({}, key_first, "V", seed));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"off", On("V")}));
}

TEST(EncryptionOptionsTest, Ciphers) {
  const auto with = [](const std::string& cipher) {
    return Outcome({"-encryption_key", "K", "-encryption_cipher", cipher});
  };
  for (const char* name : {"aes", "Aes", "AES"}) EXPECT_EQ(with(name), "AES K");
  for (const char* name : {"ChaCha", "chacha", "CHACHA"}) EXPECT_EQ(with(name), "CHACHA K");
  EXPECT_EQ(with(""), On("K"));
  for (const char* name : {"CHACHA20", "AES256", "AES-GCM", " AES", "AES ", "none", "CHAHA"}) {
    EXPECT_EQ(with(name), kNoCipher) << name;
  }
  EXPECT_EQ(Outcome({"-encrypt", "-encryption_cipher", "DES"}), kNoCipher);  // before the key
  EXPECT_EQ(Outcome({"-encryption_cipher", "DES"}), "off");
}

TEST(EncryptionOptionsTest, BooleansOnTheCommandLine) {
  EXPECT_EQ(Outcome({"-encrypt", "true"}), "unrecognized command: \"true\"");
  EXPECT_EQ(Outcome({"-encrypt=banana"}),
            "usage: invalid boolean value \"banana\" for -encrypt: parse error");
}

TEST(EncryptionOptionsTest, PlacesInTheFile) {
  EXPECT_EQ(Outcome({}, "encryption_key: C"), On("C"));
  EXPECT_EQ(Outcome({}, "STREAMING { Encryption_KEY: C }"), On("C"));
  EXPECT_EQ(Outcome({}, "stan { encryption_key: C }"), "off");
  EXPECT_EQ(Outcome({}, "encryption_key: C\nstreaming { }"), "off");
  EXPECT_EQ(Outcome({"-c", "x.conf"}, "streaming { encryption_key: C }"), On("C"));
}

TEST(EncryptionOptionsTest, TypesInTheFile) {
  for (const char* word : {"yes", "on", "true"}) {
    EXPECT_EQ(Outcome({}, std::string("streaming { encrypt: ") + word + " }", "V"), On("V"));
  }
  const auto wrong = [](const std::string& key, const std::string& expected,
                        const std::string& got) {
    return "parameter \"" + key + "\" value is expected to be " + expected + ", got " + got;
  };
  EXPECT_EQ(Outcome({}, "streaming { encrypt: \"yes\" }"), wrong("encrypt", "bool", "string"));
  EXPECT_EQ(Outcome({}, "streaming { Encryption_key: 123 }"),
            wrong("Encryption_key", "string", "int64"));
  EXPECT_EQ(Outcome({}, "streaming { encryption_cipher: 1 }"),
            wrong("encryption_cipher", "string", "int64"));
  EXPECT_EQ(Outcome({}, "streaming { encryption_key: $MYV }"), On("fromenv"));
}

TEST(EncryptionOptionsTest, KeyBytes) {
  EXPECT_EQ(Outcome({"-encryption_key", std::string(131'000, 'k')}), On(std::string(131'000, 'k')));
  const std::string large(size_t{1} << 20, 'k');
  EXPECT_EQ(Outcome({}, "encryption_key: \"" + large + "\""), On(large));
  EXPECT_EQ(Outcome({"-encryption_key", "\xC3\xA9\xFF"}), On("\xC3\xA9\xFF"));
  EXPECT_EQ(Outcome({"-encryption_key", " "}), On(" "));
  EXPECT_EQ(Outcome({}, R"(encryption_key: "a\x00b")"), On(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace atrest::server
