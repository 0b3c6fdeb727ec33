// From real weights to integers: the scale of each channel, and which way each weight is rounded.
// Used by quantize.hpp. Works on one row of weights at a time: the K weights of one output channel.
//
// With d = quantized - real weights of a row and x a patch of inputs, the output's expected squared error is
// E[(d.x)^2] = d^T E[x x^T] d. AdaRound (Nagel et al., "Up or down? Adaptive rounding for post-training quantization",
// ICML 2020, equation 13) minimizes it over floor or ceiling for each weight. There the discrete problem is relaxed and
// solved by gradient descent; here by coordinate descent on the discrete problem itself, which needs no step size,
// gives the same result every time, and never ends above the error of rounding to nearest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace whit::compress {

struct Grid {
  float scale = 1.0f;
  int32_t limit = 127;  // integers are in [-limit, limit]
};

// The scale with which the largest magnitude becomes `limit`; 0 for a row of zeros.
Grid max_grid(std::span<const float> weights, int32_t limit);

// The scale with the least expected output error among those that cut off more and more of the largest weights.
// `gram` is [K,K], E[x x^T]; empty: every input counts the same.
Grid least_error_grid(std::span<const float> weights, std::span<const float> gram, int32_t limit);

// Nearest integers, halves away from zero, saturated; 0 where the scale is 0.
std::vector<int8_t> round_nearest(std::span<const float> weights, Grid grid);

// Floor or ceiling of each weight, so that the expected output error is least (a local minimum). gram: [K,K].
std::vector<int8_t> round_adaptive(std::span<const float> weights, std::span<const float> gram, Grid grid);

// d^T gram d of quantized - real; with an empty gram the sum of squares.
double output_error(std::span<const float> weights, const std::vector<int8_t>& quantized, Grid grid,
                    std::span<const float> gram);

}  // namespace whit::compress
