#include "reference/broker/subject_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/wire/nats_subject.h"

namespace atrest::broker {
namespace {

std::string RandomSubject(Random& random) {
  constexpr const char* kTokens[] = {"a", "b", "c", "*", ">", "a*", "_INBOX", ""};
  std::string subject;
  for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
    if (!subject.empty()) subject += '.';
    subject += kTokens[random.Below(8)];
  }
  return subject;
}

class Model {
 public:
  void Add(std::string subject, std::string queue) {
    all_.push_back(std::make_unique<Subscription>());
    all_.back()->subject = std::move(subject);
    all_.back()->queue = std::move(queue);
    index.Insert(all_.back().get());
  }
  void RemoveOne(Random& random) {
    if (all_.empty()) return;
    const size_t i = random.Below(all_.size());
    index.Remove(all_[i].get());
    all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void Compare(const std::string& subject) {
    index.Match(subject, matches_);
    std::vector<const Subscription*> plain(matches_.plain.begin(), matches_.plain.end());
    std::vector<const Subscription*> members(matches_.members.begin(), matches_.members.end());
    std::vector<const Subscription*> expected_plain;
    std::vector<const Subscription*> expected_members;
    for (const auto& subscription : all_) {
      if (!wire::SubjectMatches(subscription->subject, subject)) continue;
      (subscription->queue.empty() ? expected_plain : expected_members)
          .push_back(subscription.get());
    }
    for (auto* list : {&plain, &members, &expected_plain, &expected_members}) {
      std::sort(list->begin(), list->end());
    }
    EXPECT_EQ(plain, expected_plain) << subject;
    EXPECT_EQ(members, expected_members) << subject;
    CheckGroups();
  }
  size_t size() const { return all_.size(); }

  SubjectIndex index{42};

 private:
  // Each group is one queue of one subject, and no two are the same.
  void CheckGroups() {
    std::vector<std::pair<std::string, std::string>> names;
    size_t begin = 0;
    for (const size_t end : matches_.group_ends) {
      ASSERT_LT(begin, end);
      names.emplace_back(matches_.members[begin]->subject, matches_.members[begin]->queue);
      for (; begin < end; ++begin) {
        EXPECT_EQ(std::pair(matches_.members[begin]->subject, matches_.members[begin]->queue),
                  names.back());
      }
    }
    EXPECT_EQ(begin, matches_.members.size());
    std::sort(names.begin(), names.end());
    EXPECT_TRUE(std::adjacent_find(names.begin(), names.end()) == names.end());
  }

  std::vector<std::unique_ptr<Subscription>> all_;
  Matches matches_;
};

TEST(SubjectIndexTest, AgreesWithTheRule) {
  Random random(3);
  Model model;
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t what = random.Below(4);
    if (what == 0 && model.size() < 60) {
      const std::string subject = RandomSubject(random);
      const std::string queue = random.Below(2) == 0 ? "" : random.Below(2) == 0 ? "q" : "r";
      if (wire::IsValidSubscription(subject)) model.Add(subject, queue);
    } else if (what == 1) {
      model.RemoveOne(random);
    } else {
      model.Compare(RandomSubject(random));
    }
    ASSERT_EQ(model.index.size(), model.size());
  }
}

TEST(SubjectIndexTest, ManyLiteralSubjects) {
  constexpr size_t kCount = 20'000;
  SubjectIndex index(1);
  std::vector<Subscription> all(kCount);
  Matches matches;
  for (size_t i = 0; i < kCount; ++i) {
    all[i].subject = "_INBOX." + std::to_string(i);
    index.Insert(&all[i]);
  }
  for (size_t i = 0; i < kCount; ++i) {
    index.Match(all[i].subject, matches);
    ASSERT_EQ(matches.plain, std::vector<Subscription*>{&all[i]});
    index.Remove(&all[i]);
    index.Match(all[i].subject, matches);
    ASSERT_TRUE(matches.empty());
  }
  EXPECT_EQ(index.size(), 0u);
}

// A client may name as many groups as it likes; others wait meanwhile.
TEST(SubjectIndexTest, ManyGroupsOfOneSubject) {
  constexpr size_t kCount = 200'000;
  SubjectIndex index(1);
  std::vector<Subscription> all(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    all[i].subject = "a";
    all[i].queue = std::to_string(i);
    index.Insert(&all[i]);
  }
  Matches matches;
  index.Match("a", matches);
  EXPECT_EQ(matches.group_ends.size(), kCount);
  for (size_t i = 0; i < kCount; ++i) index.Remove(&all[i]);
  EXPECT_EQ(index.size(), 0u);
}

TEST(SubjectIndexTest, AsDeepAsALineIsLong) {
  std::string deep = "a";
  for (int i = 0; i < 2'000; ++i) deep += i % 2 == 0 ? ".*" : ".a";
  Subscription subscription;
  subscription.subject = deep;
  SubjectIndex index(1);
  index.Insert(&subscription);
  Matches matches;
  std::replace(deep.begin(), deep.end(), '*', 'x');
  index.Match(deep, matches);
  EXPECT_EQ(matches.plain.size(), 1u);
  index.Remove(&subscription);
  index.Match(deep, matches);
  EXPECT_TRUE(matches.empty());
}

}  // namespace
}  // namespace atrest::broker
