// Lowering of resize_nearest and resize_bilinear: the tables of positions and weights.
// Part of lower_data_movement.
#pragma once

#include "whit/compile/lower/lowering.hpp"

namespace whit::compile {

void lower_resize(Lowering& lowering, const ir::Node& node);

}  // namespace whit::compile
