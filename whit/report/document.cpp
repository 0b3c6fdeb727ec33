#include "whit/report/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "whit/base/embedded.hpp"

namespace whit::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLongCell = 30;  // bytes

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string replaced(std::string page, const std::string& mark, std::string_view by) {
  const size_t at = page.find(mark);
  return page.replace(at, mark.size(), by);
}

// JSON inside a <script>: no "</".
std::string script_json(const Json& json) {
  std::string text = json.dump();
  for (size_t at = text.find("</"); at != std::string::npos; at = text.find("</", at + 3)) text.insert(at + 1, "\\");
  return text;
}

std::string head_of(const Column& column) {
  return fmt::format("<th{}>{}</th>", column.is_number ? " class=\"number\"" : "", escaped(column.title));
}

// With `has_title` the cell holds the title of its column too.
std::string cell_of(const Column& column, const std::string& text, bool has_title) {
  // A verdict gets the colour of its word.
  const char* kind = column.is_number                   ? " class=\"number\""
                     : text == "met" || text == "yes"   ? " class=\"good\""
                     : text == "missed" || text == "NO" ? " class=\"bad\""
                                                        : "";
  std::string shown = escaped(text);
  // On a phone an interval stands below its mean.
  const size_t bracket = column.is_number ? shown.find(" (") : std::string::npos;
  if (bracket != std::string::npos) shown = shown.insert(bracket + 1, "<span>") + "</span>";
  const std::string title = has_title ? fmt::format(" data-title=\"{}\"", escaped(column.title)) : "";
  return fmt::format("<td{}{}>{}</td>", kind, title, shown);
}

std::string html_of(const NamedTable& named) {
  const auto& [columns, rows] = named.table;
  std::string html = named.title.empty() ? "" : fmt::format("<h3>{}</h3>\n", escaped(named.title));
  // On a phone, cells of a table with sentences in its last column stand one below the other.
  const bool is_long = std::any_of(rows.begin(), rows.end(),
                                   [](const auto& row) { return !row.empty() && row.back().size() > kLongCell; });
  html += fmt::format("<div class=\"wide\"><table{}>\n<tr>", is_long ? " class=\"long\"" : "");
  for (const Column& column : columns) html += head_of(column);
  html += "</tr>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) html += cell_of(columns[i], row[i], is_long);
    html += "</tr>\n";
  }
  html += "</table></div>\n";
  return named.how.empty() ? html : html + fmt::format("<p class=\"how\">{}</p>\n", escaped(named.how));
}

}  // namespace

std::string to_html(const Document& document) {
  Json charts = Json::array();
  std::string body;
  for (const Section& section : document.sections) {
    body += fmt::format("<section>\n<h2>{}</h2>\n", escaped(section.title));
    for (const std::string& paragraph : section.paragraphs) body += fmt::format("<p>{}</p>\n", escaped(paragraph));
    for (const Chart& chart : section.charts) {
      body += fmt::format(
          "<figure>\n<figcaption>{0}</figcaption>\n<div class=\"chart\"><canvas id=\"chart{1}\" role=\"img\" "
          "aria-label=\"{0}\"></canvas></div>\n<p class=\"how\">{2}</p>\n</figure>\n",
          escaped(chart.title), charts.size(), escaped(chart.how));
      charts.push_back(chart.spec);
    }
    for (const NamedTable& table : section.tables) body += html_of(table);
    body += "</section>\n";
  }
  const auto& files = embedded_files();
  std::string page(files.at("whit/report/page.html"));
  page = replaced(page, "{{TITLE}}", escaped(document.title));
  page = replaced(page, "{{STYLE}}", files.at("whit/report/page.css"));
  page = replaced(page, "{{HEADING}}", escaped(document.title));
  page = replaced(page, "{{SUBTITLE}}", escaped(document.subtitle));
  page = replaced(page, "{{BODY}}", body);
  page = replaced(page, "{{CHARTS}}", script_json(charts));
  page = replaced(page, "{{LIBRARY}}", files.at("chart.js"));
  return replaced(page, "{{SCRIPT}}", files.at("whit/report/page.js"));
}

std::string to_text(const Document& document) {
  std::string text = document.title + "\n" + document.subtitle + "\n";
  for (const Section& section : document.sections) {
    text += fmt::format("\n== {}\n", section.title);
    for (const std::string& paragraph : section.paragraphs) text += paragraph + "\n";
    for (const NamedTable& named : section.tables) {
      text += "\n" + (named.title.empty() ? "" : named.title + "\n") + to_text(named.table);
      if (!named.how.empty()) text += named.how + "\n";
    }
  }
  return text;
}

Json to_json(const Document& document) {
  Json json{{"title", document.title}, {"subtitle", document.subtitle}, {"sections", Json::array()}};
  for (const Section& section : document.sections) {
    Json entry{{"title", section.title}, {"paragraphs", section.paragraphs}};
    for (const NamedTable& named : section.tables) {
      Json table{{"title", named.title}, {"how", named.how}, {"rows", Json::array()}};
      for (const auto& row : named.table.rows) {
        Json cells = Json::object();
        for (size_t i = 0; i < row.size(); ++i) cells[named.table.columns[i].title] = row[i];
        table["rows"].push_back(cells);
      }
      entry["tables"].push_back(table);
    }
    for (const Chart& chart : section.charts) {
      entry["charts"].push_back({{"title", chart.title}, {"how", chart.how}, {"spec", chart.spec}});
    }
    json["sections"].push_back(entry);
  }
  return json;
}

}  // namespace whit::report
