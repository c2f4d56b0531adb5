// What was seen of one target after one step, as a list of named texts that two targets must agree
// on: outcome, log lines, records on disk. Texts have been through the normaliser (normaliser.h),
// so that plain equality is the comparison.
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/base/bytes.h"

namespace atrest::compare {

struct Fact {
  std::string field;  // "delivery 2", "disk foo/subs.dat record 3"
  std::string text;
  friend bool operator==(const Fact&, const Fact&) = default;
};
using Facts = std::vector<Fact>;

struct Mismatch {
  std::string field;
  std::string left;
  std::string right;
};

// The first place where the lists differ; nullopt where they do not. Where one of them lacks the
// field, its text says so and what it has instead.
std::optional<Mismatch> FirstMismatch(const Facts& left, const Facts& right);

// FIELD without its numbers and, of a path, without its directory: what kind of difference it is.
std::string KindOf(const std::string& field);

// BYTES for people, equal only for equal bytes (beyond 64, for all but colliding checksums).
std::string Show(ByteView bytes);

}  // namespace atrest::compare
