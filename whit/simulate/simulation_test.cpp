// The whole floor of examples/hvac/building.toml.
#include "whit/simulate/simulation.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/text_file.hpp"
#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/simulate/training_data.hpp"

namespace whit::simulate {
namespace {

const std::string kFile = WHIT_SOURCE_DIR "/examples/hvac/building.toml";

// The floor under generated weather, which needs no file.
std::string generated() {
  std::string toml = read_text(kFile);
  const size_t epw = toml.find("epw = ");
  toml.erase(epw, toml.find('\n', epw) - epw);
  for (const char* key : {"anomaly_k = 2.0", "anomaly_hours = 72.0"}) {
    toml.erase(toml.find(key), std::string(key).size());
  }
  return toml;
}

SimulationOptions options(const std::string& start = "2024-01-15") {
  SimulationOptions options = read_simulation(TomlTable::parse(generated(), "building.toml"));
  options.start_seconds = seconds_of_date(start, "");
  return options;
}

TEST(Simulation, TheExampleReadsWhereverTheWeatherFileIs) {
  const SimulationOptions options = read_simulation(TomlTable::read(kFile));
  EXPECT_EQ(options.start_seconds, 1705276800);
  EXPECT_EQ(options.network.capacity_j_k[kSlab], 511 * 205e3);
  // A floor with U-values in series: 1 / (1 / inner + 1 / outer) is the wall's.
  const double walls = 1 / (1 / options.network.air_walls + 1 / options.network.walls_outside);
  EXPECT_NEAR(walls, 222.7 * 0.592, 1e-6);
}

// 365 days under the scheduled thermostat: what is stored came from somewhere, to a thousandth of all that flowed, and
// the sources that the simulation counts are the heat that the network counts.
TEST(Simulation, TheYearsEnergyBalanceCloses) {
  Simulation simulation(options(), 1);
  ScheduledThermostat thermostat(options().thermostat);
  const PerNode before = simulation.building().celsius();
  double electric_kwh = 0;
  for (int64_t minute = 0; minute < 365 * 1440; ++minute) {
    simulation.step(thermostat.decide(simulation.readings()));
    electric_kwh += simulation.truth().electric_w / 60e3;
  }
  const HeatBalance b = simulation.building().balance();
  const HeatSources s = simulation.heat_sources();
  double stored = 0;
  for (size_t i = 0; i < kNodes; ++i) {
    stored += options().network.capacity_j_k[i] * (simulation.building().celsius()[i] - before[i]);
  }
  const double flows = std::abs(b.windows) + std::abs(b.roof) + std::abs(b.walls) + std::abs(b.ground) +
                       std::abs(b.air_change) + std::abs(b.heat);
  const double sources = s.sun + s.people + s.devices + s.heat_pump;
  const double error = (b.windows + b.roof + b.walls + b.ground + b.air_change + sources - stored) / flows;
  RecordProperty("balance_error", fmt::format("{:.2e}", error));
  EXPECT_LT(std::abs(error), 1e-3);
  EXPECT_NEAR(simulation.electric_kwh(), electric_kwh, 1e-6 * electric_kwh);
  // An office of this kind takes 10 to 60 kWh/m2 a year for heating and cooling.
  EXPECT_GT(electric_kwh / 511, 10);
  EXPECT_LT(electric_kwh / 511, 60);
}

TEST(Simulation, TheSeedIsTheWorldWhateverTheControllerDoes) {
  Simulation idle(options(), 5), heated(options(), 5), other(options(), 6);
  double apart = 0;
  for (int minute = 0; minute < 2 * 1440; ++minute) {
    idle.step(Demand::off);
    heated.step(Demand::heat);
    other.step(Demand::off);
    ASSERT_EQ(idle.truth().outdoor_celsius, heated.truth().outdoor_celsius);
    ASSERT_EQ(idle.truth().people, heated.truth().people);
    ASSERT_EQ(std::isnan(idle.readings().indoor_celsius), std::isnan(heated.readings().indoor_celsius));
    apart = std::max(apart, std::abs(idle.truth().outdoor_celsius - other.truth().outdoor_celsius));
  }
  EXPECT_GT(heated.truth().air_celsius, idle.truth().air_celsius + 5);
  EXPECT_GT(apart, 1);
  EXPECT_EQ(heated.truth().running, Demand::heat);
  EXPECT_EQ(idle.truth().running, Demand::off);
}

TEST(Simulation, ThePeakIsThatOfAQuarterOfAnHour) {
  SimulationOptions o = options();
  Simulation simulation(o, 1);
  // Half of a quarter of an hour by the clock.
  for (int minute = 0; minute < 15; ++minute) simulation.step(minute < 6 ? Demand::heat : Demand::off);
  const double full = simulation.truth().electric_kwh * 4;
  EXPECT_NEAR(simulation.truth().peak_kw, full, 1e-9);
  EXPECT_GT(simulation.truth().peak_kw, 2);
}

TEST(Simulation, DataHasARowAMinute) {
  const std::string csv = training_csv(options(), 2, 1);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 2 * 1440 + 1);
  EXPECT_TRUE(csv.starts_with("time,t_in,t_out,occupancy,hvac\n2024-01-15T00:00:00,")) << csv.substr(0, 100);
  EXPECT_NE(csv.find("\n2024-01-16T23:59:00,"), std::string::npos);
  EXPECT_EQ(csv, training_csv(options(), 2, 1));
  EXPECT_NE(csv, training_csv(options(), 2, 2));
}

TEST(Simulation, DataOfSeveralSeasons) {
  const SimulationOptions o = options();
  const std::string csv = training_csv(o, 1, 1, {o.start_seconds, seconds_of_date("2024-07-01", "")});
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 2 * 1440 + 1);
  EXPECT_TRUE(csv.starts_with("time,t_in,t_out,occupancy,hvac,start\n2024-01-15T00:00:00,")) << csv.substr(0, 100);
  EXPECT_NE(csv.find(",2024-01-15\n2024-07-01T00:00:00,"), std::string::npos);
}

TEST(Simulation, SaysWhatIsWrongAndWhere) {
  const auto error_of = [](const std::string& from, const std::string& to) {
    std::string toml = generated();
    toml.replace(toml.find(from), from.size(), to);
    try {
      read_simulation(TomlTable::parse(toml, "b.toml"));
    } catch (const Error& error) {
      return error.where() + ": " + error.what();
    }
    return std::string("no error");
  };
  const auto has = [](const std::string& got, const std::string& part) {
    EXPECT_NE(got.find(part), std::string::npos) << got;
  };
  has(error_of("start = \"2024-01-15\"", "start = \"2024-02-30\""), "'2024-02-30' is no date");
  has(error_of("floor_m2 = 511.0", "floor_m2 = -1.0"), "building.floor_m2");
  has(error_of("outer_resistance_m2k_w = 0.154", "outer_resistance_m2k_w = 2.0"),
      "outer_resistance_m2k_w is not below that of the whole wall, 1.689");
  has(error_of("sun_to_air = 0.1", "sun_to_air = 0.6"), "sun_to_slab is more than sun_to_air leaves of 1");
  has(error_of("arrive = \"08:30\"", "arrive = \"8h30\""), "arrive is '8h30', no time of the day");
  has(error_of("cop = [1.46, ", "cop = ["), "holds 4 values for 5 temperatures");
  has(error_of("outdoor_celsius = [-17.8, -8.3", "outdoor_celsius = [-7.8, -8.3"), "does not rise");
  has(error_of("heat_celsius = 21.0, cool_celsius = 24.0", "heat_celsius = 25.0, cool_celsius = 24.0"),
      "cool_celsius is not above heat_celsius");
  has(error_of("air_capacity_factor = 7.0", "air_capacity_factor = 1.0\nair_capacity = 2"), "air_capacity");
  has(error_of("to_air_w_m2k = 7.0", "to_air_w_m2k = 7000.0"), "steps of a minute need 120");
  has(error_of("[weather.generator]", "[weather.generators]"), "epw is missing, and so is a generator");
}

}  // namespace
}  // namespace whit::simulate
