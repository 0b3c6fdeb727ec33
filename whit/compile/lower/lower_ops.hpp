// One function for each kind of op; lower.cpp calls them in the order of the graph.
// Each reads the node, picks a kernel and emits one or more ops. What it cannot lower it refuses.
#pragma once

#include "whit/compile/lower/lowering.hpp"

namespace whit::compile {

void lower_fully_connected(Lowering& lowering, const ir::Node& node);
void lower_conv2d(Lowering& lowering, const ir::Node& node);
void lower_depthwise_conv2d(Lowering& lowering, const ir::Node& node);
void lower_fully_connected_f32(Lowering& lowering, const ir::Node& node);
void lower_conv2d_f32(Lowering& lowering, const ir::Node& node);
void lower_depthwise_conv2d_f32(Lowering& lowering, const ir::Node& node);
void lower_transpose_conv2d(Lowering& lowering, const ir::Node& node);
void lower_batch_matmul(Lowering& lowering, const ir::Node& node);
void lower_pool(Lowering& lowering, const ir::Node& node);    // average_pool2d, max_pool2d
void lower_binary(Lowering& lowering, const ir::Node& node);  // add ... greater_equal, select, prelu
void lower_unary(Lowering& lowering, const ir::Node& node);   // relu ... round, quantize, dequantize, cast
void lower_unary_s16(Lowering& lowering, const ir::Node& node);
void lower_softmax_s16(Lowering& lowering, const ir::Node& node);
void lower_softmax(Lowering& lowering, const ir::Node& node);        // softmax, log_softmax, l2_normalization
void lower_reduce(Lowering& lowering, const ir::Node& node);         // mean ... arg_min
void lower_data_movement(Lowering& lowering, const ir::Node& node);  // reshape ... resize_bilinear
void lower_variable(Lowering& lowering, const ir::Node& node);       // read_variable, assign_variable
void lower_lstm(Lowering& lowering, const ir::Node& node);
void lower_gru(Lowering& lowering, const ir::Node& node);
void lower_svdf(Lowering& lowering, const ir::Node& node);
void lower_tree_ensemble(Lowering& lowering, const ir::Node& node);

}  // namespace whit::compile
