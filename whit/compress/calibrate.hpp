// Calibration: runs the float model on representative data and notes what every activation's values are like.
// Input of quantize.hpp. Does not choose ranges or integers, and does not judge the data (guard_rails.hpp does).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "whit/compress/observer.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

// Second moments of what a layer multiplies its weights with. A patch is the K inputs of one output element, in the
// order of a weight row ([KH,KW,I], [I], and [KH,KW] for each channel of a depthwise layer), zero where padded. Of a
// recurrent layer: input and hidden state of a step, I + H.
struct PatchMoments {
  size_t k = 0;
  size_t groups = 0;         // 1; channels for a depthwise layer
  int64_t count = 0;         // patches seen
  std::vector<double> mean;  // [groups, k]
  std::vector<float> gram;   // [groups, k, k]: mean of x x^T
};

struct Calibration {
  // By TensorId; fed for f32 activations only. The last state of a recurrent layer's cell (of a gru: hidden state) is
  // fed the states of all steps; min_max alone is sound for it.
  std::vector<RangeObserver> tensors;
  // By node; filled for conv2d, depthwise_conv2d, fully_connected, lstm and gru when asked for.
  std::vector<PatchMoments> layers;
  int64_t samples = 0;
};

// `samples` is [N, input elements] of plain numbers. `moments`: also collect PatchMoments (slower).
// `progress`, when given, is called with (done, total) sample runs.
using Progress = std::function<void(int64_t done, int64_t total)>;
Calibration calibrate(const ir::Graph& graph, std::span<const float> samples, bool moments,
                      const Progress& progress = nullptr);

}  // namespace whit::compress
