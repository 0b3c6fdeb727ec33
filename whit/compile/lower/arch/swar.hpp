// Lowering of int8 convolutions and fully connected layers to the kernels in whit_runtime/kernels/arch/swar, for cores
// without DSP instructions. Tried by lower_conv2d() and lower_fully_connected() before the portable kernels.
// Both return false, and have done nothing, when the layer does not meet the kernel's preconditions.
#pragma once

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

// True for the cores without DSP instructions.
inline bool is_swar(KernelSet kernels) {
  return kernels == KernelSet::arm_v7m || kernels == KernelSet::arm_v6m || kernels == KernelSet::rv32;
}

bool try_conv2d_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);
// Called by try_conv2d_swar(): 3x3 with stride 1 on cores with registers enough.
bool try_winograd_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);
bool try_fully_connected_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);

}  // namespace whit::compile
