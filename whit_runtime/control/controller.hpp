// The predictive thermostat: decides each minute whether a machine heats, cools or rests, from the room's temperature,
// the schedule and forecasts of the temperature one horizon ahead (60 minutes): if it rests, heats or cools until then.
//  - Before it opens: would the room, left alone, be outside of the comfort band? Then the machine starts as late as
//    the room still gets there, at least lead_min and at most lead_max minutes ahead.
//  - While it is in use (open and people are expected, or somebody is there): it holds the comfort band, and does
//    without a start that the outlook shows to be needless, as shortly before closing time.
//  - Else it holds the setback band; in the night before an opening, while the room drifts away from comfort, no wider
//    than a start of lead_max still makes good.
// Without a forecast that can be trusted (a sensor is silent, or past forecasts were wrong) it is a plain thermostat
// that starts lead_max minutes ahead of the opening, and takes from past mornings what a start makes good.
// Arithmetic: +, -, *, / and comparisons of float32 alone, so that every machine takes the same decisions.
#ifndef WHIT_RUNTIME_CONTROL_CONTROLLER_HPP_
#define WHIT_RUNTIME_CONTROL_CONTROLLER_HPP_

#include <stdint.h>

#include "whit_runtime/control/schedule.hpp"
#include "whit_runtime/control/trend.hpp"

namespace whit::rt {

enum class Demand : int32_t { off, heat, cool };
enum class Mode : int32_t { predictive, thermostat, blind };  // blind: no temperature of the room; the machine rests

struct Band {
  float low, high;  // degC
};

struct ControlOptions {
  Band comfort, setback;  // while it is in use, and else
  float swing;            // K: a run ends that far inside the band; 2 swing < high - low
  float margin;           // K: so far outside the comfort band the room may be foreseen without a start
  Schedule schedule;
  int32_t arrive_minutes;                      // so long after the opening people are expected
  int32_t vacant_minutes;                      // so long after somebody was there it is still in use
  int32_t min_on_minutes, min_off_minutes;     // of the machine
  int32_t lead_min_minutes, lead_max_minutes;  // 0 <= min <= max <= horizon
  int32_t horizon_minutes;                     // of the forecast; a multiple of forecast_every_minutes
  int32_t forecast_every_minutes;              // horizon / every <= kMaxPending
  int32_t stale_minutes;                       // so long a value stands for one that is missing
  float drift_limit;                           // K: mean absolute error of past forecasts above which none is trusted
  float start_rate;                            // K a minute that a pre-start gains, until one was measured; > 0
};

constexpr int32_t kMaxPending = 24;
constexpr int32_t kNightMinutes = 12 * 60;  // before an opening

// degC at the horizon if the machine rests, heats or cools all the time until then, by Demand; NaN: none. Of a model
// that is not told what is planned all three are its one forecast.
struct Forecast {
  float at[3];
};
constexpr Forecast kNoForecast = {{kNoNumber, kNoNumber, kNoNumber}};

// Until its time has come.
struct PendingForecast {
  Forecast forecast;
  int32_t ran[2];  // ControllerState::ran when it was made
};

// What the controller knows between two minutes: 32-bit words only.
struct ControllerState {
  Trend trend;                           // of the room's temperature
  Demand demand;                         // the last decision
  int32_t demand_minutes;                // since it changed
  int32_t ran[2];                        // minutes that heating, and cooling, were demanded
  Forecast forecast;                     // the newest
  int32_t forecast_age;                  // minutes since then
  PendingForecast pending[kMaxPending];  // by the minute when they were made
  float drift;                           // running mean of their absolute errors, K
  int32_t scored;                        // forecasts in it
  Demand preparing;                      // a pre-start, until the opening; off: none
  float prepared_from;                   // temperature at its start
  int32_t prepared_minutes;              // since then; -1 when the comfort band was reached
  float rates[2];                        // K a minute that pre-starts gained: heating, cooling
  int32_t unseen_minutes;                // since somebody was there
  Mode mode;                             // of the last decision
};

// After a gap in the readings: nothing that was foreseen can be held against what came.
inline void forget_forecasts(ControllerState& s) {
  s.trend.count = 0;
  s.forecast = kNoForecast;
  for (PendingForecast& pending : s.pending) pending = {kNoForecast, {0, 0}};
  s.ran[0] = s.ran[1] = 0;
}

inline void reset_controller(const ControlOptions& o, ControllerState& s) {
  s = ControllerState{};
  s.demand_minutes = s.unseen_minutes = kDayMinutes;
  forget_forecasts(s);
  s.rates[0] = s.rates[1] = o.start_rate;
}

inline bool is_forecast_due(const ControlOptions& o, int32_t minute) { return minute % o.forecast_every_minutes == 0; }

// What a forecast comes to when the machine heats and cools for these shares of the time: linear in them.
inline float with_duty(const Forecast& f, float heats, float cools) {
  return f.at[0] + heats * (f.at[1] - f.at[0]) + cools * (f.at[2] - f.at[0]);
}

// What a forecast said for what the machine did since. ran: minutes of heating and cooling until its time, as `then`
// counts them.
inline float foreseen(const ControlOptions& o, const PendingForecast& then, const int32_t* ran) {
  const float minutes = static_cast<float>(o.horizon_minutes);
  return with_duty(then.forecast, static_cast<float>(ran[0] - then.ran[0]) / minutes,
                   static_cast<float>(ran[1] - then.ran[1]) / minutes);
}

// When one is due: takes new forecasts and holds those whose time has come, for what the machine did since, against
// `indoor`.
inline void take_forecast(const ControlOptions& o, ControllerState& s, int32_t minute, const Forecast& forecast,
                          float indoor) {
  const int32_t slots = o.horizon_minutes / o.forecast_every_minutes;
  PendingForecast& slot = s.pending[minute / o.forecast_every_minutes % slots];
  const float said = foreseen(o, slot, s.ran), error = said < indoor ? indoor - said : said - indoor;
  if (is_number(error)) {
    if (s.scored < 2 * slots) ++s.scored;
    s.drift += (error - s.drift) / static_cast<float>(s.scored);
  }
  slot = {forecast, {s.ran[0], s.ran[1]}};
  s.forecast = forecast;
  s.forecast_age = 0;
}

// After a gap that was longer than a value may stand: the opening that it prepared may have come and gone.
inline void forget_preparation(ControllerState& s) {
  s.preparing = Demand::off;
  s.prepared_minutes = -1;
}

// An age some minutes later: 0 <= age <= kDayMinutes, the longest that is told apart.
inline int32_t aged(int32_t age, int32_t minutes) { return minutes < kDayMinutes - age ? age + minutes : kDayMinutes; }

// The situation as heating sees it; cooling sees all temperatures negated.
struct Outlook {
  float now, slope;        // degC, K a minute
  float change;            // until the forecast's time if the machine rests, K; NaN: there is no forecast to trust
  float change_minutes;    // until then
  float rate;              // K a minute that running gains over resting
  float comfort, setback;  // lower edges of the bands
  bool in_use;
  int32_t to_open;   // minutes; 0: it is open
  int32_t to_close;  // minutes; 0: it is closed
};

// The lower of what the trend and the forecast say of the temperature `minutes` ahead; a trend upwards is not believed.
inline float left_alone(const Outlook& v, float minutes) {
  const float trend = v.now + (v.slope < 0 ? v.slope : 0.0f) * minutes;
  if (!is_number(v.change)) return trend;
  const float share = v.change_minutes > minutes ? minutes / v.change_minutes : 1.0f;
  const float forecast = v.now + v.change * share;
  return forecast < trend ? forecast : trend;
}

// True from the last moment on at which a pre-start still reaches comfort.
inline bool must_prepare(const ControlOptions& o, const Outlook& v) {
  if (v.to_open == 0 || v.to_open > o.lead_max_minutes) return false;
  if (!is_number(v.change)) return v.now < v.comfort;
  const float missing = v.comfort - left_alone(v, static_cast<float>(v.to_open));
  if (!(missing > 0)) return false;
  const float needed = missing / v.rate, shortest = static_cast<float>(o.lead_min_minutes);
  return static_cast<float>(v.to_open) <= (needed < shortest ? shortest : needed);
}

// Whether the machine, which runs or rests, should run from now on.
inline bool should_run(const ControlOptions& o, const Outlook& v, bool runs, bool prepares) {
  const float edge = v.in_use || prepares ? v.comfort : v.setback;
  if (runs) return v.now < edge + o.swing;
  if (v.now >= edge) return false;
  if (!v.in_use || !is_number(v.change)) return true;
  // A start is needless when the room stays near enough to the band until closing time, or as far as is foreseen.
  const float rest = static_cast<float>(v.to_close);
  const float ahead = v.to_close > 0 && rest < v.change_minutes ? rest : v.change_minutes;
  return left_alone(v, ahead) < edge - o.margin;
}

// What a minute of running can gain, K.
inline float lowest_rate(const ControlOptions& o) { return o.start_rate * 0.125f; }
inline float highest_rate(const ControlOptions& o) { return o.start_rate * 8.0f; }
inline float within(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }

// Follows a pre-start until the room is comfortable or opens, and learns from it what a minute gains.
inline void watch_preparation(const ControlOptions& o, const Outlook& v, ControllerState& s, int32_t passed) {
  if (s.prepared_minutes >= 0) {
    s.prepared_minutes += passed;
    if (v.now >= v.comfort || v.to_open == 0) {
      const float from = s.preparing == Demand::heat ? s.prepared_from : -s.prepared_from;
      const float gained = (v.now - from) / static_cast<float>(s.prepared_minutes);
      float& rate = s.rates[s.preparing == Demand::heat ? 0 : 1];
      if (s.prepared_minutes >= kTrendMinutes) {
        rate += (gained < rate ? 0.6f : 0.1f) * (within(gained, lowest_rate(o), highest_rate(o)) - rate);
      }
      s.prepared_minutes = -1;
    }
  }
  // Further away than a pre-start begins: its opening fell into a gap.
  if (v.to_open == 0 || v.to_open > o.lead_max_minutes) forget_preparation(s);
}

// Comfort is for those who are expected, and for those who are there.
inline bool is_in_use(const ControlOptions& o, const ControllerState& s, int32_t minute) {
  const bool expected = is_open(o.schedule, minute) && minute % kDayMinutes < o.schedule.open_minute + o.arrive_minutes;
  return expected || s.unseen_minutes < o.vacant_minutes;
}

// What a minute of running gains over resting: as foreseen, or without a forecast of it, or one that cannot be, as on
// past mornings.
inline float rate_of(const ControlOptions& o, const ControllerState& s, bool heats) {
  const float gain = heats ? s.forecast.at[1] - s.forecast.at[0] : s.forecast.at[0] - s.forecast.at[2];
  const float rate = gain / static_cast<float>(o.horizon_minutes);
  const bool can_be = rate >= lowest_rate(o) && rate <= highest_rate(o);
  return s.mode == Mode::predictive && can_be ? rate : s.rates[heats ? 0 : 1];
}

// How far from comfort the room may be in the night: what the longest start makes good, beside what the room loses
// meanwhile.
inline float night_edge(const ControlOptions& o, const Outlook& v, bool runs) {
  const bool night = v.to_open > 0 && v.to_open < kNightMinutes && o.lead_max_minutes > 0;
  const float change = is_number(v.change) ? v.change : 0.0f;
  if (!night || (change > 0 && !runs)) return v.setback;  // or it comes back by itself
  const float lead = static_cast<float>(o.lead_max_minutes);
  const float loss = change < 0 ? -change * lead / v.change_minutes : 0.0f;
  return within(v.comfort - v.rate * lead + loss, v.setback, v.comfort);
}

inline Outlook outlook_of(const ControlOptions& o, const ControllerState& s, const Line& line, int32_t minute,
                          bool heats) {
  const float sign = heats ? 1.0f : -1.0f;
  const bool trusted = s.mode == Mode::predictive;
  Outlook v{};
  v.now = sign * line.level;
  v.slope = sign * line.slope;
  v.change = trusted ? sign * (s.forecast.at[0] - line.level) : kNoNumber;
  v.change_minutes = static_cast<float>(o.horizon_minutes - s.forecast_age);
  v.comfort = heats ? o.comfort.low : -o.comfort.high;
  v.setback = heats ? o.setback.low : -o.setback.high;
  v.rate = rate_of(o, s, heats);
  v.in_use = is_in_use(o, s, minute);
  v.to_open = minutes_to_open(o.schedule, minute);
  v.setback = night_edge(o, v, s.demand == (heats ? Demand::heat : Demand::cool));
  v.to_close = v.to_open == 0 ? minutes_to_close(o.schedule, minute) : 0;
  return v;
}

// Decides for one minute. `minute`: local standard time since 1970-01-01, is_clock_set. `indoor`: NaN when it is not
// known any more; `occupied`: somebody is there; `passed` >= 1: minutes since the last call. Call take_forecast first
// when one is due.
inline Demand decide(const ControlOptions& o, ControllerState& s, int32_t minute, float indoor, bool occupied,
                     int32_t passed = 1) {
  if (is_number(indoor)) push(s.trend, indoor);
  s.unseen_minutes = occupied ? 0 : aged(s.unseen_minutes, passed);
  const Line line = line_of(s.trend);
  const bool foresees =
      is_number(with_duty(s.forecast, 1, 1)) && s.forecast_age < o.horizon_minutes && s.drift <= o.drift_limit;
  s.mode = !is_number(indoor) ? Mode::blind : foresees ? Mode::predictive : Mode::thermostat;
  s.demand_minutes = aged(s.demand_minutes, passed);
  Demand wanted = Demand::off;
  for (int32_t i = 0; i < 2; ++i) {
    const Demand direction = i == 0 ? Demand::heat : Demand::cool;
    const Outlook v = outlook_of(o, s, line, minute, i == 0);
    if (s.preparing == direction) watch_preparation(o, v, s, passed);
    if (s.preparing == Demand::off && must_prepare(o, v)) {
      s.preparing = direction;
      s.prepared_from = line.level;
      s.prepared_minutes = 0;
    }
    if (should_run(o, v, s.demand == direction, s.preparing == direction)) wanted = direction;
  }
  if (s.mode == Mode::blind) wanted = Demand::off;
  s.forecast_age = aged(s.forecast_age, 1);  // a gap before the next minute forgets it
  const int32_t least = s.demand == Demand::off ? o.min_off_minutes : o.min_on_minutes;
  if (wanted != s.demand && s.demand_minutes >= least) {
    s.demand = s.demand == Demand::off ? wanted : Demand::off;  // heating and cooling never follow each other at once
    s.demand_minutes = 0;
  }
  if (s.demand != Demand::off) ++s.ran[s.demand == Demand::heat ? 0 : 1];
  return s.demand;
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_CONTROL_CONTROLLER_HPP_
