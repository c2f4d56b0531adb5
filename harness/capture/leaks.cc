#include "harness/capture/leaks.h"

#include <algorithm>
#include <utility>

#include "harness/runner/workspace.h"
#include "reference/base/bytes.h"

namespace atrest::capture {
namespace {

constexpr uint64_t kFileMax = uint64_t{1} << 32;

// Texts by their first bytes, SIZE of them, so that a look at one place costs one look-up.
class Index {
 public:
  explicit Index(size_t size) : size_(size) {}

  void Add(const std::string& text) {
    if (text.size() < size_ || text.find_first_not_of('\0') == std::string::npos) return;
    texts_.emplace_back(text);
  }
  void Prepare() { std::ranges::sort(texts_); }

  // The first place in BYTES that holds one of the texts; npos for none.
  size_t Find(std::string_view bytes) const {
    if (texts_.empty()) return std::string_view::npos;
    for (size_t at = 0; at + size_ <= bytes.size(); ++at) {
      const std::string_view here = bytes.substr(at);
      const std::string_view head = here.substr(0, size_);
      for (auto text = std::ranges::lower_bound(texts_, head);
           text != texts_.end() && text->starts_with(head); ++text) {
        if (here.starts_with(*text)) return at;
      }
    }
    return std::string_view::npos;
  }

 private:
  size_t size_;
  std::vector<std::string> texts_;
};

}  // namespace

Result<std::vector<std::string>> FindLeaks(env::FileSystem& files, const std::string& directory,
                                           const Secrets& secrets) {
  Index payloads(kLeakSizeMin);
  Index names(kNameLeakSizeMin);
  for (const std::string& payload : secrets.payloads) payloads.Add(payload);
  for (const std::string& name : secrets.names) names.Add(name);
  payloads.Prepare();
  names.Prepare();
  const auto paths = runner::ListFiles(files, directory);
  if (!paths.ok()) return paths.status();
  std::vector<std::string> leaks;
  const auto look = [&](std::string_view bytes, const std::string& where) {
    for (const Index* index : {&payloads, &names}) {
      const size_t at = index->Find(bytes);
      if (at != std::string_view::npos) leaks.push_back(where + " at " + std::to_string(at));
    }
  };
  for (const std::string& path : paths.value()) {
    // The names of files are those of every store.
    look(path.substr(0, path.rfind('/') + 1), "the name of a directory of " + path);
    const auto bytes = env::ReadWhole(files, directory + "/" + path, kFileMax);
    if (!bytes.ok()) return bytes.status();
    look(AsText(bytes.value()), path);
  }
  return leaks;
}

}  // namespace atrest::capture
