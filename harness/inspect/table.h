// Columns of text, each as wide as its widest cell.
// Threads: none shared.
#pragma once

#include <string>
#include <vector>

namespace atrest::inspect {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // REQUIRES: as many cells as columns.
  void Add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  // The title and the rows, a line each, INDENT spaces in front; no spaces at the ends of lines.
  std::string Print(size_t indent) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace atrest::inspect
