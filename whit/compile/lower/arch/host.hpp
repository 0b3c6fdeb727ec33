// The lowerings to the kernels for PCs. Each packs and emits, or returns false and does nothing when the layer does not
// meet its kernel's preconditions; the portable kernel takes it then. Called by lower_conv2d() and its kin when the
// kernel set is host.
#pragma once

#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {

bool try_conv2d_host(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);
bool try_depthwise_conv2d_host(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);
bool try_fully_connected_host(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer);

}  // namespace whit::compile
