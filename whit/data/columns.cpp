#include "whit/data/columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit/data/arrays.hpp"

namespace whit::data {
namespace {

[[noreturn]] void bad(const std::string& what, const std::string& where, const std::string& hint = "") {
  throw Error(ErrorCode::bad_input, what, where, hint);
}

// Numbers become text again, the shortest that reads back as the same.
Table read_npz_table(const std::string& file) {
  Table table{file, npz_names(file), {}};
  if (table.header.empty()) bad("an empty archive", file);
  for (const std::string& name : table.header) {
    const npy::Array array = read_npz(file, name).value();
    if (array.shape.size() != 1) {
      bad(fmt::format("array '{}' has {} dimensions", name, array.shape.size()), file,
          "a table has arrays of one dimension; kind = \"samples\" reads an array x of samples");
    }
    const std::vector<float> values = numbers(array.data, array.descr, fmt::format("{}: {}", file, name));
    if (table.rows.empty()) table.rows.resize(values.size());
    if (values.size() != table.rows.size()) {
      bad(fmt::format("array '{}' has {} elements, '{}' has {}", name, values.size(), table.header[0],
                      table.rows.size()),
          file);
    }
    for (size_t i = 0; i < values.size(); ++i) table.rows[i].push_back(fmt::format("{}", values[i]));
  }
  if (table.rows.empty()) bad("no rows", file);
  return table;
}

}  // namespace

Columns::Columns(const std::vector<std::string>& files) : first_row_{0} {
  for (const std::string& file : files) {
    parts_.push_back(file.ends_with(".npz") ? read_npz_table(file) : read_csv(file));
    file_names_.push_back(std::filesystem::path(file).filename().string());
    first_row_.push_back(first_row_.back() + parts_.back().rows.size());
    if (parts_.back().header != parts_[0].header) {
      bad(fmt::format("its columns are not those of {}", files[0]), file + ": line 1",
          fmt::format("there they are: {}", fmt::join(parts_[0].header, ", ")));
    }
  }
}

size_t Columns::index(const std::string& name) const {
  const int found = parts_[0].column(name);
  if (found >= 0) return static_cast<size_t>(found);
  if (name == "file") return names().size();
  bad(fmt::format("there is no column '{}'", name), parts_[0].file + ": line 1",
      fmt::format("did you mean '{}'? The columns are: {}", nearest(name, names()), fmt::join(names(), ", ")));
}

const std::string& Columns::text(size_t row, size_t column) const {
  if (column == names().size()) return file_names_[file_of(row)];
  return parts_[file_of(row)].rows[row_in_file(row)][column];
}

float Columns::number(size_t row, size_t column) const {
  if (column == names().size()) bad("the name of a file is no number", place(row));
  return parts_[file_of(row)].number(row_in_file(row), column);
}

bool Columns::is_missing(size_t row, size_t column) const {
  const std::string& field = text(row, column);
  for (const char* nothing : {"", "nan", "NaN", "NAN", "NA", "null"}) {
    if (field == nothing) return true;
  }
  return false;
}

double Columns::seconds(size_t row, size_t column, double unit_s) const {
  const std::string& field = text(row, column);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  char between = 0;
  if (std::sscanf(field.c_str(), "%4d-%2d-%2d%n%c%2d:%2d%n", &year, &month, &day, &used, &between, &hour, &minute,
                  &used) < 3) {
    char* end = nullptr;
    const double value = std::strtod(field.c_str(), &end);
    if (field.empty() || *end != '\0' || !(std::abs(value) < 1e18)) {
      bad(fmt::format("'{}' is no time", field), place(row, column),
          "a number, or ISO 8601 such as 2016-01-11T17:10:00");
    }
    return value * unit_s;
  }
  double second = 0;
  if (field[static_cast<size_t>(used)] == ':') {
    char* end = nullptr;
    second = std::strtod(field.c_str() + used + 1, &end);
    used = static_cast<int>(end - field.c_str());
  }
  const std::string zone = field.substr(static_cast<size_t>(used));
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const bool date_only = between == 0;
  const bool good_zone = zone.empty() || zone.find_first_not_of("0123456789:+- Z") == std::string::npos;
  if (!date.ok() || hour > 23 || minute > 59 || !(second >= 0 && second < 61) || !good_zone ||
      (!date_only && between != 'T' && between != ' ')) {
    bad(fmt::format("'{}' is no time", field), place(row, column), "ISO 8601 such as 2016-01-11T17:10:00");
  }
  return std::chrono::sys_days(date).time_since_epoch().count() * 86400.0 + hour * 3600.0 + minute * 60.0 + second;
}

size_t Columns::file_of(size_t row) const {
  return static_cast<size_t>(std::upper_bound(first_row_.begin(), first_row_.end(), row) - first_row_.begin()) - 1;
}

size_t Columns::row_in_file(size_t row) const { return row - first_row_[file_of(row)]; }

std::string Columns::place(size_t row) const {
  const Table& part = parts_[file_of(row)];
  // A CSV begins with its header, and lines count from 1.
  return part.file.ends_with(".npz") ? fmt::format("{}: row {}", part.file, row_in_file(row))
                                     : fmt::format("{}: line {}", part.file, row_in_file(row) + 2);
}

std::string Columns::place(size_t row, size_t column) const {
  return fmt::format("{}, column '{}'", place(row), column == names().size() ? "file" : names()[column]);
}

}  // namespace whit::data
