// A report of a run: sections of text, tables and charts, as one HTML page that needs no network, as text for a
// terminal and as JSON. The page works on a phone, in light and dark; Chart.js (MIT) is inside it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "whit/report/table.hpp"

namespace whit::report {

// `spec` is what page.js draws:
//   {"kind": "line" | "bar", "horizontal": false,
//    "x": {"title", "labels": [...] or "clock": true (x is minutes of a day)},
//    "y": {"title", "log": false, "min", "max"}, "y2": {"title", "states": ["off", ...]},
//    "series": [{"name", "x": [...], "y": [...], "style": "line" | "dash" | "edge" | "area" | "band",
//                "axis": "y2" | "behind", "colour": 0 to 5, "texts": [...]}],
//    "lines": [{"at", "name", "is_limit": false}]}
// A "band" series fills to the one before it, its "edge". x of a line; a bar has one y for each label. null: no value
// there. y2 has whole numbers, which are names of states, and the lower part of the chart. A series "behind" is 0 or 1:
// the whole height where it is 1. texts stand at the ends of horizontal bars, lines lie across them at a value of y;
// bars beyond a limit have the colour of what is bad.
struct Chart {
  std::string title;
  nlohmann::ordered_json spec;
  std::string how;  // how the figures were obtained; below the chart
};

struct NamedTable {
  std::string title;
  Table table;
  std::string how;
};

struct Section {
  std::string title;
  std::vector<std::string> paragraphs;
  std::vector<NamedTable> tables;
  std::vector<Chart> charts;
};

struct Document {
  std::string title, subtitle;
  std::vector<Section> sections;
};

std::string to_html(const Document& document);
std::string to_text(const Document& document);  // charts are left out
nlohmann::ordered_json to_json(const Document& document);

}  // namespace whit::report
