#include "reference/wire/nats_subject.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace atrest::wire {
namespace {

TEST(NatsSubjectTest, WhatMayBeSubscribed) {
  for (const char* subject : {"foo", "foo.bar", "*", ">", "foo.*", "*.*", "foo.*.>", "foo*", "foo>",
                              ">>.a", "**.>", "A/b", "\xff\x01.x", "_STAN.pub.test-cluster.>"}) {
    EXPECT_TRUE(IsValidSubscription(subject)) << subject;
  }
  for (const char* subject : {"", ".", "foo.", ".foo", "foo..bar", ">.foo", "foo.>.bar", "*.>.*"}) {
    EXPECT_FALSE(IsValidSubscription(subject)) << subject;
  }
}

TEST(NatsSubjectTest, WhatAPedanticPublisherMayUse) {
  for (const char* subject : {"foo", "foo.bar", "foo*", "foo.b>r", "\xff"}) {
    EXPECT_TRUE(IsLiteralSubject(subject)) << subject;
  }
  for (const char* subject :
       {"", "foo.", ".foo", "foo..bar", "*", ">", "foo.*", "*.foo", "foo.>", ">.foo"}) {
    EXPECT_FALSE(IsLiteralSubject(subject)) << subject;
  }
}

TEST(NatsSubjectTest, Matching) {
  struct Case {
    const char* pattern;
    const char* subject;
    bool matches;
  };
  const Case cases[] = {
      {"foo", "foo", true},
      {"foo", "Foo", false},
      {"foo", "foo.bar", false},
      {"foo.bar", "foo", false},
      {"*", "foo", true},
      {"*", "foo.bar", false},
      {"foo.*", "foo", false},
      {"foo.*", "foo.bar", true},
      {"foo.*", "foo.bar.baz", false},
      {"*.bar", "foo.bar", true},
      {"foo.*.baz", "foo.bar.baz", true},
      {">", "foo", true},
      {">", "foo.bar.baz", true},
      {"foo.>", "foo", false},
      {"foo.>", "foo.bar", true},
      {"foo.>", "foo.bar.baz", true},
      {"foo.>", "fob.bar", false},
      {"*.>", "foo", false},
      {"*.>", "foo.bar", true},
      // A wildcard with other bytes in its token is literal.
      {"foo*", "foo*", true},
      {"foo*", "foobar", false},
      {"fo>", "foo", false},
      // What is published is never a pattern.
      {">", "foo.*", true},
      {"foo.*", "foo.*", true},
      {"foo.bar", "foo.*", false},
      {"foo.*", "foo.>", true},
      // An empty token matches nothing.
      {">", "foo..b", false},
      {"foo.*.b", "foo..b", false},
      {">", "", false},
      {"*", "", false},
      {"foo.*", "foo.", false},
      {">", ".foo", false},
      {"_STAN.pub.c1.>", "_STAN.pub.c1.foo.bar", true},
      {"_INBOX.x.*", "_INBOX.x.7", true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(SubjectMatches(c.pattern, c.subject), c.matches) << c.pattern << " " << c.subject;
  }
}

std::string Joined(const std::vector<std::string>& tokens) {
  std::string subject;
  for (const std::string& token : tokens) subject += (subject.empty() ? "" : ".") + token;
  return subject;
}

std::vector<std::string> AnyTokens() {
  return *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("a", "b", "ab", "a*", "*")));
}

// The rule of the specification, said the other way: by recursion from the front.
bool Matches(const std::vector<std::string>& pattern, const std::vector<std::string>& subject,
             size_t at) {
  if (at == pattern.size()) return at == subject.size();
  if (at == subject.size()) return false;
  if (pattern[at] == ">" && at + 1 == pattern.size()) return true;
  return (pattern[at] == "*" || pattern[at] == subject[at]) && Matches(pattern, subject, at + 1);
}

RC_GTEST_PROP(NatsSubjectTest, MatchingIsTokenByToken, ()) {
  std::vector<std::string> subject = AnyTokens();
  std::vector<std::string> pattern = subject;
  if (*rc::gen::arbitrary<bool>()) pattern = AnyTokens();
  for (std::string& token : pattern) {
    if (*rc::gen::inRange(0, 3) == 0) token = "*";
  }
  if (*rc::gen::arbitrary<bool>()) pattern.back() = ">";
  const bool matches = SubjectMatches(Joined(pattern), Joined(subject));
  RC_TAG(std::string(matches ? "matches" : "does not match"));
  RC_ASSERT(matches == Matches(pattern, subject, 0));
  RC_ASSERT(IsValidSubscription(Joined(pattern)));
}

RC_GTEST_PROP(NatsSubjectTest, AnyBytesAreSubjects, ()) {
  const auto bytes = rc::gen::container<std::string>(rc::gen::element('.', '*', '>', 'a', '\xff'));
  const std::string pattern = *bytes;
  const std::string subject = *bytes;
  if (IsLiteralSubject(pattern)) RC_ASSERT(IsValidSubscription(pattern));
  if (!IsValidSubscription(pattern)) return;
  if (IsLiteralSubject(pattern)) {
    RC_ASSERT(SubjectMatches(pattern, subject) == (pattern == subject));
  }
  if (IsLiteralSubject(subject)) RC_ASSERT(SubjectMatches(">", subject));
}

}  // namespace
}  // namespace atrest::wire
