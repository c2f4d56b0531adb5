// Subscriptions by subject: which of them see a message. Literal subjects are in a hash table and
// wildcards in a trie of tokens, so that a match costs no more than the subject is long and as much
// as matches; there may be tens of thousands of subscriptions. Not for who may subscribe, and not
// for delivery. Specification: wire.md 1.7.
// Ownership: subscriptions are the caller's, and stay where they are while they are in the index.
// The order of matches depends on the order of insertions and removals alone.
// Threads: one. Nothing can fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace atrest::broker {

struct Client;

struct Subscription {
  Client* client = nullptr;  // nullptr is the local side
  std::string subject;
  std::string queue;    // "" where there is none
  std::string sid;      // of a client
  uint64_t handle = 0;  // of the local side
  uint64_t max = 0;     // deliveries after which it ends, 0 for never
  uint64_t delivered = 0;
  bool closed = false;  // no longer in the index
  size_t position = 0;  // the index's own
};

// The subscriptions that see a message. Of each queue group one member is to be chosen.
struct Matches {
  std::vector<Subscription*> plain;
  std::vector<Subscription*> members;  // of one group after the other
  std::vector<size_t> group_ends;      // in `members`
  bool empty() const { return plain.empty() && members.empty(); }
  void Clear();
};

class SubjectIndex {
 public:
  // SEED keeps clients from choosing subjects that fall together in the hash table.
  explicit SubjectIndex(uint64_t seed);
  ~SubjectIndex();
  SubjectIndex(const SubjectIndex&) = delete;
  SubjectIndex& operator=(const SubjectIndex&) = delete;

  // REQUIRES: its subject is a valid subscription (nats_subject.h).
  void Insert(Subscription* subscription);
  // REQUIRES: it is in the index.
  void Remove(Subscription* subscription);
  // Overwrites MATCHES. A subject with an empty token has none.
  void Match(std::string_view subject, Matches& matches) const;
  size_t size() const { return size_; }

 private:
  struct Entry {
    std::vector<Subscription*> plain;
    std::map<std::string, std::vector<Subscription*>, std::less<>> groups;  // members, by queue
    bool empty() const { return plain.empty() && groups.empty(); }
    void Insert(Subscription* subscription);
    void Remove(Subscription* subscription);
    void AddTo(Matches& matches) const;
  };
  struct Literal {
    std::string subject;
    uint64_t hash;
    Entry entry;
    std::unique_ptr<Literal> next;
  };
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    std::unique_ptr<Node> any;  // "*"
    Entry here;
    Entry rest;  // ">"
    bool empty() const { return children.empty() && !any && here.empty() && rest.empty(); }
  };

  uint64_t Hash(std::string_view subject) const;
  // The slot of SUBJECT, or the one at the end of its chain.
  std::unique_ptr<Literal>& Slot(std::string_view subject, uint64_t hash);
  const Literal* Find(std::string_view subject) const;
  void Grow();
  static void RemoveFrom(Node& node, std::string_view rest, Subscription* subscription);
  static void MatchFrom(const Node& node, std::string_view rest, Matches& matches);

  uint64_t seed_;
  size_t size_ = 0;
  std::vector<std::unique_ptr<Literal>> buckets_;  // a power of two
  size_t literals_ = 0;
  Node root_;
};

}  // namespace atrest::broker
