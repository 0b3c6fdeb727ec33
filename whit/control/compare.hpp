// The predictive controller against the thermostats, season by season and seed by seed: same building, same weather,
// same people, same noise. `whit simulate control`.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "whit/control/closed_loop.hpp"

namespace whit::control {

// A mean with its 95 % confidence interval, by Student's t over the values; [mean, mean] for one value.
struct Estimate {
  double mean = 0, low = 0, high = 0;
};
Estimate estimate(std::span<const double> values);

// The quantile 0.975 of Student's t with `freedom` >= 1 degrees of freedom, within 0.1 %.
double student_t(int64_t freedom);

struct Plan {
  std::vector<uint64_t> seeds;
  int64_t days = 28;
  std::vector<Season> seasons;
  // Of the first seed, from 0; the last one when there are fewer. When it is closed or nobody comes, the first day that
  // is open and on which somebody comes, if there is one.
  int64_t trace_day = 8;
};

struct SeasonResult {
  Season season;
  std::map<Controller, std::vector<LoopResult>> runs;  // by seed
  std::vector<Minute> trace;                           // a day of the predictive controller
};

// Runs all of it, two loops at once. `progress(done, total)` counts loops.
std::vector<SeasonResult> compare(const Plan& plan, const simulate::SimulationOptions& simulation,
                                  const Options& options, const Forecaster& forecaster,
                                  const std::function<void(int64_t, int64_t)>& progress);

// docs/formats/control.md
nlohmann::ordered_json to_json(const std::vector<SeasonResult>& results, const Plan& plan, const Options& options);

}  // namespace whit::control
