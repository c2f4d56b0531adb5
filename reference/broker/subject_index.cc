#include "reference/broker/subject_index.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "reference/base/check.h"
#include "reference/wire/nats_subject.h"

namespace atrest::broker {
namespace {

constexpr size_t kBucketsMin = 64;

// The first token of REST, which is taken away with its dot. AT_END says that it was the last.
std::string_view TakeToken(std::string_view& rest, bool& at_end) {
  const size_t dot = rest.find('.');
  const std::string_view token = rest.substr(0, dot);
  at_end = dot == std::string_view::npos;
  rest = at_end ? std::string_view() : rest.substr(dot + 1);
  return token;
}

bool HasEmptyToken(std::string_view subject) {
  return subject.empty() || subject.front() == '.' || subject.back() == '.' ||
         subject.find("..") != std::string_view::npos;
}

uint64_t Mix(uint64_t value) {
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return value ^ value >> 31;
}

void Add(std::vector<Subscription*>& list, Subscription* subscription) {
  subscription->position = list.size();
  list.push_back(subscription);
}

void TakeOut(std::vector<Subscription*>& list, Subscription* subscription) {
  ATREST_CHECK(subscription->position < list.size() &&
               list[subscription->position] == subscription);
  list[subscription->position] = list.back();
  list[subscription->position]->position = subscription->position;
  list.pop_back();
}

}  // namespace

void Matches::Clear() {
  plain.clear();
  members.clear();
  group_ends.clear();
}

void SubjectIndex::Entry::Insert(Subscription* subscription) {
  Add(subscription->queue.empty() ? plain : groups[subscription->queue], subscription);
}

void SubjectIndex::Entry::Remove(Subscription* subscription) {
  if (subscription->queue.empty()) return TakeOut(plain, subscription);
  const auto group = groups.find(subscription->queue);
  ATREST_CHECK(group != groups.end());
  TakeOut(group->second, subscription);
  if (group->second.empty()) groups.erase(group);
}

void SubjectIndex::Entry::AddTo(Matches& matches) const {
  matches.plain.insert(matches.plain.end(), plain.begin(), plain.end());
  for (const auto& [queue, members] : groups) {
    matches.members.insert(matches.members.end(), members.begin(), members.end());
    matches.group_ends.push_back(matches.members.size());
  }
}

SubjectIndex::SubjectIndex(uint64_t seed) : seed_(seed), buckets_(kBucketsMin) {}

SubjectIndex::~SubjectIndex() = default;

uint64_t SubjectIndex::Hash(std::string_view subject) const {
  uint64_t hash = Mix(seed_ + subject.size());
  for (size_t at = 0; at < subject.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, subject.data() + at, std::min<size_t>(8, subject.size() - at));
    hash = Mix(hash ^ word);
  }
  return hash;
}

std::unique_ptr<SubjectIndex::Literal>& SubjectIndex::Slot(std::string_view subject,
                                                           uint64_t hash) {
  std::unique_ptr<Literal>* slot = &buckets_[hash & (buckets_.size() - 1)];
  while (*slot && ((*slot)->hash != hash || (*slot)->subject != subject)) slot = &(*slot)->next;
  return *slot;
}

const SubjectIndex::Literal* SubjectIndex::Find(std::string_view subject) const {
  const uint64_t hash = Hash(subject);
  const Literal* literal = buckets_[hash & (buckets_.size() - 1)].get();
  while (literal != nullptr && (literal->hash != hash || literal->subject != subject)) {
    literal = literal->next.get();
  }
  return literal;
}

void SubjectIndex::Grow() {
  std::vector<std::unique_ptr<Literal>> old(buckets_.size() * 2);
  std::swap(old, buckets_);
  for (std::unique_ptr<Literal>& bucket : old) {
    while (bucket) {
      std::unique_ptr<Literal> literal = std::move(bucket);
      bucket = std::move(literal->next);
      std::unique_ptr<Literal>& head = buckets_[literal->hash & (buckets_.size() - 1)];
      literal->next = std::move(head);
      head = std::move(literal);
    }
  }
}

void SubjectIndex::Insert(Subscription* subscription) {
  ++size_;
  if (wire::IsLiteralSubject(subscription->subject)) {
    const uint64_t hash = Hash(subscription->subject);
    std::unique_ptr<Literal>& slot = Slot(subscription->subject, hash);
    const bool is_new = !slot;
    if (is_new) slot = std::make_unique<Literal>(Literal{subscription->subject, hash, {}, nullptr});
    slot->entry.Insert(subscription);
    if (is_new && ++literals_ > buckets_.size()) Grow();
    return;
  }
  Node* node = &root_;
  std::string_view rest = subscription->subject;
  for (bool at_end = false; !at_end;) {
    const std::string_view token = TakeToken(rest, at_end);
    if (token == ">" && at_end) return node->rest.Insert(subscription);
    std::unique_ptr<Node>& next =
        token == "*" ? node->any : node->children.try_emplace(std::string(token)).first->second;
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  node->here.Insert(subscription);
}

void SubjectIndex::Remove(Subscription* subscription) {
  --size_;
  if (!wire::IsLiteralSubject(subscription->subject)) {
    return RemoveFrom(root_, subscription->subject, subscription);
  }
  std::unique_ptr<Literal>& slot = Slot(subscription->subject, Hash(subscription->subject));
  ATREST_CHECK(slot != nullptr);
  slot->entry.Remove(subscription);
  if (!slot->entry.empty()) return;
  std::unique_ptr<Literal> next = std::move(slot->next);
  slot = std::move(next);
  --literals_;
}

// As deep as a control line has tokens.
void SubjectIndex::RemoveFrom(Node& node, std::string_view rest, Subscription* subscription) {
  bool at_end = false;
  const std::string_view token = TakeToken(rest, at_end);
  if (token == ">" && at_end) return node.rest.Remove(subscription);
  const auto child = token == "*" ? node.children.end() : node.children.find(token);
  std::unique_ptr<Node>& next = token == "*" ? node.any : child->second;
  if (at_end) {
    next->here.Remove(subscription);
  } else {
    RemoveFrom(*next, rest, subscription);
  }
  if (!next->empty()) return;
  if (token == "*") {
    node.any.reset();
  } else {
    node.children.erase(child);
  }
}

void SubjectIndex::Match(std::string_view subject, Matches& matches) const {
  matches.Clear();
  if (HasEmptyToken(subject)) return;
  if (const Literal* literal = Find(subject)) literal->entry.AddTo(matches);
  if (!root_.empty()) MatchFrom(root_, subject, matches);
}

// Each node is reached on one way only, so that a match visits no more nodes than there are.
void SubjectIndex::MatchFrom(const Node& node, std::string_view rest, Matches& matches) {
  node.rest.AddTo(matches);
  bool at_end = false;
  const std::string_view token = TakeToken(rest, at_end);
  const auto child = node.children.find(token);
  for (const Node* next :
       {child == node.children.end() ? nullptr : child->second.get(), node.any.get()}) {
    if (next == nullptr) continue;
    if (at_end) {
      next->here.AddTo(matches);
    } else {
      MatchFrom(*next, rest, matches);
    }
  }
}

}  // namespace atrest::broker
