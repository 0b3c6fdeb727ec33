#include "whit/compile/lower/lowering.hpp"

#include <fmt/format.h>

#include <cassert>

#include "whit/base/error.hpp"
#include "whit/ir/half_weights.hpp"

namespace whit::compile {

Lowering::Lowering(const ir::Graph& graph, KernelSet kernels, Optimize optimize)
    : graph_(graph), kernels_(kernels), optimize_(optimize), tensor_buffer_(graph.tensors.size(), -1) {
  for (const ir::Variable& variable : graph.variables) {
    PlanBuffer buffer;
    buffer.name = variable.name;
    buffer.bytes = static_cast<int64_t>(variable.initial.size());
    buffer.fixed_offset = static_cast<int64_t>(state_.size());
    buffers_.push_back({buffer, {-1, 0}});
    state_.insert(state_.end(), variable.initial.begin(), variable.initial.end());
    state_.resize((state_.size() + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment);
  }
  for (const ir::TensorId id : graph.inputs) buffer_of(id);
}

int32_t Lowering::buffer_of(ir::TensorId id) {
  int32_t& buffer = tensor_buffer_.at(static_cast<size_t>(id));
  if (buffer < 0) {
    buffer = static_cast<int32_t>(buffers_.size());
    PlanBuffer plan;
    plan.name = graph_.tensor(id).name;
    plan.bytes = ir::bytes_of(graph_.tensor(id));
    buffers_.push_back({plan, {-1, 0}});
  }
  return buffer;
}

Lowering::Place Lowering::root(int32_t buffer) const {
  Place place{buffer, 0};
  while (buffers_[static_cast<size_t>(place.buffer)].parent.buffer >= 0) {
    const Place& parent = buffers_[static_cast<size_t>(place.buffer)].parent;
    place = {parent.buffer, place.offset + parent.offset};
  }
  return place;
}

rt::Ref Lowering::operand(int32_t buffer) {
  operands_.push_back(buffer);
  return static_cast<rt::Ref>(operands_.size() - 1);
}

rt::Ref Lowering::tensor(ir::TensorId id) {
  const ir::Tensor& tensor = graph_.tensor(id);
  if (tensor.is_constant) return constant(tensor.data, ConstantKind::weights);
  return operand(buffer_of(id));
}

bool Lowering::wants_halves(ir::TensorId id) const {
  // Converting takes a third to a half more instructions.
  return kernels_ != KernelSet::host && optimize_ != Optimize::speed && ir::holds_halves(graph_.tensor(id));
}

rt::Ref Lowering::halves(ir::TensorId id) {
  return constant(ir::halves_of(graph_.tensor(id).data), ConstantKind::weights);
}

rt::Ref Lowering::variable(int32_t index) { return operand(index); }

rt::Ref Lowering::constant(std::span<const uint8_t> bytes, ConstantKind kind, uint32_t alignment) {
  assert(alignment > 0 && alignment <= rt::kProgramAlignment);
  std::string key(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto known = known_constants_.find(key);
  if (known != known_constants_.end() && known->second % alignment == 0) return known->second | rt::kConstantBit;
  constants_.resize((constants_.size() + alignment - 1) / alignment * alignment);
  const auto offset = static_cast<rt::Ref>(constants_.size());
  constants_.insert(constants_.end(), bytes.begin(), bytes.end());
  if (kind == ConstantKind::weights) weights_bytes_ += static_cast<int64_t>(bytes.size());
  known_constants_[std::move(key)] = offset;
  return offset | rt::kConstantBit;
}

rt::Ref Lowering::scratch(int64_t bytes) {
  PlanBuffer plan;
  plan.name = "scratch";
  plan.bytes = bytes;
  buffers_.push_back({plan, {-1, 0}});
  return operand(static_cast<int32_t>(buffers_.size()) - 1);
}

void Lowering::may_overlap(ir::TensorId output, ir::TensorId input, int64_t lead, bool exact) {
  if (graph_.tensor(input).is_constant) return;
  pending_overlaps_.push_back({buffer_of(output), buffer_of(input), lead, exact});
}

bool Lowering::alias(ir::TensorId part, ir::TensorId whole, int64_t offset) {
  if (graph_.tensor(part).is_constant || graph_.tensor(whole).is_constant) return false;
  const int32_t part_buffer = buffer_of(part);
  const Place whole_place = root(buffer_of(whole));
  const Place part_place = root(part_buffer);
  // The part must still be on its own, and not hold the whole already.
  if (part_place.buffer != part_buffer || part_place.buffer == whole_place.buffer) return false;
  const PlanBuffer& whole_plan = buffers_[static_cast<size_t>(whole_place.buffer)].plan;
  if (whole_place.offset + offset + ir::bytes_of(graph_.tensor(part)) > whole_plan.bytes) return false;
  if ((whole_place.offset + offset) % kArenaAlignment != 0) return false;  // kernels load words
  buffers_[static_cast<size_t>(part_buffer)].parent = {whole_place.buffer, whole_place.offset + offset};
  return true;
}

void Lowering::append(std::vector<uint32_t> words) {
  const ir::Node& node = graph_.nodes[static_cast<size_t>(node_)];
  LoweredOp op;
  op.words = std::move(words);
  op.op = node.op;
  op.name = graph_.tensor(node.outputs.empty() ? node.inputs[0] : node.outputs[0]).name;
  op.source_op = node.source_index;
  op.overlaps = std::move(pending_overlaps_);
  pending_overlaps_.clear();
  ops_.push_back(std::move(op));
}

void Lowering::refuse(const std::string& what, const std::string& hint) const {
  const ir::Node& node = graph_.nodes[static_cast<size_t>(node_)];
  std::string types;
  bool has_uint8 = false;
  for (const ir::TensorId id : node.inputs) {
    if (id == ir::kNoTensor) continue;
    const ir::Tensor& tensor = graph_.tensor(id);
    has_uint8 = has_uint8 || tensor.type == ir::DType::u8;
    types += fmt::format("{}{}{}", types.empty() ? "" : ", ", ir::name_of(tensor.type), ir::to_string(tensor.shape));
  }
  throw Error(ErrorCode::unsupported, fmt::format("{} with {} is not supported: {}", ir::name_of(node.op), types, what),
              fmt::format("op {}", node.source_index),
              has_uint8 ? "convert the model to int8 instead of uint8, as TensorFlow 2's converter does" : hint);
}

}  // namespace whit::compile
