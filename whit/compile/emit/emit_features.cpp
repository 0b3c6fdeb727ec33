#include "whit/compile/emit/emit_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "whit/base/error.hpp"
#include "whit/compile/emit/text.hpp"

namespace whit::compile {
namespace {

constexpr char kHeader[] = R"(/* Made by whit. Do not edit.
 * From readings to the input of the model {name}, and from its output to a number. Can be called from C. */
#ifndef {upper}_FEATURES_HPP_
#define {upper}_FEATURES_HPP_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_WINDOW_ROWS {rows}
#define {upper}_CHANNELS {channels}

/* The newest readings, the newest row last. All zero: empty. */
typedef struct {name}_window {{
  float rows[{upper}_WINDOW_ROWS * {upper}_CHANNELS];
  int32_t filled; /* rows that are there; the model can be asked when it is {upper}_WINDOW_ROWS */
}} {name}_window;

/* Takes one reading: row[{upper}_CHANNELS]. */
void {name}_window_push({name}_window* window, const float* row);

/* Writes input 0 of the arena. seconds: local time of the newest row since any Monday 0:00{planned_comment}. Then
 * {name}_invoke. */
void {name}_window_to_input(const {name}_window* window, int64_t seconds{planned_parameter}, void* arena);

/* What output 0 means after {name}_invoke{meaning}. */
float {name}_window_result(const {name}_window* window, const void* arena);

#ifdef __cplusplus
}}
#endif

#endif /* {upper}_FEATURES_HPP_ */
)";

constexpr char kSource[] = R"(// Made by whit. Do not edit.
#include "{name}_features.hpp"

#include "{name}.hpp"
#include "{name}_feature_table.hpp"

using {name}_data::kTable;

extern "C" {{

void {name}_window_push({name}_window* window, const float* row) {{
  whit::rt::push_row(window->rows, kTable.rows, kTable.channels, row, &window->filled);
}}

void {name}_window_to_input(const {name}_window* window, int64_t seconds{planned_parameter}, void* arena) {{
  float features[{count}];
  whit::rt::write_input(kTable, window->rows, seconds, {planned}, features, {name}_input_0(arena));
}}

float {name}_window_result(const {name}_window* window, const void* arena) {{
  return whit::rt::read_output(kTable, {name}_output_0(arena),
                               window->rows + (kTable.rows - 1) * kTable.channels);
}}

}}  // extern "C"
)";

constexpr char kTable[] = R"(// Made by whit. Do not edit. The figures of the features of {name}, as data.json has them.
#ifndef {upper}_FEATURE_TABLE_HPP_
#define {upper}_FEATURE_TABLE_HPP_

#include "whit_runtime/features/table.hpp"

namespace {name}_data {{

{arrays}
constexpr whit::rt::FeatureTable kTable = {{
    whit::rt::FeatureKind::{kind},
    {channels}, {rows},  // channels, rows
    {lags}, {lag_count}, {steps}, {every}, {step_s},  // lags: steps, rows apart, seconds of a row
    {statistics}, {statistic_count},
    {offset}, {scale}, {period},  // normalisation
    {input_scale}, {input_zero_point}, {output_scale}, {output_zero_point}, {change_of}}};

}}  // namespace {name}_data

#endif  // {upper}_FEATURE_TABLE_HPP_
)";

std::string floats(const char* name, const float* values, int32_t count) {
  std::string text = fmt::format("constexpr float {}[] = {{\n", name);
  for (int32_t i = 0; i < count; ++i) text += fmt::format("    {},\n", float_literal(values[i]));
  return text + "};\n";
}

std::string arrays_of(const rt::FeatureTable& t) {
  std::string text;
  if (t.lag_count > 0) {
    text += "constexpr whit::rt::LagFeature kLags[] = {  // kind, channel, rows back\n";
    for (const rt::LagFeature& f : std::span(t.lags, static_cast<size_t>(t.lag_count))) {
      text += fmt::format("    {{static_cast<whit::rt::LagKind>({}), {}, {}}},\n", static_cast<int32_t>(f.kind),
                          f.channel, f.lag);
    }
    text += "};\n";
  }
  if (t.statistic_count > 0) {
    text += "constexpr whit::rt::Statistic kStatistics[] = {";
    for (const rt::Statistic s : std::span(t.statistics, static_cast<size_t>(t.statistic_count))) {
      text += fmt::format("static_cast<whit::rt::Statistic>({}), ", static_cast<int32_t>(s));
    }
    text += "};\n";
  }
  if (t.offset != nullptr) text += floats("kOffset", t.offset, t.period) + floats("kScale", t.scale, t.period);
  return text;
}

const char* name_of(rt::FeatureKind kind) {
  static constexpr const char* kNames[] = {"window", "lags", "statistics", "motion"};
  return kNames[static_cast<size_t>(kind)];
}

// The scale and zero point of an edge.
std::pair<float, int32_t> edge_of(const ProgramTensor& tensor, const std::string& where) {
  const auto type = static_cast<rt::ElementType>(tensor.info.type);
  if (type == rt::ElementType::f32) return {0.0f, 0};
  if (type == rt::ElementType::i8 && tensor.scale > 0) return {tensor.scale, tensor.info.zero_point};
  throw Error(ErrorCode::unsupported,
              fmt::format("features for a model whose '{}' is {}", tensor.name, element_c_name(type)), where,
              "a model with int8 or float32 input and output");
}

}  // namespace

void add_source(const std::string& source, const std::string& name, Firmware& firmware) {
  std::string& makefile = firmware.at("Makefile");
  const std::string model = " " + name + ".cpp ";
  for (size_t at = makefile.find(model); at != std::string::npos; at = makefile.find(model, at + model.size())) {
    makefile.insert(at + model.size(), source + " ");
  }
}

rt::FeatureTable bind_features(rt::FeatureTable table, const Program& program, const std::string& where) {
  if (program.inputs().size() != 1 || program.outputs().empty()) {
    throw Error(ErrorCode::unsupported, "features for a model with more than one input", where);
  }
  const ProgramTensor& input = program.inputs()[0];
  std::tie(table.input_scale, table.input_zero_point) = edge_of(input, where);
  std::tie(table.output_scale, table.output_zero_point) = edge_of(program.outputs()[0], where);
  const int64_t takes = input.info.bytes / element_bytes(static_cast<rt::ElementType>(input.info.type));
  if (takes != rt::feature_count(table)) {
    throw Error(ErrorCode::bad_input,
                fmt::format("the model takes {} numbers, the data has {} features", takes, rt::feature_count(table)),
                where, "the data.json of the recipe that trained this model");
  }
  return table;
}

void emit_features(const rt::FeatureTable& t, const std::string& name, Firmware& firmware) {
  const bool plans = rt::has_plan(t);
  const auto pointer = [](bool there, const char* array) { return there ? array : "nullptr"; };
  const auto fill = [&](const char* text) {
    using fmt::arg;
    return fmt::format(
        fmt::runtime(text), arg("name", name), arg("upper", upper(name)), arg("rows", t.rows),
        arg("channels", t.channels), arg("count", rt::feature_count(t)), arg("planned", plans ? "planned" : "0"),
        arg("planned_parameter", plans ? ", float planned" : ""),
        arg("planned_comment",
            plans ? "; planned:\n * mean of the channel that the recipe plans until the forecast's time" : ""),
        arg("meaning", t.change_of < 0 ? "" : fmt::format(": channel {} of the future", t.change_of)),
        arg("arrays", arrays_of(t)), arg("kind", name_of(t.kind)), arg("lags", pointer(t.lag_count > 0, "kLags")),
        arg("lag_count", t.lag_count), arg("steps", t.steps), arg("every", t.every), arg("step_s", t.step_s),
        arg("statistics", pointer(t.statistic_count > 0, "kStatistics")), arg("statistic_count", t.statistic_count),
        arg("offset", pointer(t.offset != nullptr, "kOffset")), arg("scale", pointer(t.offset != nullptr, "kScale")),
        arg("period", t.period), arg("input_scale", float_literal(t.input_scale)),
        arg("input_zero_point", t.input_zero_point), arg("output_scale", float_literal(t.output_scale)),
        arg("output_zero_point", t.output_zero_point), arg("change_of", t.change_of));
  };
  firmware[name + "_features.hpp"] = fill(kHeader);
  firmware[name + "_features.cpp"] = fill(kSource);
  firmware[name + "_feature_table.hpp"] = fill(kTable);
  add_source(name + "_features.cpp", name, firmware);
  add_runtime("whit_runtime/features/table.hpp", firmware);
}

}  // namespace whit::compile
