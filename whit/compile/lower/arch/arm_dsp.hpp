// The lowerings to the arm_dsp kernels (Cortex-M4, M7, M33). Each packs and emits, or returns false and does nothing
// when the layer does not meet its kernel's preconditions; the portable kernel takes it then. Called by lower_conv2d()
// and lower_fully_connected() when the kernel set is arm_dsp.
#pragma once

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

bool try_conv2d_arm_dsp(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);
bool try_fully_connected_arm_dsp(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);

// Whether the layer is 1x1 without stride or padding; and the lead (PlanOverlap) of a convolution kernel that goes
// through the output in order, `block` pixels at a time, and reads their inputs before it writes them. For tests as
// well.
bool arm_dsp_is_pointwise(const rt::ConvGeometry& geometry);
int64_t arm_dsp_conv2d_lead(const rt::ConvGeometry& geometry, int32_t block);

}  // namespace whit::compile
