#include "harness/scenario/scenario.h"

namespace atrest::scenario {
namespace {

std::string Describe(const Settings& s) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (s.encrypt) add(std::string("encrypt=") + (*s.encrypt ? "true" : "false"));
  if (s.cipher) add("cipher=" + *s.cipher);
  if (s.key_variable) add("key in the environment=<" + *s.key_variable + ">");
  if (s.key_option) add("key as an option=<" + *s.key_option + ">");
  if (s.store != "file") add("store=" + s.store);
  const auto number = [&](const char* name, const auto& value) {
    if (value) add(std::string(name) + "=" + std::to_string(*value));
  };
  number("max_messages", s.max_messages);
  number("max_bytes", s.max_bytes);
  number("max_age_ms", s.max_age_ms);
  number("slice_max_messages", s.slice_max_messages);
  number("slice_max_bytes", s.slice_max_bytes);
  number("buffer_size", s.buffer_size);
  number("read_buffer_size", s.read_buffer_size);
  number("crc_polynomial", s.crc_polynomial);
  if (s.check_crc) add(std::string("check_crc=") + (*s.check_crc ? "true" : "false"));
  if (s.truncate_bad_eof)
    add(std::string("truncate_bad_eof=") + (*s.truncate_bad_eof ? "true" : "false"));
  if (s.cluster_id) add("cluster_id=" + *s.cluster_id);
  return text.empty() ? "no options" : text;
}

std::string Position(const Read& read) {
  switch (read.from) {
    case Read::From::kFirst:
      return "first";
    case Read::From::kLast:
      return "last";
    case Read::From::kNew:
      return "new";
    case Read::From::kSequence:
      return std::to_string(read.sequence);
  }
  return "";
}

struct Describer {
  std::string operator()(const UseGolden& s) const { return "golden store " + s.name; }
  std::string operator()(const Start& s) const { return "start with " + Describe(s.settings); }
  std::string operator()(const Publish& s) const {
    const size_t count = s.payloads.size();
    const std::string what = count == 1 ? std::to_string(s.payloads[0].size()) + " bytes"
                                        : std::to_string(count) + " messages";
    return "publish " + what + " to " + s.channel;
  }
  std::string operator()(const Read& s) const {
    return "read " + s.channel + " from " + Position(s);
  }
  std::string operator()(const Stop&) const { return "stop"; }
  std::string operator()(const Kill&) const { return "kill"; }
  std::string operator()(const Wait& s) const { return "wait " + std::to_string(s.ms) + " ms"; }
  std::string operator()(const Tamper& s) const {
    return "tamper with the files (" + std::to_string(s.operations.size()) + " changes)";
  }
  std::string operator()(const Inspect&) const { return "inspect the disk"; }
};

}  // namespace

std::string Describe(const Action& action) { return std::visit(Describer{}, action); }

}  // namespace atrest::scenario
