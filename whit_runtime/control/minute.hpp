// One minute of a predictive thermostat, from the sensors to the decision: fills in what is missing, keeps the window
// of readings, asks the model when a forecast is due, decides. The same code runs in the workshop's simulation and in
// the firmware; only `model` differs.
#ifndef WHIT_RUNTIME_CONTROL_MINUTE_HPP_
#define WHIT_RUNTIME_CONTROL_MINUTE_HPP_

#include "whit_runtime/control/controller.hpp"
#include "whit_runtime/crc32.hpp"
#include "whit_runtime/features/table.hpp"

namespace whit::rt {

// Indoor and outdoor temperature, occupancy (0 or 1), what the machine does (1 heats, -1 cools, 0 rests).
constexpr int32_t kSensors = 4;
// The share of the time until the horizon that a model is asked about: half. Few machines ever run a whole hour, so no
// model has seen it; what more of it does is taken to be in proportion.
constexpr float kAskedShare = 0.5f;

// What a building tells in one minute. NaN: missing.
struct MinuteReadings {
  int32_t minute;  // local standard time since 1970-01-01, from a clock that is set
  float sensors[kSensors];
};

// Everything that must outlive a restart besides the window. 32-bit words only.
struct ControlState {
  uint32_t crc;            // of the firmware, the words behind it and the window; set by seal, tested by is_sound
  int32_t minute;          // of the last readings; 0: none yet
  float held[kSensors];    // the last good values
  int32_t ages[kSensors];  // minutes since then
  int32_t filled;          // rows of the window
  ControllerState controller;
};

// What a controller works on; the caller owns it all.
struct ControlMemory {
  ControlState* state;
  float* window;    // [table.rows, table.channels]
  float* features;  // scratch: [feature_count(table)]
};

// `firmware`: a number that another model, table or option changes, here and below: what one firmware has saved means
// something else to the next.
inline uint32_t control_crc(const FeatureTable& table, const ControlMemory& m, uint32_t firmware) {
  const uint32_t crc = crc32(reinterpret_cast<const uint8_t*>(m.state) + sizeof m.state->crc,
                             sizeof(ControlState) - sizeof m.state->crc, firmware);
  return crc32(reinterpret_cast<const uint8_t*>(m.window),
               static_cast<size_t>(table.rows * table.channels) * sizeof(float), crc);
}

inline void seal(const FeatureTable& table, const ControlMemory& m, uint32_t firmware) {
  m.state->crc = control_crc(table, m, firmware);
}

// True when state and window are as this firmware sealed them: after a restart, go on from them; else reset.
inline bool is_sound(const FeatureTable& table, const ControlMemory& m, uint32_t firmware) {
  return m.state->crc == control_crc(table, m, firmware);
}

inline void reset_control(const ControlOptions& o, const FeatureTable& table, const ControlMemory& m) {
  *m.state = ControlState{};
  for (int32_t i = 0; i < kSensors; ++i) m.state->ages[i] = kDayMinutes;
  for (int32_t i = 0; i < table.rows * table.channels; ++i) m.window[i] = 0;
  reset_controller(o, m.state->controller);
}

// The clock is not set: rests, and begins anew. What the machine needs to rest counts on.
inline Demand rest_without_clock(const ControlOptions& o, const FeatureTable& table, const ControlMemory& m) {
  const ControllerState& before = m.state->controller;
  const int32_t rested = before.demand == Demand::off ? aged(before.demand_minutes, 1) : 0;
  reset_control(o, table, m);
  m.state->controller.demand_minutes = rested;
  return Demand::off;
}

// model(window, seconds, planned, features): writes the input (write_input), runs, and returns read_output.
template <typename Model>
inline Forecast ask(const FeatureTable& table, const ControlMemory& m, int64_t seconds, Model&& model) {
  const float rests = model(m.window, seconds, 0.0f, m.features);
  if (!has_plan(table)) return {{rests, rests, rests}};
  const float heats = model(m.window, seconds, kAskedShare, m.features);
  const float cools = model(m.window, seconds, -kAskedShare, m.features);
  return {{rests, rests + (heats - rests) / kAskedShare, rests + (cools - rests) / kAskedShare}};
}

// `sensors`: [table.channels], which sensor each channel of the window is. model: as ask takes it.
template <typename Model>
inline Demand control_minute(const ControlOptions& o, const FeatureTable& table, const int32_t* sensors,
                             const ControlMemory& m, const MinuteReadings& readings, Model&& model) {
  if (!is_clock_set(readings.minute)) return rest_without_clock(o, table, m);
  ControlState& s = *m.state;
  const int32_t passed = s.minute == 0 ? 0 : readings.minute - s.minute;
  const bool goes_on = passed > 0 && passed <= o.stale_minutes;
  if (!goes_on) {
    s.filled = 0;
    forget_preparation(s.controller);
  }
  if (passed != 1) forget_forecasts(s.controller);
  s.minute = readings.minute;
  bool fresh = true;
  float row[kSensors];
  for (int32_t i = 0; i < kSensors; ++i) {
    s.ages[i] = goes_on ? aged(s.ages[i], passed) : kDayMinutes;
    if (is_number(readings.sensors[i])) {
      s.held[i] = readings.sensors[i];
      s.ages[i] = 0;
    }
  }
  for (int32_t i = 0; i < table.channels; ++i) {
    row[i] = s.held[sensors[i]];
    fresh = fresh && s.ages[sensors[i]] <= o.stale_minutes;
  }
  if (!fresh) s.filled = 0;
  for (int32_t i = 0; fresh && i < (goes_on ? passed : 1); ++i) {
    push_row(m.window, table.rows, table.channels, row, &s.filled);
  }
  const float indoor = s.ages[0] <= o.stale_minutes ? s.held[0] : kNoNumber;
  if (is_forecast_due(o, readings.minute)) {
    const bool full = s.filled == table.rows;
    // 1970-01-01 was a Thursday.
    const int64_t since_monday = static_cast<int64_t>(readings.minute + 3 * kDayMinutes) * 60;
    take_forecast(o, s.controller, readings.minute, full ? ask(table, m, since_monday, model) : kNoForecast, indoor);
  }
  const bool occupied = s.held[2] > 0.5f && s.ages[2] <= o.stale_minutes;
  // The first readings, a clock that stood still or was set back: a minute at least.
  return decide(o, s.controller, readings.minute, indoor, occupied, passed > 0 ? passed : 1);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_CONTROL_MINUTE_HPP_
