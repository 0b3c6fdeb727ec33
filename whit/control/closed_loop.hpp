// A controller and a simulated floor in a closed loop: the predictive controller (device code, the model played as on
// the device) and the thermostats it has to beat.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "whit/compile/program.hpp"
#include "whit/control/options.hpp"
#include "whit_runtime/control/minute.hpp"

namespace whit::control {

// A model with the data that it was trained on.
struct Forecaster {
  compile::Program program;
  data::FeatureTable features;
  rt::FeatureTable table;  // points into `features`; scales of the program
  std::vector<int32_t> sensors;
};

// `data`: data.json or its folder. Error as read_feature_table, bind_features and sensors_of.
std::unique_ptr<Forecaster> make_forecaster(compile::Program program, const std::string& data);

// One minute as it was: what the device saw, what it said.
struct Minute {
  rt::MinuteReadings readings;
  rt::Demand demand;
  rt::Forecast forecast;  // the newest
  rt::Mode mode;
  float foreseen = rt::kNoNumber;  // what it said for what the machine then did; NaN: not known
};

// without_forecast: the predictive controller that trusts no forecast, to show what the forecast alone is worth.
enum class Controller { deadband, scheduled, without_forecast, predictive };
inline constexpr Controller kControllers[] = {Controller::deadband, Controller::scheduled, Controller::without_forecast,
                                              Controller::predictive};
const char* name_of(Controller controller);

struct LoopResult {
  double days = 0;
  int64_t starts = 0;  // of the heat pump
  double kwh = 0, peak_kw = 0;
  double discomfort_kh = 0;  // K h outside of the comfort band while somebody is there, by the true temperature
  double scheduled_discomfort_kh = 0;  // the part of it in the hours of the schedule
  double occupied_hours = 0;
  // Of the predictive controller.
  std::vector<int32_t> leads;   // minutes of each pre-start: from the first demand to the opening
  double forecast_mae_k = 0;    // against the temperature that came, as the sensor had it
  int64_t forecasts = 0;        // in it
  double predictive_share = 0;  // of the minutes that the forecast was trusted
  std::vector<Minute> minutes;  // when asked for
};

// `forecaster` may be null for the thermostats. `keep_minutes`: fills `minutes`.
LoopResult run_loop(Controller controller, const simulate::SimulationOptions& simulation, uint64_t seed, int64_t days,
                    const Options& options, const Forecaster* forecaster, bool keep_minutes);

}  // namespace whit::control
