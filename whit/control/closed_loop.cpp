#include "whit/control/closed_loop.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <span>

#include "whit/compile/emit/emit_features.hpp"

namespace whit::control {
namespace {

// The firmware's controller on this machine.
class Predictive {
 public:
  Predictive(const rt::ControlOptions& options, const Forecaster& forecaster)
      : options_(options),
        forecaster_(forecaster),
        player_(forecaster.program),
        window_(static_cast<size_t>(forecaster.table.rows * forecaster.table.channels)),
        features_(static_cast<size_t>(rt::feature_count(forecaster.table))),
        input_(forecaster.program.inputs()[0].info.bytes) {
    rt::reset_control(options_, forecaster_.table, memory());
  }
  rt::Demand minute(const rt::MinuteReadings& readings) {
    const rt::FeatureTable& table = forecaster_.table;
    const auto model = [&](const float* window, int64_t seconds, float planned, float* features) {
      if (options_.drift_limit < 0) return rt::kNoNumber;  // nobody would trust it: not computed
      rt::write_input(table, window, seconds, planned, features, input_.data());
      player_.reset();
      player_.set_input(0, input_);
      player_.invoke();
      return rt::read_output(table, player_.output(0).data(), window + (table.rows - 1) * table.channels);
    };
    return rt::control_minute(options_, table, forecaster_.sensors.data(), memory(), readings, model);
  }
  const rt::ControllerState& state() const { return state_.controller; }

 private:
  rt::ControlMemory memory() { return {&state_, window_.data(), features_.data()}; }

  rt::ControlOptions options_;
  const Forecaster& forecaster_;
  compile::HostPlayer player_;
  rt::ControlState state_{};
  std::vector<float> window_, features_;
  std::vector<uint8_t> input_;
};

rt::MinuteReadings readings_of(const simulate::Readings& r) {
  return {static_cast<int32_t>(r.seconds / 60), {r.indoor_celsius, r.outdoor_celsius, r.occupancy, r.hvac}};
}

// What the predictive controller shows of itself.
class Watch {
 public:
  Watch(const rt::ControlOptions& options, LoopResult& result) : options_(options), result_(result) {}
  void minute(const rt::MinuteReadings& readings, const rt::ControllerState& state) {
    ++minutes_;
    if (readings.sensors[3] > 0) ++ran_[0];
    if (readings.sensors[3] < 0) ++ran_[1];
    if (state.mode == rt::Mode::predictive) ++predictive_;
    const int32_t to_open = rt::minutes_to_open(options_.schedule, readings.minute);
    if (to_open == 0 || state.preparing == rt::Demand::off) has_started_ = false;
    if (state.preparing != rt::Demand::off && state.demand == state.preparing && !has_started_ && to_open > 0) {
      has_started_ = true;
      result_.leads.push_back(to_open);
    }
    if (!rt::is_forecast_due(options_, readings.minute)) return;
    pending_.push_back({minutes_ - 1, {state.forecast, {ran_[0], ran_[1]}}});
    const Pending then = pending_.front();
    if (then.at + options_.horizon_minutes > minutes_ - 1) return;
    pending_.pop_front();
    const float foreseen = rt::foreseen(options_, then.forecast, ran_);
    for (auto at = static_cast<size_t>(then.at); at < result_.minutes.size(); ++at) {
      if (static_cast<int64_t>(at) == then.at + options_.forecast_every_minutes) break;
      result_.minutes[at].foreseen = foreseen;
    }
    const float error = std::abs(foreseen - readings.sensors[0]);
    if (!rt::is_number(error)) return;
    ++result_.forecasts;
    result_.forecast_mae_k +=
        (static_cast<double>(error) - result_.forecast_mae_k) / static_cast<double>(result_.forecasts);
  }
  void end() {
    result_.predictive_share = static_cast<double>(predictive_) / static_cast<double>(std::max<int64_t>(minutes_, 1));
  }

 private:
  struct Pending {
    int64_t at;  // minutes since the loop began
    rt::PendingForecast forecast;
  };
  const rt::ControlOptions& options_;
  LoopResult& result_;
  std::deque<Pending> pending_;
  bool has_started_ = false;
  int64_t minutes_ = 0, predictive_ = 0;
  int32_t ran_[2] = {};  // minutes that the machine heated and cooled, as its sensor says
};

}  // namespace

const char* name_of(Controller controller) {
  switch (controller) {
    case Controller::deadband:
      return "deadband";
    case Controller::scheduled:
      return "scheduled";
    case Controller::without_forecast:
      return "without_forecast";
    case Controller::predictive:
      return "predictive";
  }
  return "";
}

std::unique_ptr<Forecaster> make_forecaster(compile::Program program, const std::string& data) {
  auto made = std::make_unique<Forecaster>(Forecaster{std::move(program), data::read_feature_table(data), {}, {}});
  made->sensors = sensors_of(made->features, data);
  made->table = compile::bind_features(made->features.view(), made->program, data);
  return made;
}

LoopResult run_loop(Controller controller, const simulate::SimulationOptions& simulation, uint64_t seed, int64_t days,
                    const Options& options, const Forecaster* forecaster, bool keep_minutes) {
  simulate::Simulation floor(simulation, seed);
  LoopResult result;
  result.days = static_cast<double>(days);
  simulate::DeadbandThermostat deadband(simulation.thermostat);
  simulate::ScheduledThermostat scheduled(simulation.thermostat);
  std::unique_ptr<Predictive> predictive;
  if (controller == Controller::predictive || controller == Controller::without_forecast) {
    rt::ControlOptions device = options.device;
    if (controller == Controller::without_forecast) device.drift_limit = -1;
    predictive = std::make_unique<Predictive>(device, *forecaster);
  }
  Watch watch(options.device, result);
  for (int64_t minute = 0; minute < days * rt::kDayMinutes; ++minute) {
    const simulate::Readings& seen = floor.readings();
    const auto at = static_cast<int32_t>(seen.seconds / 60);
    simulate::Demand demand = simulate::Demand::off;
    if (predictive) {
      const rt::MinuteReadings readings = readings_of(seen);
      const rt::Demand wanted = predictive->minute(readings);
      demand = static_cast<simulate::Demand>(wanted);
      const rt::ControllerState& state = predictive->state();
      watch.minute(readings, state);
      if (keep_minutes) result.minutes.push_back({readings, wanted, state.forecast, state.mode});
    } else {
      demand = controller == Controller::deadband ? deadband.decide(seen) : scheduled.decide(seen);
      if (keep_minutes) {
        result.minutes.push_back(
            {readings_of(seen), static_cast<rt::Demand>(demand), rt::kNoForecast, rt::Mode::thermostat});
      }
    }
    floor.step(demand);
    const simulate::Truth& truth = floor.truth();
    if (truth.people == 0) continue;
    result.occupied_hours += 1.0 / 60;
    const double below = options.device.comfort.low - truth.air_celsius;
    const double above = truth.air_celsius - options.device.comfort.high;
    const double discomfort = std::max({0.0, below, above}) / 60;
    result.discomfort_kh += discomfort;
    if (rt::is_open(options.device.schedule, at)) result.scheduled_discomfort_kh += discomfort;
  }
  watch.end();
  result.starts = floor.truth().starts;
  result.kwh = floor.truth().electric_kwh;
  result.peak_kw = floor.truth().peak_kw;
  return result;
}

}  // namespace whit::control
