// Two file systems that are told the same give the same answers, to the last byte of each text.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "reference/env/env.h"
#include "reference/env/mem_file_system.h"
#include "reference/env/posix_env.h"
#include "reference/env/temporary_directory.h"

namespace atrest::env {
namespace {

enum class Verb {
  kOpen,
  kRead,
  kWriteAt,
  kAppend,
  kTruncate,
  kSize,
  kClose,
  kList,
  kExists,
  kMakeDirectories,
  kRemove,
  kRemoveAll,
  kRename
};
constexpr int kVerbs = static_cast<int>(Verb::kRename) + 1;

struct Operation {
  Verb verb;
  size_t handle;  // which open file
  std::string path;
  std::string to;
  FileSystem::Mode mode;
  uint64_t offset;
  Bytes bytes;
};

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << "verb " << static_cast<int>(operation.verb) << " handle " << operation.handle
             << " path " << operation.path << " to " << operation.to << " mode "
             << static_cast<int>(operation.mode) << " offset " << operation.offset << " bytes "
             << ToHex(operation.bytes);
}

rc::Gen<Operation> AnyOperation() {
  const auto path =
      rc::gen::element<std::string>("a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "a/x", "");
  const auto mode = rc::gen::element(FileSystem::Mode::kRead, FileSystem::Mode::kReadWrite,
                                     FileSystem::Mode::kCreate, FileSystem::Mode::kCreateExclusive);
  return rc::gen::construct<Operation>(
      rc::gen::map(rc::gen::inRange(0, kVerbs), [](int verb) { return static_cast<Verb>(verb); }),
      rc::gen::inRange<size_t>(0, 4), path, path, mode, rc::gen::inRange<uint64_t>(0, 40),
      rc::gen::scale(0.3, rc::gen::arbitrary<Bytes>()));
}

std::string Show(const Status& status) {
  return std::to_string(static_cast<int>(status.code())) + " " + status.message();
}

// One file system, the files opened on it, and its answers as text.
class Session {
 public:
  Session(FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  std::string Answer(const Operation& operation) {
    const std::string path = Path(operation.path);
    switch (operation.verb) {
      case Verb::kOpen:
        return Open(path, operation);
      case Verb::kClose:
        open_.erase(operation.handle);
        return "";
      case Verb::kList:
        return List(path);
      case Verb::kExists:
        return files_.Exists(path) ? "exists" : "does not";
      case Verb::kMakeDirectories:
        return Show(files_.MakeDirectories(path));
      case Verb::kRemove:
        return operation.path.empty() ? "" : Show(files_.Remove(path));
      case Verb::kRemoveAll:
        return operation.path.empty() ? "" : Show(files_.RemoveAll(path));
      case Verb::kRename:
        return Show(files_.Rename(path, Path(operation.to)));
      default:
        return open_.contains(operation.handle) ? OfFile(*open_[operation.handle], operation) : "";
    }
  }

 private:
  std::string Path(const std::string& name) const {
    return name.empty() ? root_ : root_ + "/" + name;
  }

  std::string Open(const std::string& path, const Operation& operation) {
    auto file = files_.Open(path, operation.mode);
    const std::string answer = Show(file.status());
    if (file.ok()) open_[operation.handle] = std::move(file).value();
    return answer;
  }

  std::string List(const std::string& path) {
    const auto entries = files_.List(path);
    std::string text = Show(entries.status());
    if (!entries.ok()) return text;
    for (const auto& entry : entries.value()) text += entry.name + (entry.is_directory ? "/" : ",");
    return text;
  }

  static std::string OfFile(File& file, const Operation& operation) {
    switch (operation.verb) {
      case Verb::kRead: {
        Bytes into(operation.bytes.size() + 10);
        const size_t count = file.ReadAt(operation.offset, into).value();
        return ToHex(ByteView(into).first(count));
      }
      case Verb::kWriteAt:
        return Show(file.WriteAt(operation.offset, operation.bytes));
      case Verb::kAppend:
        return Show(file.Append(operation.bytes));
      case Verb::kTruncate:
        return Show(file.Truncate(operation.offset));
      default:
        return std::to_string(file.Size().value());
    }
  }

  FileSystem& files_;
  const std::string root_;
  std::map<size_t, std::unique_ptr<File>> open_;
};

RC_GTEST_PROP(FileSystemModelTest, PosixAndMemoryGiveTheSameAnswers, ()) {
  const auto operations = *rc::gen::container<std::vector<Operation>>(AnyOperation());
  const TemporaryDirectory directory;
  PosixFileSystem posix;
  MemFileSystem memory;
  RC_ASSERT(memory.MakeDirectories(directory.path()).ok());
  Session real(posix, directory.path());
  Session model(memory, directory.path());
  for (const Operation& operation : operations) {
    RC_ASSERT(real.Answer(operation) == model.Answer(operation));
  }
}

}  // namespace
}  // namespace atrest::env
