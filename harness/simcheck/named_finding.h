// Known weaknesses of the real server that a run has shown, by name. They are not violations: the
// reference has them because the real server does. A run whose faults allow for one is expected to
// find it.
//
// N1                   the Raft log is in clear while the store is sealed (bug-catalogue.md N1)
// N15                  a node without encryption takes part in an encrypted cluster (N15)
// forged-operation     an operation in clear that nobody sent was accepted (cluster.md 3g)
// plaintext-residue    operations in clear linger in free pages of an encrypted node (3k)
// double-encryption    ciphertext was sealed again, passed on by a leader without a key (3f)
// mixed-keys           a store behind a snapshot is sealed under several keys (3d, 3e)
// forgotten-channel    a node that ended while it installed a snapshot passed over a channel of it
//                      when it started again, led, and made the channel anew: all that was in it
//                      is gone, acknowledged or not (reference/sim/forgotten_channels.h)
// quorum-lost          so many nodes end at every start or wait for messages of their snapshots,
//                      after damage, that nobody can be elected who might give them (3d, 3j)
// restore-blocked      a node stays behind a working majority, which cannot read the messages that
//                      its snapshot stands for (3b, 3j)
//
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace atrest::simcheck {

struct NamedFinding {
  std::string name;
  std::string node;
  std::string evidence;  // one line
  uint64_t event = 0;    // of the look that found it
};

// All names, in the order above.
const std::vector<std::string>& FindingNames();

}  // namespace atrest::simcheck
