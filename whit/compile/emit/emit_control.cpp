#include "whit/compile/emit/emit_control.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "whit/compile/emit/emit_features.hpp"
#include "whit/compile/emit/text.hpp"
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

#define {upper}_CONTROL_STATE_BYTES {state_bytes}

/* All that the controller knows. Save it whenever you like; after a restart hand it to {name}_control_resume. */
typedef struct {name}_control {{
  float window[{upper}_WINDOW_ROWS * {upper}_CHANNELS];
  unsigned char state[{upper}_CONTROL_STATE_BYTES]; /* aligned, behind floats */
}} {name}_control;

/* Goes on from a saved state and returns 1, or returns 0 and begins anew when it is none: all zero, damaged, or saved by
 * a firmware of another model, table or options. Call it once before the first minute. */
int {name}_control_resume({name}_control* control);

/* Once a minute. minute: local standard time since 1970-01-01; -1 while the clock is not set: it rests, and begins anew.
 * NaN: no value. hvac: 1 while the machine heats, -1 while it cools, else 0.
 * Returns 0 to rest, 1 to heat, 2 to cool. The arena must have been given to {name}_init. */
int {name}_control_minute({name}_control* control, void* arena, int32_t minute, float indoor_celsius,
                          float outdoor_celsius, float occupancy, float hvac);

/* The newest forecast [degC] if the machine rests (0), heats (1) or cools (2) until then; NaN: none. */
float {name}_control_forecast(const {name}_control* control, int demand);

#ifdef __cplusplus
}}
#endif

#endif /* {upper}_CONTROL_HPP_ */
)";

constexpr char kSource[] = R"(// Made by whit. Do not edit.
#include "{name}_control.hpp"

#include <stddef.h>

#include "{name}.hpp"
#include "{name}_feature_table.hpp"
#include "whit_runtime/control/minute.hpp"

namespace {{

using {name}_data::kTable;
using whit::rt::ControlState;
static_assert(sizeof(ControlState) == sizeof {name}_control::state);
static_assert(offsetof({name}_control, state) % alignof(ControlState) == 0);

// Of the model, the table and the options: the state of another firmware is not sound.
constexpr uint32_t kFirmware = {firmware}u;

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
  if (state->minute != 0 && whit::rt::is_sound(kTable, memory, kFirmware)) return 1;
  whit::rt::reset_control(kOptions, kTable, memory);
  return 0;
}}

int {name}_control_minute({name}_control* control, void* arena, int32_t minute, float indoor_celsius,
                          float outdoor_celsius, float occupancy, float hvac) {{
  float features[whit::rt::feature_count(kTable)];
  const whit::rt::ControlMemory memory = {{reinterpret_cast<ControlState*>(control->state), control->window, features}};
  const whit::rt::MinuteReadings readings = {{minute, {{indoor_celsius, outdoor_celsius, occupancy, hvac}}}};
  const auto model = [arena](const float* window, int64_t seconds, float planned, float* scratch) {{
    whit::rt::write_input(kTable, window, seconds, planned, scratch, {name}_input_0(arena));
    {name}_reset(arena);
    {name}_invoke(arena);
    return whit::rt::read_output(kTable, {name}_output_0(arena), window + (kTable.rows - 1) * kTable.channels);
  }};
  const whit::rt::Demand demand = whit::rt::control_minute(kOptions, kTable, kSensorOf, memory, readings, model);
  whit::rt::seal(kTable, memory, kFirmware);
  return static_cast<int>(demand);
}}

float {name}_control_forecast(const {name}_control* control, int demand) {{
  if (demand < 0 || demand > 2) return whit::rt::kNoNumber;
  return reinterpret_cast<const ControlState*>(control->state)->controller.forecast.at[demand];
}}

}}  // extern "C"
)";

// What a saved state means lies in the model, the table, the options and the code: in all files.
uint32_t number_of(const Firmware& firmware) {
  uint32_t crc = 0;
  for (const auto& [path, content] : firmware) {
    for (const std::string_view text : {std::string_view(path), std::string_view(content)}) {
      crc = rt::crc32(reinterpret_cast<const uint8_t*>(text.data()), text.size(), crc);
    }
  }
  return crc;
}

}  // namespace

void emit_control(const rt::ControlOptions& o, std::span<const int32_t> sensors, const std::string& name,
                  Firmware& firmware) {
  const auto fill = [&](const char* text, uint32_t firmware_number) {
    using fmt::arg;
    return fmt::format(
        fmt::runtime(text), arg("name", name), arg("upper", upper(name)), arg("state_bytes", sizeof(rt::ControlState)),
        arg("firmware", firmware_number), arg("sensors", fmt::join(sensors, ", ")),
        arg("comfort_low", float_literal(o.comfort.low)), arg("comfort_high", float_literal(o.comfort.high)),
        arg("setback_low", float_literal(o.setback.low)), arg("setback_high", float_literal(o.setback.high)),
        arg("swing", float_literal(o.swing)), arg("margin", float_literal(o.margin)),
        arg("open_minute", o.schedule.open_minute), arg("close_minute", o.schedule.close_minute),
        arg("days", o.schedule.days), arg("arrive_minutes", o.arrive_minutes), arg("vacant_minutes", o.vacant_minutes),
        arg("min_on_minutes", o.min_on_minutes), arg("min_off_minutes", o.min_off_minutes),
        arg("lead_min_minutes", o.lead_min_minutes), arg("lead_max_minutes", o.lead_max_minutes),
        arg("horizon_minutes", o.horizon_minutes), arg("forecast_every_minutes", o.forecast_every_minutes),
        arg("stale_minutes", o.stale_minutes), arg("drift_limit", float_literal(o.drift_limit)),
        arg("start_rate", float_literal(o.start_rate)));
  };
  firmware[name + "_control.hpp"] = fill(kHeader, 0);
  firmware[name + "_control.cpp"] = fill(kSource, 0);
  add_source(name + "_control.cpp", name, firmware);
  add_runtime("whit_runtime/control/minute.hpp", firmware);
  firmware[name + "_control.cpp"] = fill(kSource, number_of(firmware));
}

}  // namespace whit::compile
