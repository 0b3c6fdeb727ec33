#include "whit/compile/passes/passes.hpp"
#include "whit/compile/passes/rewrite.hpp"

namespace whit::compile {
namespace {

// Numbers the tensors that something refers to anew and drops the others.
void compact_tensors(ir::Graph& graph) {
  std::vector<ir::TensorId> renamed(graph.tensors.size(), ir::kNoTensor);
  const auto each = [&](auto&& f) {
    for (ir::TensorId& id : graph.inputs) f(id);
    for (ir::Node& node : graph.nodes) {
      for (ir::TensorId& id : node.inputs) f(id);
      for (ir::TensorId& id : node.outputs) f(id);
    }
    for (ir::TensorId& id : graph.outputs) f(id);
  };
  each([&](ir::TensorId& id) {
    if (id != ir::kNoTensor) renamed[static_cast<size_t>(id)] = 0;
  });
  std::vector<ir::Tensor> kept;
  for (size_t i = 0; i < renamed.size(); ++i) {
    if (renamed[i] == ir::kNoTensor) continue;
    renamed[i] = static_cast<ir::TensorId>(kept.size());
    kept.push_back(std::move(graph.tensors[i]));
  }
  each([&](ir::TensorId& id) {
    if (id != ir::kNoTensor) id = renamed[static_cast<size_t>(id)];
  });
  graph.tensors = std::move(kept);
}

}  // namespace

// A node lives when a graph output needs it, directly or not, or when it changes a variable.
void remove_dead_nodes(ir::Graph& graph) {
  std::vector<bool> needed(graph.tensors.size(), false);
  for (const ir::TensorId id : graph.outputs) needed[static_cast<size_t>(id)] = true;
  std::vector<bool> dead(graph.nodes.size(), false);
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    bool alive = node.op == ir::Op::assign_variable;
    for (const ir::TensorId id : node.outputs) alive = alive || needed[static_cast<size_t>(id)];
    dead[n] = !alive;
    if (!alive) continue;
    for (const ir::TensorId id : node.inputs) {
      if (id != ir::kNoTensor) needed[static_cast<size_t>(id)] = true;
    }
  }
  erase_nodes(graph, dead);
  compact_tensors(graph);
}

}  // namespace whit::compile
