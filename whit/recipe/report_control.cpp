// The control loop of `whit simulate control` (docs/formats/control.md) in the report.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/control/tables.hpp"
#include "whit/recipe/report.hpp"

namespace whit::recipe {
namespace {

using Json = nlohmann::ordered_json;

// "Tuesday, 23 January"
std::string day_text(int64_t minute) {
  return fmt::format("{:%A, %d %B}", fmt::gmtime(static_cast<time_t>(minute * 60)));
}

// 0 off, 1 heat, 2 cool: what the heat pump does, by minute.
Json states_of(const Json& trace) {
  Json states = Json::array();
  int state = 0;
  for (const Json& hvac : trace["hvac"]) {
    if (hvac.is_number()) state = hvac.get<double>() > 0 ? 1 : hvac.get<double>() < 0 ? 2 : 0;  // missing: as before
    states.push_back(state);
  }
  return states;
}

// Where the axis of temperatures begins, so that the heat pump has room below them.
double floor_of(const Json& trace) {
  double low = INFINITY, high = -INFINITY;
  for (const char* key : {"low", "high", "t_in", "forecast"}) {
    for (const Json& value : trace[key]) {
      if (!value.is_number()) continue;
      low = std::min(low, value.get<double>()), high = std::max(high, value.get<double>());
    }
  }
  return high > low ? std::floor(low - 0.35 * (high - low)) : 0;
}

// Forecasts stand at the minute that they are about, `horizon` minutes after they were made.
report::Chart day_chart(const std::string& season, const Json& trace, double horizon) {
  Json minutes = Json::array(), ahead = Json::array();
  const double first = trace["minute"].empty() ? 0 : trace["minute"][0].get<double>();
  for (const auto& minute : trace["minute"]) {
    minutes.push_back(minute.get<double>() - first);
    ahead.push_back(minute.get<double>() - first + horizon);
  }
  const auto line = [&](const std::string& name, const Json& y, const char* style, int colour) {
    return Json{{"name", name}, {"x", minutes}, {"y", y}, {"style", style}, {"colour", colour}};
  };
  Json people = line("somebody there", trace["occupancy"], "area", 5);
  people["axis"] = "behind";
  Json low = line("", trace["low"], "edge", 2), high = line("band to hold", trace["high"], "band", 2);
  Json forecast = line(fmt::format("forecast {:.0f} minutes before", horizon), trace["forecast"], "dash", 1);
  forecast["x"] = ahead;
  Json pump = line("heat pump", states_of(trace), "area", 3);
  pump["axis"] = "y2";
  return {fmt::format("A day of the {} season under the predictive controller, {}", season,
                      day_text(static_cast<int64_t>(first))),
          {{"kind", "line"},
           {"x", {{"clock", true}}},
           {"y", {{"title", "degC"}, {"min", floor_of(trace)}}},
           {"y2", {{"title", "heat pump"}, {"states", {"off", "heat", "cool"}}}},
           {"series", {low, high, line("indoor", trace["t_in"], "line", 0), forecast, pump, people}}},
          "Simulated, minute by minute; readings as the sensors give them; forecasts are the integer model's, each at "
          "the minute that it is about."};
}

// Of the predictive controller.
std::vector<std::string> forecast_row(const std::string& season, const Json& entry, size_t seeds) {
  const Json leads = entry.value("lead_minutes", Json::object());
  std::vector<std::string> row = {season, "", "", std::to_string(leads.value("count", 0))};
  if (entry.contains("trusted_share")) {
    row[1] = fmt::format("{:.1f} %", 100 * entry["trusted_share"]["mean"].get<double>());
  }
  if (entry.contains("forecast_mae_k")) row[2] = control::interval_text(entry["forecast_mae_k"], "{:.3f}", 1, seeds);
  for (const char* key : {"p5", "median", "p95"}) {
    row.push_back(leads.contains(key) ? fmt::format("{:.0f}", leads[key].get<double>()) : "");
  }
  return row;
}

}  // namespace

report::Section control_section(const Results& results) {
  report::Section section{"The control loop", {}, {}, {}};
  if (!results.recipe.controls) return section;
  const Json control = read_json(results.folder / kControlFile);
  const Json data = read_json(results.folder / results.plan.views.at(results.choice.winner) / "data.json");
  const double horizon = data["features"].value("horizon_s", 0.0) / 60;
  report::Table forecasts{{{"season"},
                           {"trusted, of the minutes", true},
                           {"MAE in the loop, K", true},
                           {"pre-starts", true},
                           {"minutes ahead, 5 % below", true},
                           {"median", true},
                           {"95 % below", true}},
                          {}};
  for (const auto& [season, result] : control["seasons"].items()) {
    if (result.contains("trace")) section.charts.push_back(day_chart(season, result["trace"], horizon));
    forecasts.rows.push_back(forecast_row(season, result["controllers"]["predictive"], control["seeds"].size()));
  }
  Json labels = Json::array(), by_controller = Json::object(), discomfort = Json::object();
  for (const auto& [season, result] : control["seasons"].items()) {
    labels.push_back(season);
    for (const auto& [name, entry] : result["controllers"].items()) {
      by_controller[name].push_back(entry["kwh_a_month"]["mean"].get<double>());
      discomfort[name].push_back(entry["discomfort_kh_a_month"]["mean"].get<double>());
    }
  }
  const auto bars = [&](const char* title, const char* unit, const Json& values) {
    Json series = Json::array();
    for (const auto& [name, y] : values.items()) series.push_back({{"name", name}, {"y", y}});
    return report::Chart{
        title, {{"kind", "bar"}, {"x", {{"labels", labels}}}, {"y", {{"title", unit}}}, {"series", series}}, ""};
  };
  section.charts.push_back(bars("Energy", "kWh a month", by_controller));
  section.charts.push_back(bars("Discomfort", "K h a month of occupied time", discomfort));
  const std::string how = fmt::format(
      "Simulated: {} days a season of one typical year, {} seeds of its weather, people and noise, the same for every "
      "controller; "
      "discomfort is outside of {:.1f} to {:.1f} degC while somebody is there.",
      control.value("days", 0), control["seeds"].size(), control["comfort"]["low_celsius"].get<double>(),
      control["comfort"]["high_celsius"].get<double>());
  section.charts.back().how = section.charts[section.charts.size() - 2].how = how;
  section.tables.push_back({"Each controller, mean of the seeds", control::figures_table(control), how});
  section.tables.push_back({"The forecasts in the loop", forecasts,
                            "Trusted: the forecast was there, and its running error below the drift limit. A pre-start "
                            "is so many minutes before the opening. Errors are those of the forecast for what the "
                            "machine then did."});
  section.tables.push_back({"Predictive against each other controller", control::savings_table(control),
                            "Paired differences with 95 % confidence intervals."});
  std::string money =
      fmt::format("Energy at ${:.2f} a kWh, twelve months as the seasons are on the mean; a gateway costs ${:.0f}.",
                  control["price_kwh"].get<double>(), control["device_cost"].get<double>());
  const std::string few = control::few_seeds(control);
  if (!few.empty()) money += fmt::format(" Careful, {}; more seeds: seeds in [control].", few);
  section.tables.push_back({"What it saves", control::money_table(control), money});
  return section;
}

report::Section firmware_section(const Results& results) {
  report::Section section{"Whole days on the emulated target", {}, {}, {}};
  report::Table table{{{"machine"},
                       {"flash", true},
                       {"RAM", true},
                       {"minutes", true},
                       {"same decisions", true},
                       {"after a restart", true},
                       {"instructions a minute", true},
                       {"with a forecast", true}},
                      {}};
  for (const std::string& machine : results.recipe.control_targets) {
    if (!std::filesystem::exists(results.folder / target_of(machine))) continue;
    const Json run = read_json(results.folder / target_of(machine));
    const auto count = [&](const char* key) { return std::to_string(run.value(key, int64_t{0})); };
    table.rows.push_back({machine, count("flash_bytes"), count("ram_bytes"), count("minutes"), count("same_demands"),
                          count("same_after_restart"), count("minute_instructions"), count("forecast_instructions")});
  }
  if (table.rows.empty()) return section;
  section.tables.push_back(
      {"", table,
       "The firmware with features, model and controller reads what the host's run read, minute by "
       "minute; in the middle of a day it restarts from its saved state."});
  return section;
}

}  // namespace whit::recipe
