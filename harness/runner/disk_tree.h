// All that a target writes, for the disk oracle: the files of its store wherever they are, what a
// process has deleted but still holds open, and its output. The driver's own channel is left out.
// Ownership: the driver is borrowed.
// Errors and threads: as disktruth/file_tree.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/disktruth/file_tree.h"
#include "harness/driver/driver.h"

namespace atrest::runner {

class DiskTree : public disktruth::Tree {
 public:
  // What the target wrote to its output streams and logged, as one file.
  static constexpr char kOutput[] = "(output)";

  explicit DiskTree(driver::Driver& driver);

  // More of the target's log, where its driver has no output to give.
  void AddLog(const std::vector<verdict::LogLine>& lines);

  Result<std::vector<disktruth::TreeEntry>> List() override;
  Result<Bytes> Read(const disktruth::TreeEntry& entry, uint64_t from) override;

 private:
  driver::Driver& driver_;
  std::string ignored_;
  std::unique_ptr<disktruth::Tree> files_;
  disktruth::PosixTree* posix_ = nullptr;  // files_, if they are on disk
  Bytes output_;
};

}  // namespace atrest::runner
