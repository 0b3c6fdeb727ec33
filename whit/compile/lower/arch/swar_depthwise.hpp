// Lowering of 3x3 depthwise convolutions to whit_runtime/kernels/arch/swar/depthwise3x3_s8_swar.hpp, for cores without
// DSP instructions. Tried by lower_depthwise_conv2d() before the portable kernel.
#pragma once

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

// False, and nothing done, when the layer does not meet the kernel's preconditions.
bool try_depthwise_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);

// Whether the kernel goes down the columns because they are longer than the rows.
bool swar_depthwise_transposed(const rt::ConvGeometry& geometry);

// Pixels by which the kernel's output must start before its input: exactly (PlanOverlap), rows being written as they
// go.
int64_t swar_depthwise_lead_pixels(const rt::ConvGeometry& geometry);

}  // namespace whit::compile
