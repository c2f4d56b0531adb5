// Syntax and error texts: options.md 1.1, measured on the real binary.
#include "reference/server/go_flags.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace atrest::server {
namespace {

using Words = std::vector<std::string>;

// Flags b (bool), s (string), p (int) and d (duration).
struct Flags {
  std::vector<std::pair<std::string, GoValue>> got;

  Result<Words> Parse(const Words& args) {
    GoFlags flags;
    flags.kind = [](std::string_view name) -> std::optional<GoKind> {
      const std::map<std::string, GoKind, std::less<>> kinds = {{"b", GoKind::kBool},
                                                                {"s", GoKind::kString},
                                                                {"p", GoKind::kInt},
                                                                {"d", GoKind::kDuration}};
      const auto found = kinds.find(name);
      return found == kinds.end() ? std::nullopt : std::optional(found->second);
    };
    flags.set = [this](std::string_view name, const GoValue& value) {
      got.emplace_back(name, value);
      return Status();
    };
    return ParseGoFlags(args, flags);
  }
  template <typename T>
  T Last() const {
    return std::get<T>(got.back().second);
  }
};

TEST(GoFlagsTest, OneOrTwoDashesAndBothFormsOfValue) {
  for (const Words& args : {Words{"-s", "v"}, {"--s", "v"}, {"-s=v"}, {"--s=v"}}) {
    Flags flags;
    EXPECT_TRUE(flags.Parse(args).value().empty());
    EXPECT_EQ(flags.Last<std::string>(), "v");
  }
}

TEST(GoFlagsTest, ValuesMayBeEmptyOrLookLikeFlags) {
  Flags flags;
  EXPECT_TRUE(flags.Parse({"-s="}).ok());
  EXPECT_EQ(flags.Last<std::string>(), "");
  EXPECT_TRUE(flags.Parse({"-s", "--", "-s", "-p", "-s", "a=b=c", "-p", "-1"}).ok());
  EXPECT_EQ(flags.got.size(), 5u);
  EXPECT_EQ(flags.Last<int64_t>(), -1);
}

TEST(GoFlagsTest, BooleansTakeNoSeparateWord) {
  Flags flags;
  EXPECT_EQ(flags.Parse({"-b", "true", "-s", "v"}).value(), (Words{"true", "-s", "v"}));
  EXPECT_TRUE(flags.Last<bool>());
  EXPECT_TRUE(flags.Parse({"-b=F"}).ok());
  EXPECT_FALSE(flags.Last<bool>());
}

TEST(GoFlagsTest, EndOfFlags) {
  Flags flags;
  EXPECT_EQ(flags.Parse({"-b", "--", "-b"}).value(), (Words{"-b"}));
  EXPECT_EQ(flags.Parse({"word", "-b"}).value(), (Words{"word", "-b"}));
  EXPECT_EQ(flags.Parse({"-", "-b"}).value(), (Words{"-", "-b"}));
  EXPECT_EQ(flags.Parse({"", "-b"}).value(), (Words{"", "-b"}));
  EXPECT_EQ(flags.got.size(), 1u);
}

TEST(GoFlagsTest, ErrorTexts) {
  const std::vector<std::pair<Words, std::string>> cases = {
      {{"-zzz"}, "flag provided but not defined: -zzz"},
      {{"--zzz=1"}, "flag provided but not defined: -zzz"},
      {{"-B"}, "flag provided but not defined: -B"},
      {{"-p"}, "flag needs an argument: -p"},
      {{"-p", "x"}, R"(invalid value "x" for flag -p: parse error)"},
      {{"-d", "soon"}, R"(invalid value "soon" for flag -d: parse error)"},
      {{"-d", "5"}, R"(invalid value "5" for flag -d: parse error)"},
      {{"-p", "9223372036854775808"},
       R"(invalid value "9223372036854775808" for flag -p: value out of range)"},
      {{"-b=maybe"}, R"(invalid boolean value "maybe" for -b: parse error)"},
      {{"-b="}, R"(invalid boolean value "" for -b: parse error)"},
      {{"-=x"}, "bad flag syntax: -=x"},
      {{"---p"}, "bad flag syntax: ---p"},
  };
  for (const auto& [args, error] : cases) {
    EXPECT_EQ(Flags().Parse(args).status().message(), error);
  }
}

RC_GTEST_PROP(GoFlagsTest, AnyWordsAreReadOrRefused, ()) {
  const auto word = rc::gen::container<std::string>(
      rc::gen::element('-', '-', '=', 'b', 's', 'p', 'd', '1', ' '));
  const auto args = *rc::gen::container<Words>(word);
  const auto rest = Flags().Parse(args);
  RC_ASSERT(rest.ok() || !rest.status().message().empty());
  if (rest.ok()) {
    RC_ASSERT(std::equal(rest.value().rbegin(), rest.value().rend(), args.rbegin()));
  }
}

}  // namespace
}  // namespace atrest::server
