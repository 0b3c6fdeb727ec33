#include "whit/control/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/base/error.hpp"

namespace whit::control {
namespace {

rt::Band read_band(const TomlTable& control, const std::string& key, double swing) {
  const TomlTable table = control.table(key);
  const rt::Band band = {static_cast<float>(table.number("low_celsius", {-50, 80})),
                         static_cast<float>(table.number("high_celsius", {-50, 80}))};
  if (!(band.high - band.low > 2 * swing)) {
    throw table.error("high_celsius", "makes the band narrower than two swings", "a wider band, or a smaller swing_k");
  }
  return band;
}

rt::Schedule read_schedule(const TomlTable& table) {
  static const std::vector<std::string> kDays = {"monday", "tuesday",  "wednesday", "thursday",
                                                 "friday", "saturday", "sunday"};
  rt::Schedule schedule{simulate::minute_of_day(table, "open"), simulate::minute_of_day(table, "close"), 0};
  if (schedule.open_minute >= schedule.close_minute) {
    throw table.error("close", "is not after open", "a later time; \"24:00\" is midnight");
  }
  for (const std::string& day : table.texts("days")) {
    const auto found = std::find(kDays.begin(), kDays.end(), day);
    if (found == kDays.end())
      throw table.error("days", fmt::format("holds '{}', which is no day", day), "\"monday\" to \"sunday\"");
    schedule.days |= 1 << (found - kDays.begin());
  }
  return schedule;
}

}  // namespace

Options read_options(const TomlTable& root, const simulate::SimulationOptions& simulation, double horizon_s) {
  const TomlTable control = root.table("control");
  Options options;
  rt::ControlOptions& device = options.device;
  const double swing = control.number("swing_k", {0.1, 20});
  device.swing = static_cast<float>(swing);
  device.margin = static_cast<float>(control.number("margin_k", {0, swing}));
  device.comfort = read_band(control, "comfort", swing);
  device.setback = read_band(control, "setback", swing);
  device.schedule = read_schedule(control);
  device.arrive_minutes = static_cast<int32_t>(control.integer("arrive_minutes", {0, rt::kDayMinutes}));
  device.vacant_minutes = static_cast<int32_t>(control.integer("vacant_minutes", {0, rt::kDayMinutes}));
  device.min_on_minutes = simulation.heat_pump.min_on_minutes;
  device.min_off_minutes = simulation.heat_pump.min_off_minutes;
  const auto integer = [&](const char* key, double lowest, double highest) {
    return static_cast<int32_t>(control.integer(key, {lowest, highest}));
  };
  device.horizon_minutes = static_cast<int32_t>(std::lround(horizon_s / 60));
  if (device.horizon_minutes < 1 || device.horizon_minutes > rt::kDayMinutes) {
    throw control.error("forecast_every_minutes",
                        fmt::format("divides the horizon of the model, which looks {} s ahead", horizon_s),
                        "a model whose target lies a minute to a day ahead: [data.window] horizon_s");
  }
  device.lead_max_minutes = integer("lead_max_minutes", 0, rt::kDayMinutes / 4);
  device.lead_min_minutes = integer("lead_min_minutes", 0, device.lead_max_minutes);
  device.forecast_every_minutes = integer("forecast_every_minutes", 1, device.horizon_minutes);
  if (device.horizon_minutes % device.forecast_every_minutes != 0 ||
      device.horizon_minutes / device.forecast_every_minutes > rt::kMaxPending) {
    throw control.error("forecast_every_minutes",
                        fmt::format("must divide the horizon of {} minutes into {} parts at most",
                                    device.horizon_minutes, rt::kMaxPending));
  }
  device.stale_minutes = integer("stale_minutes", 1, rt::kDayMinutes / 2);
  device.drift_limit = static_cast<float>(control.number("drift_limit_k", {0, 100}));
  device.start_rate = static_cast<float>(control.number("start_rate_k_h", {0.01, 100}) / 60);
  const TomlTable seasons = control.table("seasons");
  for (const std::string& name : seasons.keys()) {
    options.seasons.push_back(
        {name, simulate::seconds_of_date(seasons.text(name), fmt::format("{}: seasons.{}", root.file(), name))});
  }
  if (options.seasons.empty()) throw control.error("seasons", "holds none", "seasons = { heating = \"2024-01-15\" }");
  options.price_kwh = control.number("price_kwh", kNotNegative);
  options.device_cost = control.number("device_cost", kNotNegative);
  control.refuse_unknown_keys();
  return options;
}

std::vector<int32_t> sensors_of(const data::FeatureTable& table, const std::string& where) {
  static const std::vector<std::string> kNames = {"t_in", "t_out", "occupancy", "hvac"};
  std::vector<int32_t> sensors;
  for (const std::string& column : table.columns) {
    const auto found = std::find(kNames.begin(), kNames.end(), column);
    if (found == kNames.end()) {
      throw Error(ErrorCode::bad_input, fmt::format("the controller has no sensor '{}'", column), where,
                  "columns of t_in, t_out, occupancy and hvac, as `whit simulate data` writes them");
    }
    sensors.push_back(static_cast<int32_t>(found - kNames.begin()));
  }
  if (table.target != kNames[0]) {
    throw Error(ErrorCode::bad_input,
                table.target.empty() ? "it does not say that the model predicts a column"
                                     : fmt::format("the model predicts '{}', not the room's temperature", table.target),
                where,
                "a recipe with [data] target = \"t_in\"; data of an older whit: write it again with `whit data`");
  }
  for (const rt::LagFeature& feature : table.lags) {
    if (feature.kind != rt::LagKind::planned) continue;
    const std::string& column = table.columns[static_cast<size_t>(feature.channel)];
    if (column == "hvac") continue;
    throw Error(ErrorCode::bad_input, fmt::format("the controller plans the machine, not '{}'", column), where,
                "{ kind = \"planned\", of = \"hvac\" }");
  }
  if (table.record.kind == rt::FeatureKind::lags && table.record.step_s != 60) {
    throw Error(ErrorCode::bad_input,
                fmt::format("rows every {} s; the controller reads its sensors once a minute", table.record.step_s),
                where, "data with a row a minute");
  }
  return sensors;
}

}  // namespace whit::control
