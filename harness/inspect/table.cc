#include "harness/inspect/table.h"

#include <algorithm>

#include "reference/base/check.h"
#include "reference/base/utf8.h"

namespace atrest::inspect {
namespace {

// In characters, each taken to be one column wide.
size_t Width(std::string_view text) {
  size_t width = 0;
  for (; !text.empty(); ++width) {
    text.remove_prefix(std::max<size_t>(Utf8Length(text), 1));
  }
  return width;
}

}  // namespace

void Table::Add(std::vector<std::string> row) {
  ATREST_CHECK(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::Print(size_t indent) const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(Width(titles[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], Width(row[i]));
  }

  std::string printed;
  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - Width(row[i]), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::kRight ? fill + row[i] : row[i] + fill;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    printed += line + "\n";
  };
  print_row(titles);
  for (const auto& row : rows_) print_row(row);
  return printed;
}

}  // namespace atrest::inspect
