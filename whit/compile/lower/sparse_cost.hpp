// What int8 fully connected layers cost in instructions, by kernel: a line fitted to measurements, on which the choice
// between dense and sparse rests. bench/sparse_costs measures, fits and prints the factors.
#pragma once

#include <array>
#include <cstdint>

#include "whit/compile/lower/lowering.hpp"

namespace whit::compile {

// What the instructions of a layer grow with.
struct LayerCounts {
  double rows = 1;  // of inputs
  double channels = 0, depth = 0;
  double nonzeros = 0;  // fully_connected_s8_bitmap
  double blocks = 0;    // fully_connected_s8_1x4
};

// Instructions are passes * (factors . terms).
inline constexpr size_t kCostTerms = 3;
using CostVector = std::array<double, kCostTerms>;

double cost_passes(rt::KernelId kernel, const LayerCounts& counts);
CostVector cost_terms(rt::KernelId kernel, const LayerCounts& counts);
CostVector cost_factors(rt::KernelId kernel, KernelSet kernels);

double layer_instructions(rt::KernelId kernel, KernelSet kernels, const LayerCounts& counts);

}  // namespace whit::compile
