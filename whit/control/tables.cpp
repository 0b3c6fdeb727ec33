#include "whit/control/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace whit::control {
namespace {

using Json = nlohmann::ordered_json;

struct FigureColumn {
  const char *key, *title, *format;
};
constexpr FigureColumn kColumns[] = {{"cycles_a_day", "cycles a day", "{:.1f}"},
                                     {"kwh_a_month", "kWh a month", "{:.0f}"},
                                     {"discomfort_kh_a_month", "discomfort, K h a month", "{:.2f}"},
                                     {"scheduled_discomfort_kh_a_month", "of it in open hours", "{:.2f}"},
                                     {"peak_kw", "peak kW", "{:.2f}"}};

}  // namespace

report::Table figures_table(const Json& json) {
  report::Table table{{{"season"}, {"controller"}}, {}};
  for (const FigureColumn& column : kColumns) table.columns.push_back({column.title, true});
  for (const auto& [season, result] : json.at("seasons").items()) {
    for (const auto& [controller, entry] : result.at("controllers").items()) {
      std::vector<std::string> row = {season, controller};
      for (const FigureColumn& column : kColumns) {
        row.push_back(fmt::format(fmt::runtime(column.format), entry.at(column.key).at("mean").get<double>()));
      }
      table.rows.push_back(row);
    }
  }
  return table;
}

report::Table savings_table(const Json& json) {
  report::Table table{
      {{"season"}, {"against"}, {"cycles", true}, {"energy", true}, {"discomfort, K h a month", true}, {"comfort"}},
      {}};
  const size_t seeds = json.at("seeds").size();
  for (const auto& [season, result] : json.at("seasons").items()) {
    for (const auto& [baseline, entry] : result.at("against").items()) {
      table.rows.push_back({season, baseline,
                            interval_text(entry.at("cycles_a_day").at("saving_percent"), "{:+.1f} %", -1, seeds),
                            interval_text(entry.at("kwh_a_month").at("saving_percent"), "{:+.1f} %", -1, seeds),
                            interval_text(entry.at("discomfort_kh_a_month").at("difference"), "{:+.2f}", 1, seeds),
                            entry.at("comfort").get<std::string>()});
    }
  }
  return table;
}

report::Table money_table(const Json& json) {
  report::Table table{
      {{"against"}, {"floors", true}, {"gateways", true}, {"saved a year", true}, {"payback, months", true}}, {}};
  for (const auto& [baseline, entry] : json.at("seasons").front().at("against").items()) {
    for (const Json& row : entry.at("money")) {
      const Json& payback = row.at("payback_months");
      table.rows.push_back({baseline, row.at("floors").dump(), row.at("devices").dump(),
                            fmt::format("${:.0f}", row.at("saved_a_year").get<double>()),
                            payback.is_null() ? "never" : fmt::format("{:.1f}", payback.get<double>())});
    }
  }
  return table;
}

std::string few_seeds(const Json& json) {
  const size_t seeds = json.at("seeds").size();
  if (seeds >= 5) return "";
  if (seeds < 2) return "from one seed: how uncertain savings and money are is not known";
  double widest = 0;
  for (const Json& season : json.at("seasons")) {
    for (const Json& entry : season.at("against")) {
      const Json& saving = entry.at("kwh_a_month").at("saving_percent");
      widest = std::max(widest, (saving.at("high").get<double>() - saving.at("low").get<double>()) / 2);
    }
  }
  return fmt::format("from {} seeds: the energy is known to within {:.1f} percentage points, the money no better",
                     seeds, widest);
}

std::string interval_text(const Json& estimate, const char* format, double sign, size_t seeds) {
  const auto text = [&](const char* key) {
    return fmt::format(fmt::runtime(format), sign * estimate.at(key).get<double>());
  };
  if (seeds < 2) return text("mean");
  const auto [low, high] = sign < 0 ? std::pair("high", "low") : std::pair("low", "high");
  return fmt::format("{} ({} to {})", text("mean"), text(low), text(high));
}

}  // namespace whit::control
