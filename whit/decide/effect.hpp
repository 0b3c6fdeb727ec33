// What each option would do in a scenario, in physical numbers: when answers come, what crosses the link, what it
// takes. Constraints, factors and cost read these. Formulas with their reasons: docs/guide/decide.md.
#pragma once

#include <array>

#include "whit/decide/scenario.hpp"

namespace whit::decide {

// In the order of preference when all else is equal: the simplest first.
enum class Option { edge, cloud, hybrid };
inline constexpr std::array kOptions = {Option::edge, Option::cloud, Option::hybrid};
const char* name_of(Option option);

template <typename T>
using PerOption = std::array<T, kOptions.size()>;
template <typename T>
const T& of(const PerOption<T>& values, Option option) {
  return values[static_cast<size_t>(option)];
}
template <typename T>
T& of(PerOption<T>& values, Option option) {
  return values[static_cast<size_t>(option)];
}

struct Effect {
  double first_answer_ms = 0;
  double doubt_ms = 0;        // by which the device's latency, an estimate, may be longer
  double last_answer_ms = 0;  // the deeper answer; without one, the answers of a hybrid's cloud
  double asked_share = 0;     // share of the inputs whose answer needs the link
  double missed_share = 0;    // share of the inputs whose answer a link that is down keeps past its deadline

  // A day and device.
  double bytes_up = 0;
  double bytes_down = 0;  // model updates
  double messages = 0;
  double exposed_bytes = 0;  // of the input data themselves, without summaries
  double cloud_usd = 0;      // for inference
  double energy_mj = 0;
  double battery_days = 0;  // 0: mains

  // Of the device; 0 for one that only senses and sends.
  double flash_share = 0;
  double ram_share = 0;
  double busy_share = 0;

  double link_share = 0;  // of the link's throughput, averaged over the day
  double accuracy = 0;
  double learning_years = 0;  // until enough examples have been seen; 0: nothing is learnt
};

inline constexpr double kDaysPerYear = 365;

// `scenario.hybrid` must be given for Option::hybrid.
Effect effect_of(const Scenario& scenario, Option option);

// Of inputs, that may be missed: 1 in 100 for comfort, 1 in 1,000 for a mission, 1 in 10,000 for safety.
double tolerated_misses(Criticality criticality);

// The share of a cloud machine's paid time that computes: the rest is head room for peaks.
inline constexpr double kCloudUtilisation = 0.5;

}  // namespace whit::decide
