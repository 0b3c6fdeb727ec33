#include "whit/compile/lower/sparse_cost.hpp"

#include <cmath>

namespace whit::compile {

double cost_passes(rt::KernelId kernel, const LayerCounts& counts) {
  // A convolution takes three pixels at a time, and no less for one.
  return kernel == rt::KernelId::pointwise_s8_dsp ? std::ceil(counts.rows / 3) : counts.rows;
}

CostVector cost_terms(rt::KernelId kernel, const LayerCounts& counts) {
  const double weights = counts.channels * counts.depth;
  switch (kernel) {
    case rt::KernelId::fully_connected_s8_bitmap:
      return {counts.channels, weights, counts.nonzeros};
    case rt::KernelId::fully_connected_s8_4of16: {
      const double groups = std::ceil(counts.depth / 16);
      return {counts.channels, groups, groups * counts.channels};
    }
    case rt::KernelId::fully_connected_s8_1x4:
      return {counts.channels, counts.depth, counts.blocks};
    default:
      return {counts.channels, weights, 0};  // corrections of fully_connected_s8_swar are few
  }
}

// Printed by bench/sparse_costs; gcc 12.2, -O2.
CostVector cost_factors(rt::KernelId kernel, KernelSet kernels) {
  using Table = std::array<CostVector, 4>;  // Cortex-M4, M3, M0+, RV32IMC
  const size_t core = kernels == KernelSet::arm_dsp   ? 0
                      : kernels == KernelSet::arm_v7m ? 1
                      : kernels == KernelSet::arm_v6m ? 2
                                                      : 3;
  switch (kernel) {
    case rt::KernelId::fully_connected_s8_bitmap:
      return Table{{{32.8, 0.2, 6.93}, {33.6, 0.19, 6.94}, {62.7, 2.55, 7.84}, {9.6, 2.22, 5.86}}}[core];
    case rt::KernelId::fully_connected_s8_4of16:
      return Table{{{27.2, 189, 9.48}, {27.7, 42, 22.35}, {59.3, 67, 31.78}, {25.6, 45, 29.34}}}[core];
    case rt::KernelId::fully_connected_s8_1x4:
      return Table{{{38.5, 2.45, 8.09}, {38.7, 0.42, 17.82}, {78.3, 0.7, 30.71}, {39.7, 0.55, 22.78}}}[core];
    case rt::KernelId::fully_connected_s8_dsp:
      return {6.7, 0.96, 0};
    case rt::KernelId::pointwise_s8_dsp:
      return {28.6, 2.24, 0};
    case rt::KernelId::fully_connected_s8_swar:
      return Table{{{}, {47.7, 1.57, 0}, {90.4, 1.98, 0}, {46.6, 1.88, 0}}}[core];
    default:  // fully_connected_s8
      return Table{{{40.1, 5, 0}, {40.1, 5, 0}, {102.1, 7.01, 0}, {40.1, 7, 0}}}[core];
  }
}

double layer_instructions(rt::KernelId kernel, KernelSet kernels, const LayerCounts& counts) {
  const CostVector terms = cost_terms(kernel, counts), factors = cost_factors(kernel, kernels);
  double sum = 0;
  for (size_t i = 0; i < kCostTerms; ++i) sum += terms[i] * factors[i];
  return cost_passes(kernel, counts) * sum;
}

}  // namespace whit::compile
