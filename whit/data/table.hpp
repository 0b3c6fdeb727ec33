// CSV: one header line, then rows of as many fields. Read whole with libcsv. For tables of samples and of labels.
#pragma once

#include <string>
#include <vector>

namespace whit::data {

struct Table {
  std::string file;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  // Index of a column; -1 when there is none of that name.
  int column(const std::string& name) const;
  // The number in a field. Error bad_input with file, line and column when it is none, or not finite.
  float number(size_t row, size_t column) const;
};

// Error bad_input for an unreadable file, no rows, or a row with another number of fields than the header.
Table read_csv(const std::string& file);

}  // namespace whit::data
