// Where resize_nearest and resize_bilinear read: the positions along one dimension, in float32 arithmetic.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::ir {

// The position in [0, in) that each of `out` outputs takes. Source: TFLite reference_ops GetNearestNeighbor.
std::vector<int32_t> nearest_positions(int32_t in, int32_t out, const ResizeAttributes& attributes);

// The two positions between which an output lies: x[lower] * (1 - fraction) + x[upper] * fraction.
// Source: TFLite reference_ops ComputeInterpolationValues.
struct BilinearPosition {
  int32_t lower, upper;
  float fraction;
};
std::vector<BilinearPosition> bilinear_positions(int32_t in, int32_t out, const ResizeAttributes& attributes);

}  // namespace whit::ir
