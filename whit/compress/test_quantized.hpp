// What tests of quantization share: samples, tensors by name, how far a model is from another.
#pragma once

#include <fmt/format.h>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "whit/compress/evaluate.hpp"
#include "whit/compress/model_runner.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

inline std::vector<float> samples(int64_t count, int64_t elements) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(count * elements));
  for (float& value : values) value = uniform(random);
  return values;
}

inline const ir::Tensor& named(const ir::Graph& graph, const std::string& name) {
  for (const ir::Tensor& tensor : graph.tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::out_of_range(name);
}

// Of the first output.
inline double sqnr_db(const ir::Graph& a, const ir::Graph& b, const std::vector<float>& data) {
  std::vector<float> first;
  ModelRunner(a).run(
      data, [&](int64_t, const auto& outputs) { first.insert(first.end(), outputs[0].begin(), outputs[0].end()); });
  DifferenceMeter meter;
  ModelRunner(b).run(data, [&](int64_t i, const auto& outputs) {
    meter.add(std::span(first).subspan(static_cast<size_t>(i) * outputs[0].size(), outputs[0].size()), outputs[0]);
  });
  return meter.result().sqnr_db;
}

// A random constant in the text form of graphs.
inline std::string constant_text(int id, const std::string& name, const ir::Shape& shape) {
  std::mt19937 random(static_cast<uint32_t>(id));
  std::uniform_real_distribution<float> uniform(-0.9f, 0.9f);
  std::string text = fmt::format("const %{} \"{}\": f32 {} = {{", id, name, ir::to_string(shape));
  for (int64_t i = 0; i < ir::elements(shape); ++i) text += fmt::format("{} ", uniform(random));
  return text + "}\n";
}

// Twelve steps of three features, an lstm or gru of four units, and a readout of its last hidden state. `before`
// defines the first states %30 and %31, when there are any; `after` comes behind the layer, whose last states are %41
// and %42.
inline std::string recurrent_net(bool lstm, const std::string& attributes = "", const std::string& before = "",
                                 const std::string& after = "", const std::string& variables = "") {
  const int gates = lstm ? 4 : 3;
  std::string constants, operands = "%0";
  int id = 1;
  const auto add = [&](const std::string& name, const ir::Shape& shape) {
    constants += constant_text(id, name, shape);
    operands += fmt::format(", %{}", id++);
  };
  for (int g = 0; g < 2 * gates; ++g) add(fmt::format("w{}", g), {4, g < gates ? 3 : 4});
  for (int g = 0; g < (lstm ? 4 : 6); ++g) add(fmt::format("b{}", g), {4});
  if (lstm) operands += ", -, -, -";
  const std::string first = before.empty() ? "-" : "%30", second = before.empty() ? "-" : "%31";
  operands += ", " + first + (lstm ? ", " + second : "");
  return "graph \"rnn\"\n" + variables + "input %0 \"x\": f32 [1,12,3]\n" + before + constants +
         constant_text(29, "readout", {1, 4}) + "%40 \"sequence\": f32 [1,12,4], %41 \"last\": f32 [1,4]" +
         (lstm ? ", %42 \"cell\": f32 [1,4] = lstm(" : " = gru(") + operands + ")" + attributes + "\n" + after +
         "%43 \"y\": f32 [1,1] = fully_connected(%41, %29, -)\noutput %43\n";
}

}  // namespace whit::compress
