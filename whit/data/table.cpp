#include "whit/data/table.hpp"

#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "whit/base/error.hpp"
#include "whit/data/arrays.hpp"

namespace whit::data {
namespace {

struct Reader {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
};

void end_field(void* text, size_t length, void* context) {
  static_cast<Reader*>(context)->row.emplace_back(static_cast<const char*>(text), length);
}

void end_row(int /*terminator*/, void* context) {
  auto* reader = static_cast<Reader*>(context);
  reader->rows.push_back(std::move(reader->row));
  reader->row.clear();
}

}  // namespace

int Table::column(const std::string& name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  return found == header.end() ? -1 : static_cast<int>(found - header.begin());
}

float Table::number(size_t row, size_t column) const {
  const std::string& text = rows[row][column];
  char* end = nullptr;
  const float value = std::strtof(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) {
    throw Error(ErrorCode::bad_input, fmt::format("'{}' is no finite number", text),
                fmt::format("{}: line {}, column '{}'", file, row + 2, header[column]),
                "remove the row, or fill the gap before");
  }
  return value;
}

Table read_csv(const std::string& file) {
  const std::vector<uint8_t> bytes = read_data_file(file);
  Reader reader;
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_APPEND_NULL) != 0) throw std::bad_alloc();
  const size_t parsed = csv_parse(&parser, bytes.data(), bytes.size(), end_field, end_row, &reader);
  const bool good = parsed == bytes.size() && csv_fini(&parser, end_field, end_row, &reader) == 0;
  csv_free(&parser);
  if (!good) {
    throw Error(ErrorCode::bad_input, "not a CSV file", fmt::format("{}: line {}", file, reader.rows.size() + 1),
                "look for a quote that is not closed");
  }
  if (reader.rows.size() < 2) throw Error(ErrorCode::bad_input, "no rows below the header line", file);
  Table table{file, std::move(reader.rows.front()), {}};
  if (table.header[0].starts_with("\xEF\xBB\xBF")) table.header[0].erase(0, 3);  // a byte order mark
  reader.rows.erase(reader.rows.begin());
  table.rows = std::move(reader.rows);
  for (size_t i = 0; i < table.rows.size(); ++i) {
    if (table.rows[i].size() != table.header.size()) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("{} fields, the header has {}", table.rows[i].size(), table.header.size()),
                  fmt::format("{}: line {}", file, i + 2));
    }
  }
  return table;
}

}  // namespace whit::data
