#include "whit/compile/emit/emit_control.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>

#include "whit/compile/emit/emit_features.hpp"
#include "whit_runtime/control/minute.hpp"

namespace whit::compile {
namespace {

constexpr char kHeader[] = R"(/* Made by whit. Do not edit.
 * Heats and cools a building by the forecasts of the model {name}. Can be called from C. */
#ifndef {upper}_CONTROL_HPP_
#define {upper}_CONTROL_HPP_

#include <stdint.h>

#include "{name}_features.hpp"

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_CONTROL_STATE_WORDS {state_words}

/* All that the controller knows. Save it whenever you like; after a restart hand it to {name}_control_resume. */
typedef struct {name}_control {{
  uint32_t state[{upper}_CONTROL_STATE_WORDS];
  float window[{upper}_WINDOW_ROWS * {upper}_CHANNELS];
}} {name}_control;

/* Goes on from a saved state and returns 1, or returns 0 and begins anew when it is none. All zero is none. */
int {name}_control_resume({name}_control* control);

/* Once a minute. minute: local time since 1970-01-01. NaN: no value. hvac: 1 while the machine runs.
 * Returns 0 to rest, 1 to heat, 2 to cool. The arena must have been given to {name}_init. */
int {name}_control_minute({name}_control* control, void* arena, int32_t minute, float indoor_celsius,
                          float outdoor_celsius, float occupancy, float hvac);

/* The newest forecast [degC]; NaN: none. */
float {name}_control_forecast(const {name}_control* control);

#ifdef __cplusplus
}}
#endif

#endif /* {upper}_CONTROL_HPP_ */
)";

constexpr char kSource[] = R"(// Made by whit. Do not edit.
#include "{name}_control.hpp"

#include "{name}.hpp"
#include "{name}_feature_table.hpp"
#include "whit_runtime/control/minute.hpp"

namespace {{

using {name}_data::kTable;
using whit::rt::ControlState;
static_assert(sizeof(ControlState) == sizeof {name}_control::state);

constexpr int32_t kSensorOf[] = {{{sensors}}};

constexpr whit::rt::ControlOptions kOptions = {{
    {{{comfort_low}, {comfort_high}}}, {{{setback_low}, {setback_high}}},  // comfort, setback
    {swing}, {margin},
    {{{open_minute}, {close_minute}, {days}}}, {arrive_minutes}, {vacant_minutes},
    {min_on_minutes}, {min_off_minutes},
    {lead_min_minutes}, {lead_max_minutes}, {horizon_minutes}, {forecast_every_minutes}, {stale_minutes},
    {drift_limit}, {start_rate}}};

}}  // namespace

extern "C" {{

int {name}_control_resume({name}_control* control) {{
  ControlState* state = reinterpret_cast<ControlState*>(control->state);
  const whit::rt::ControlMemory memory = {{state, control->window, nullptr}};
  if (state->minute != 0 && whit::rt::is_sound(kTable, memory)) return 1;
  whit::rt::reset_control(kOptions, kTable, memory);
  return 0;
}}

int {name}_control_minute({name}_control* control, void* arena, int32_t minute, float indoor_celsius,
                          float outdoor_celsius, float occupancy, float hvac) {{
  float features[whit::rt::feature_count(kTable)];
  const whit::rt::ControlMemory memory = {{reinterpret_cast<ControlState*>(control->state), control->window, features}};
  const whit::rt::MinuteReadings readings = {{minute, {{indoor_celsius, outdoor_celsius, occupancy, hvac}}}};
  const auto model = [arena](const float* window, int64_t seconds, float* scratch) {{
    whit::rt::write_input(kTable, window, seconds, scratch, {name}_input_0(arena));
    {name}_reset(arena);
    {name}_invoke(arena);
    return whit::rt::read_output(kTable, {name}_output_0(arena), window + (kTable.rows - 1) * kTable.channels);
  }};
  const whit::rt::Demand demand = whit::rt::control_minute(kOptions, kTable, kSensorOf, memory, readings, model);
  whit::rt::seal(kTable, memory);
  return static_cast<int>(demand);
}}

float {name}_control_forecast(const {name}_control* control) {{
  return reinterpret_cast<const ControlState*>(control->state)->controller.forecast;
}}

}}  // extern "C"
)";

std::string number(float x) { return fmt::format("{:.9e}f", x); }

}  // namespace

void emit_control(const rt::ControlOptions& o, std::span<const int32_t> sensors, const std::string& name,
                  Firmware& firmware) {
  std::string upper = name;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto fill = [&](const char* text) {
    using fmt::arg;
    return fmt::format(fmt::runtime(text), arg("name", name), arg("upper", upper),
                       arg("state_words", sizeof(rt::ControlState) / sizeof(uint32_t)),
                       arg("sensors", fmt::join(sensors, ", ")), arg("comfort_low", number(o.comfort.low)),
                       arg("comfort_high", number(o.comfort.high)), arg("setback_low", number(o.setback.low)),
                       arg("setback_high", number(o.setback.high)), arg("swing", number(o.swing)),
                       arg("margin", number(o.margin)), arg("open_minute", o.schedule.open_minute),
                       arg("close_minute", o.schedule.close_minute), arg("days", o.schedule.days),
                       arg("arrive_minutes", o.arrive_minutes), arg("vacant_minutes", o.vacant_minutes),
                       arg("min_on_minutes", o.min_on_minutes), arg("min_off_minutes", o.min_off_minutes),
                       arg("lead_min_minutes", o.lead_min_minutes), arg("lead_max_minutes", o.lead_max_minutes),
                       arg("horizon_minutes", o.horizon_minutes),
                       arg("forecast_every_minutes", o.forecast_every_minutes), arg("stale_minutes", o.stale_minutes),
                       arg("drift_limit", number(o.drift_limit)), arg("start_rate", number(o.start_rate)));
  };
  firmware[name + "_control.hpp"] = fill(kHeader);
  firmware[name + "_control.cpp"] = fill(kSource);
  add_source(name + "_control.cpp", name, firmware);
  add_runtime("whit_runtime/control/minute.hpp", firmware);
}

}  // namespace whit::compile
