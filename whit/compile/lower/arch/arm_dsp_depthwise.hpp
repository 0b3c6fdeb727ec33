// Lowering of 3x3 depthwise convolutions to the kernels in whit_runtime/kernels/arch/arm_dsp/depthwise3x3_s8.hpp.
// Tried by lower_depthwise_conv2d() when the kernel set is arm_dsp. The plan of tiles is visible for tests.
#pragma once

#include <optional>

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

// False, and nothing done, when the layer does not meet the kernel's preconditions.
bool try_depthwise_arm_dsp(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);

// How a map is cut into tiles. `lead` is exact (PlanOverlap).
struct DepthwiseTiles {
  bool transposed = false;
  int32_t width = 0, height = 0;  // of a tile, in outputs, along the planes' rows and across
  int64_t scratch_bytes = 0;
  int64_t lead_bytes = 0;
  int64_t instructions = 0;  // about, of the whole layer
};

// All ways to cut the map that the kernel can do; none when the geometry is not for it.
std::vector<DepthwiseTiles> depthwise_tilings(const rt::ConvGeometry& geometry);

// One channel as the kernel wants it: weights are scaled by 2^(s+1), s in [1, 7], and so is the bias.
struct DepthwiseScale {
  int32_t bias = 0;
  int32_t multiplier = 0;
  int32_t s = 0;
  bool zero_weights = false;  // the channel is constant: its weights do not count
};

// std::nullopt when no scale gives the reference's output for every accumulator that the channel can have.
std::optional<DepthwiseScale> depthwise_scale(const QuantizedLayer& layer, int32_t channel);

}  // namespace whit::compile
