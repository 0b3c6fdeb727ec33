// A table of results, as aligned text for a terminal and as Markdown for a pull request or a page.
// For verbs that print both. Does not format numbers, wrap or colour.
#pragma once

#include <string>
#include <vector>

namespace whit::report {

struct Column {
  std::string title;
  bool is_number = false;  // aligned right
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as columns; UTF-8 without line breaks
};

// One line for the titles and one a row, columns two spaces apart and as wide as their widest cell; each line ends with
// a newline and has no spaces before it. Width counts code points.
std::string to_text(const Table& table);

// A Markdown table; "|" in cells is escaped.
std::string to_markdown(const Table& table);

}  // namespace whit::report
