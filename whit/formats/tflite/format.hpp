// Words of the format and of the IR for the same things, for reader and writer. Private to this folder.
#pragma once

#include <string>

#include "schema_generated.h"
#include "whit/ir/graph.hpp"

namespace whit::tflite {

// "float32": the name of a type of the file.
std::string name_of_type(TensorType type);
// False when the IR has no such type.
bool to_dtype(TensorType type, ir::DType& dtype);
TensorType to_type(ir::DType dtype);

// Custom ops of whit: a node lstm, gru or tree_ensemble with the operands of ir::LstmInput, ir::GruInput or
// ir::TreeInput, and its attributes by name in a FlexBuffer map.
inline constexpr const char *kLstmOp = "WhitLstm", *kGruOp = "WhitGru", *kTreesOp = "WhitTreeEnsemble";

// The name of op `code`, of a custom op with its own name.
std::string name_of_op(int32_t code, const std::string& custom);

// The op of the IR that an op of the file is, one for one, and back. Both have one.
ir::Op to_op(BuiltinOperator code);
BuiltinOperator to_code(ir::Op op);

}  // namespace whit::tflite
