// Entropy that is written down as it is drawn, and entropy that comes from such a record.
// Ownership: both borrow what they are made of. Threads: one.
#pragma once

#include <span>
#include <string>

#include "reference/env/env.h"
#include "reference/server/event_log.h"

namespace atrest::server {

class RecordingEntropy : public env::Entropy {
 public:
  // WRITER may be null: nothing is recorded then.
  RecordingEntropy(env::Entropy& source, EventWriter* writer) : source_(source), writer_(writer) {}
  void Fill(std::span<uint8_t> into) override {
    source_.Fill(into);
    if (writer_ != nullptr) {
      writer_->Write({.kind = Event::Kind::kEntropy, .bytes = ByteView(into.data(), into.size())});
    }
  }

 private:
  env::Entropy& source_;
  EventWriter* writer_;
};

// Takes entropy from the record where it stands; zeros where the record has something else or
// another size, which is noted, and where it ends: the recorded process was killed before it wrote
// down what it drew.
class ReplayedEntropy : public env::Entropy {
 public:
  explicit ReplayedEntropy(EventReader& reader) : reader_(reader) {}
  void Fill(std::span<uint8_t> into) override {
    const auto next = reader_.Peek();
    const bool fits =
        next && next->kind == Event::Kind::kEntropy && next->bytes.size() == into.size();
    for (size_t i = 0; i < into.size(); ++i) into[i] = fits ? next->bytes[i] : 0;
    if (fits) {
      reader_.Take();
    } else {
      missing_ = missing_ || next.has_value();
    }
  }
  // Whether what was asked for was not what the record has.
  bool missing() const { return missing_; }

 private:
  EventReader& reader_;
  bool missing_ = false;
};

}  // namespace atrest::server
