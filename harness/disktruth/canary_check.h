// The check "canary": no payload that was published under encryption, and no key, is found at any
// offset of any file: as it is, in base64 (either alphabet, all three alignments), in hexadecimal
// or in UTF-16; also within gzip and zlib streams. Long payloads are searched for by three of their
// parts. Payloads that could occur by chance (short, or of few different bytes) are not searched
// for; MakeCanary makes one that cannot, and that compressors without an entropy code (LZ4, Snappy,
// S2) leave as it is.
// Threads: none shared.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/disktruth/disk_finding.h"
#include "harness/disktruth/file_tree.h"
#include "harness/disktruth/inflate.h"
#include "harness/disktruth/text_search.h"

namespace atrest::disktruth {

// SIZE letters and digits without a repetition that a compressor could use: the same for the same
// seed, different for different ones. REQUIRES: SIZE >= 16.
std::string MakeCanary(uint64_t seed, size_t size = 24);

class CanaryCheck {
 public:
  // PAYLOAD is secret from now on, unless it was allowed.
  void AddPayload(const std::string& payload);
  // PAYLOAD was published, or put on disk, without encryption: it may be there.
  void Allow(const std::string& payload);
  // NAME ("key K") is shown in its place.
  void AddKey(const std::string& name, const std::string& key);
  // Names that are in clear by design; a payload that is part of one is not searched for.
  void AddClearName(const std::string& name) { clear_names_.insert(name); }

  // Searches BYTES, the contents of ENTRY; those before OLD_SIZE have been searched before, and
  // GOING_ON are the streams found in them, kept by the caller from search to search.
  void Search(const TreeEntry& entry, ByteView bytes, size_t old_size, CompressedParts& going_on,
              Findings& findings) const;

  // Bytes before the end of a file that an occurrence across it may begin in.
  size_t overlap() const { return search_.overlap(); }

 private:
  struct Secret {
    std::string what;
    bool is_key = false;
    bool active = true;
    std::string text;
  };
  struct Form {
    size_t secret = 0;
    const char* name = "";
  };

  // STREAM: where the compressed data begins that BYTES were, if they were.
  void SearchIn(const TreeEntry& entry, ByteView bytes, size_t from, std::optional<size_t> stream,
                std::set<size_t>& found, Findings& findings) const;
  void Add(const std::string& text, Secret secret);
  void AddForm(std::string pattern, const char* name, size_t secret);
  bool IsInAName(const std::string& text) const;

  std::deque<Secret> secrets_;
  std::vector<Form> forms_;
  std::map<std::string, size_t> by_payload_;
  std::set<std::string> allowed_;
  std::set<std::string> clear_names_;
  TextSearch search_;
};

}  // namespace atrest::disktruth
