// Tables of observations by the names of their columns: CSV files (also .csv.xz) or .npz archives of one-dimensional
// arrays, several below each other when they have the same columns. For data::Collection.
#pragma once

#include <string>
#include <vector>

#include "whit/data/table.hpp"

namespace whit::data {

class Columns {
 public:
  // Error bad_input for what read_csv refuses, and for files of different columns.
  explicit Columns(const std::vector<std::string>& files);

  size_t rows() const { return first_row_.back(); }
  const std::vector<std::string>& names() const { return parts_[0].header; }
  // Error bad_input with the nearest name when there is no such column. "file" is the file's name, where no column has
  // that name.
  size_t index(const std::string& name) const;

  const std::string& text(size_t row, size_t column) const;
  // Error bad_input with file, line and column when the field is no finite number.
  float number(size_t row, size_t column) const;
  // True for an empty field and for those that mean nothing: NaN, NA, null.
  bool is_missing(size_t row, size_t column) const;
  // Seconds: a number times `unit_s`, or an ISO 8601 time such as "2016-01-11 17:10:00+08:00", which counts from
  // 1970-01-01 0:00 on the clock that wrote it; its zone is ignored, so that hours of the day are those of the place.
  double seconds(size_t row, size_t column, double unit_s) const;

  size_t file_of(size_t row) const;                    // which one it is in
  size_t row_in_file(size_t row) const;                // from 0
  std::string place(size_t row) const;                 // "a.csv: line 7"
  std::string place(size_t row, size_t column) const;  // "a.csv: line 7, column 'x'"

 private:
  std::vector<Table> parts_;
  std::vector<std::string> file_names_;  // without folders
  std::vector<size_t> first_row_;        // of each part, then the number of all
};

}  // namespace whit::data
