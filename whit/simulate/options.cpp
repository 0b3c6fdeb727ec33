#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/simulate/simulation.hpp"

namespace whit::simulate {
namespace {

constexpr Range kShare = {0, 1};
constexpr Range kPositive = {1e-9};
constexpr Range kCelsius = {-90, 90};
constexpr Range kMinutes = {0, 1440};

std::array<double, kWalls> by_wall(const TomlTable& table) {
  const TomlTable areas = table.table("area_m2");
  return {areas.number("north", kNotNegative), areas.number("east", kNotNegative), areas.number("south", kNotNegative),
          areas.number("west", kNotNegative)};
}

double sum(const std::array<double, kWalls>& areas) { return areas[0] + areas[1] + areas[2] + areas[3]; }

// Shares of air and slab; the rest is the interior's.
PerNode shares(const TomlTable& table, const std::string& air_key, const std::string& slab_key) {
  const double air = table.number(air_key, kShare), slab = table.number(slab_key, kShare);
  if (air + slab > 1) throw table.error(slab_key, fmt::format("is more than {} leaves of 1", air_key));
  PerNode shares = {};
  shares[kAir] = air;
  shares[kSlab] = slab;
  shares[kInterior] = 1 - air - slab;
  return shares;
}

void read_building(const TomlTable& building, SimulationOptions& options) {
  Network& n = options.network;
  Envelope& e = options.envelope;
  const double floor = building.number("floor_m2", kPositive), height = building.number("height_m", kPositive);
  n.capacity_j_k[kAir] = kAirHeatJM3K * floor * height * building.number("air_capacity_factor", {1, 100});

  const TomlTable windows = building.table("windows"), walls = building.table("walls"), roof = building.table("roof");
  e.window_m2 = by_wall(windows);
  e.solar_heat_gain = windows.number("solar_heat_gain", kShare);
  n.air_outside = sum(e.window_m2) * windows.number("u_w_m2k", kNotNegative);

  e.wall_m2 = by_wall(walls);
  e.wall_absorptance = walls.number("absorptance", kShare);
  const double wall_m2 = sum(e.wall_m2), u = walls.number("u_w_m2k", kPositive);
  const double outer = walls.number("outer_resistance_m2k_w", kPositive);
  if (outer >= 1 / u)
    throw walls.error("outer_resistance_m2k_w", fmt::format("is not below that of the whole wall, {:.3f}", 1 / u));
  n.walls_outside = wall_m2 / outer;
  n.air_walls = wall_m2 / (1 / u - outer);
  n.capacity_j_k[kWallMass] = 1000 * wall_m2 * walls.number("capacity_kj_m2k", kPositive);

  e.roof_absorptance = roof.number("absorptance", kShare);
  n.air_roof = roof.number("area_m2", kNotNegative) * roof.number("u_w_m2k", kNotNegative);

  const TomlTable slab = building.table("slab"), interior = building.table("interior");
  n.capacity_j_k[kSlab] = 1000 * floor * slab.number("capacity_kj_m2k", kPositive);
  n.air_slab = floor * slab.number("to_air_w_m2k", kNotNegative);
  n.slab_ground = building.number("perimeter_m", kPositive) * slab.number("edge_w_mk", kNotNegative);
  n.capacity_j_k[kInterior] = 1000 * floor * interior.number("capacity_kj_m2k", kPositive);
  n.air_interior = floor * interior.number("to_air_w_m2k", kNotNegative);

  const TomlTable air = building.table("air_change"), gains = building.table("gains");
  constexpr double kWindCoefficient = 0.224;  // s/m, DOE-2: EnergyPlus Input Output Reference, Zone Infiltration
  e.infiltration_m3_s =
      kWindCoefficient * (wall_m2 + sum(e.window_m2)) * air.number("infiltration_m3_s_m2", kNotNegative);
  e.infiltration_occupied = air.number("occupied_share", kShare);
  e.ventilation_m3_s = 0.001 * floor * air.number("ventilation_l_s_m2", kNotNegative);
  e.ventilation_person_m3_s = 0.001 * air.number("ventilation_l_s_person", kNotNegative);
  e.person_w = gains.number("person_w", kNotNegative);
  e.devices_w = floor * gains.number("devices_w_m2", kNotNegative);
  e.devices_vacant = gains.number("devices_vacant", kShare);
  e.gain_share = shares(gains, "to_air", "to_slab");
  e.solar_share = shares(gains, "sun_to_air", "sun_to_slab");
  building.refuse_unknown_keys();
}

WeatherGenerator read_generator(const TomlTable& table) {
  WeatherGenerator g;
  g.place = {table.number("latitude_deg", {-90, 90}), table.number("longitude_deg", {-180, 180}),
             table.number("zone_hours", {-12, 14})};
  g.mean_celsius = table.number("mean_celsius", kCelsius);
  g.yearly_swing_k = table.number("yearly_swing_k", kNotNegative);
  g.daily_swing_k = table.number("daily_swing_k", kNotNegative);
  g.anomaly_k = table.number("anomaly_k", kNotNegative);
  g.anomaly_hours = table.number("anomaly_hours", kPositive);
  g.clearness_mean = table.number("clearness_mean", kShare);
  g.clearness_spread = table.number("clearness_spread", kShare);
  g.wind_mean_m_s = table.number("wind_mean_m_s", kNotNegative);
  return g;
}

void read_weather(const TomlTable& weather, SimulationOptions& options) {
  options.ground_albedo = weather.number("albedo", kShare);
  const auto generator = weather.find_table("generator");
  if (generator) options.generator = read_generator(*generator);
  if (weather.has("epw")) {
    const std::filesystem::path path = std::filesystem::path(weather.file()).parent_path() / weather.text("epw");
    if (!generator || std::filesystem::exists(path)) {
      options.weather = std::make_shared<const WeatherYear>(read_epw(path.string()));
    }
    options.anomaly_k = weather.number("anomaly_k", kNotNegative, 0);
    options.anomaly_hours = weather.number("anomaly_hours", kPositive, 24);
  } else if (!generator) {
    throw weather.error("epw", "is missing, and so is a generator",
                        "epw = \"FILE.epw\", or a table [weather.generator]");
  }
  weather.refuse_unknown_keys();
}

OccupancyOptions read_occupancy(const TomlTable& table) {
  OccupancyOptions o;
  o.people = static_cast<int32_t>(table.integer("people", {0, 10000}));
  o.attendance = table.number("attendance", kShare);
  o.weekend_attendance = table.number("weekend_attendance", kShare);
  o.weekend_probability = table.number("weekend_probability", kShare);
  o.holiday_probability = table.number("holiday_probability", kShare);
  o.arrive_minute = minute_of_day(table, "arrive");
  o.leave_minute = minute_of_day(table, "leave");
  o.spread_minutes = table.number("spread_minutes", kMinutes);
  o.day_spread_minutes = table.number("day_spread_minutes", kMinutes);
  o.lunch_minute = minute_of_day(table, "lunch");
  o.lunch_minutes = static_cast<int32_t>(table.integer("lunch_minutes", kMinutes));
  o.lunch_probability = table.number("lunch_probability", kShare);
  table.refuse_unknown_keys();
  return o;
}

Performance read_performance(const TomlTable& table) {
  Performance p{table.numbers("outdoor_celsius", kCelsius), table.numbers("capacity_kw", kPositive),
                table.numbers("cop", kPositive)};
  const size_t points = p.outdoor_celsius.size();
  if (points == 0) throw table.error("outdoor_celsius", "holds no points");
  for (const auto& [key, values] : {std::pair("capacity_kw", &p.capacity_kw), std::pair("cop", &p.cop)}) {
    if (values->size() != points) {
      throw table.error(key, fmt::format("holds {} values for {} temperatures", values->size(), points));
    }
  }
  for (size_t i = 1; i < points; ++i) {
    if (p.outdoor_celsius[i] <= p.outdoor_celsius[i - 1]) throw table.error("outdoor_celsius", "does not rise");
  }
  return p;
}

HeatPumpOptions read_heat_pump(const TomlTable& table) {
  HeatPumpOptions o;
  o.heating = read_performance(table.table("heating"));
  o.cooling = read_performance(table.table("cooling"));
  o.min_on_minutes = static_cast<int32_t>(table.integer("min_on_minutes", kMinutes));
  o.min_off_minutes = static_cast<int32_t>(table.integer("min_off_minutes", kMinutes));
  o.start_time_constant_s = table.number("start_time_constant_s", kNotNegative);
  o.standby_w = table.number("standby_w", kNotNegative);
  table.refuse_unknown_keys();
  return o;
}

SensorOptions read_sensors(const TomlTable& table) {
  SensorOptions o;
  o.indoor_noise_k = table.number("indoor_noise_k", kNotNegative);
  o.outdoor_noise_k = table.number("outdoor_noise_k", kNotNegative);
  o.step_k = table.number("step_k", kNotNegative);
  o.gaps_a_day = table.number("gaps_a_day", kMinutes);
  o.gap_minutes = table.number("gap_minutes", {1, 1e6});
  table.refuse_unknown_keys();
  return o;
}

Band read_band(const TomlTable& thermostat, const std::string& key) {
  const TomlTable table = thermostat.table(key);
  const Band band{table.number("heat_celsius", kCelsius), table.number("cool_celsius", kCelsius)};
  if (band.heat_celsius >= band.cool_celsius) {
    throw table.error("cool_celsius", "is not above heat_celsius", "a band with room in it");
  }
  return band;
}

ThermostatOptions read_thermostat(const TomlTable& table) {
  ThermostatOptions o;
  o.occupied = read_band(table, "occupied");
  o.vacant = read_band(table, "vacant");
  const double gap = o.occupied.cool_celsius - o.occupied.heat_celsius;
  o.differential_k = table.number("differential_k", {0, gap});
  o.first_minute = minute_of_day(table, "first");
  o.last_minute = minute_of_day(table, "last");
  o.varied_setpoint_k = table.number("varied_setpoint_k", kNotNegative, 0);
  o.varied_start_minutes = static_cast<int32_t>(table.integer("varied_start_minutes", kMinutes, 0));
  table.refuse_unknown_keys();
  return o;
}

}  // namespace

int32_t minute_of_day(const TomlTable& table, const std::string& key) {
  const std::string text = table.text(key);
  const auto digit = [&](size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 100; };
  int32_t minutes = 10000;
  if (text.size() == 5 && text[2] == ':' && digit(3) < 6) {
    minutes = (digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4);
  }
  if (minutes > 24 * 60) throw table.error(key, fmt::format("is '{}', no time of the day", text), "such as \"08:30\"");
  return minutes;
}

int64_t seconds_of_date(const std::string& date, const std::string& where) {
  int year = 0, month = 0, day = 0, used = 0;
  const bool read = std::sscanf(date.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 &&
                    static_cast<size_t>(used) == date.size();
  const std::chrono::year_month_day at{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                       std::chrono::day(static_cast<unsigned>(day))};
  if (!read || !at.ok()) {
    throw Error(ErrorCode::bad_input, fmt::format("'{}' is no date", date), where, "such as 2024-01-15");
  }
  return std::chrono::sys_days(at).time_since_epoch().count() * kDayS;
}

SimulationOptions read_simulation(const TomlTable& root) {
  SimulationOptions options;
  options.start_seconds =
      seconds_of_date(root.text("start"), fmt::format("{}: line {}", root.file(), root.line_of("start")));
  options.warm_up_days = static_cast<int32_t>(root.integer("warm_up_days", {0, 365}));
  read_building(root.table("building"), options);
  read_weather(root.table("weather"), options);
  options.occupancy = read_occupancy(root.table("occupancy"));
  options.heat_pump = read_heat_pump(root.table("heat_pump"));
  options.sensors = read_sensors(root.table("sensors"));
  options.thermostat = read_thermostat(root.table("thermostat"));
  // Steps of a minute have to be fine enough, in any wind.
  const Envelope& e = options.envelope;
  const double most_air = kAirHeatJM3K * (40 * e.infiltration_m3_s + e.ventilation_m3_s +
                                          options.occupancy.people * e.ventilation_person_m3_s);
  const double constant_s = shortest_time_constant_s(options.network, most_air);
  if (constant_s < 120) {
    throw root.error("building", fmt::format("reacts within {:.0f} s; steps of a minute need 120", constant_s),
                     "more capacity, or less conductance, of the node that is the fastest");
  }
  return options;
}

}  // namespace whit::simulate
