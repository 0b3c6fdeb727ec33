#include "whit/report/table.hpp"

#include <algorithm>

namespace whit::report {
namespace {

size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

void append_cell(std::string& line, const std::string& cell, size_t width, bool right) {
  const std::string space(width - width_of(cell), ' ');
  line += right ? space + cell : cell + space;
}

std::string escaped(const std::string& cell) {
  std::string text;
  for (const char c : cell) {
    if (c == '|') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

std::string to_text(const Table& table) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    widths.push_back(width_of(table.columns[i].title));
    for (const auto& row : table.rows) widths[i] = std::max(widths[i], width_of(row.at(i)));
  }
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (i > 0) line += "  ";
      append_cell(line, cell_of(i), widths[i], table.columns[i].is_number);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_line([&](size_t i) { return table.columns[i].title; });
  for (const auto& row : table.rows) add_line([&](size_t i) { return row[i]; });
  return text;
}

std::string to_markdown(const Table& table) {
  std::string text = "|";
  for (const Column& column : table.columns) text += " " + escaped(column.title) + " |";
  text += "\n|";
  for (const Column& column : table.columns) text += column.is_number ? "---:|" : "---|";
  text += "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const std::string& cell : row) text += " " + escaped(cell) + " |";
    text += "\n";
  }
  return text;
}

}  // namespace whit::report
