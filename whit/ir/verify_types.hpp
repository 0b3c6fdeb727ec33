// What the rules on types share. Private to the verifier.
#pragma once

#include <fmt/format.h>

#include <string>

#include "whit/base/error.hpp"
#include "whit/ir/verify.hpp"

namespace whit::ir {

[[noreturn]] inline void bad(const std::string& what, const std::string& where) {
  throw Error(ErrorCode::bad_input, what, where);
}

inline bool is_quantized_type(DType type) { return type == DType::i8 || type == DType::u8 || type == DType::i16; }

// The node in hand, for the rules on types.
struct Types {
  const Graph& graph;
  const Node& node;

  const Tensor& in(size_t i) const { return graph.tensor(node.inputs[i]); }
  const Tensor& out() const { return graph.tensor(node.outputs[0]); }
  bool has(size_t i) const { return i < node.inputs.size() && node.inputs[i] != kNoTensor; }
  std::string where() const { return place_of(graph, node); }

  [[noreturn]] void unsupported(const std::string& hint) const {
    std::string types;
    for (const TensorId id : node.inputs)
      types += (types.empty() ? "" : ", ") + std::string(id == kNoTensor ? "none" : name_of(graph.tensor(id).type));
    throw Error(ErrorCode::unsupported,
                fmt::format("{} of {}{}", name_of(node.op), types,
                            node.outputs.empty() ? "" : fmt::format(" with {} output", name_of(out().type))),
                where(), hint);
  }
  void require_quantized(const Tensor& tensor) const {
    if (!is_quantized_type(tensor.type)) return;
    if (tensor.quantization.empty()) bad(fmt::format("'{}' has no quantization", tensor.name), where());
    require_per_tensor(tensor);
  }
  void require_per_tensor(const Tensor& tensor) const {
    if (tensor.quantization.per_channel()) {
      throw Error(ErrorCode::unsupported, fmt::format("'{}' is quantized per channel", tensor.name), where(),
                  "only the weights and biases of layers can be");
    }
  }
};

// Error unless inputs 1 to `end` that are present are constants: lowering packs them.
void check_constants(const Types& t, size_t end);

// The rules of lstm and gru, of svdf, and of tree_ensemble with the soundness of its trees.
void check_recurrent(const Types& t);
void check_svdf(const Types& t);
void check_trees(const Types& t);

}  // namespace whit::ir
