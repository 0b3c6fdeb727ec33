#include "whit/compile/lower/elementwise.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/lower/state.hpp"
#include "whit_runtime/kernels/copy_bytes.hpp"

namespace whit::compile {

// Both directions are copies, because a variable's state must outlive the tensors that are read from it and written to
// it; nothing is to be done when a recurrent layer works on the variable itself.
void lower_variable(Lowering& lowering, const ir::Node& node) {
  const int32_t variable = ir::attributes<ir::VariableAttributes>(node).variable;
  if (is_updated_in_place(lowering.graph(), variable)) return;
  const bool reads = node.op == ir::Op::read_variable;
  const ir::TensorId tensor = reads ? node.outputs[0] : node.inputs[0];
  rt::CopyBytes p{};
  p.input = reads ? lowering.variable(variable) : lowering.tensor(tensor);
  p.output = reads ? lowering.tensor(tensor) : lowering.variable(variable);
  p.count = static_cast<int32_t>(ir::bytes_of(lowering.tensor_of(tensor)));
  lowering.emit(rt::KernelId::copy_bytes, p);
}

}  // namespace whit::compile
