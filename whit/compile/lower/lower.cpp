#include "whit/compile/lower/lower.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "whit/base/error.hpp"
#include "whit/compile/lower/lower_ops.hpp"
#include "whit/compile/plan/alive.hpp"

namespace whit::compile {
namespace {

void lower_node(Lowering& lowering, const ir::Node& node) {
  using ir::Op;
  switch (node.op) {
    case Op::fully_connected:
      return lower_fully_connected(lowering, node);
    case Op::conv2d:
      return lower_conv2d(lowering, node);
    case Op::depthwise_conv2d:
      return lower_depthwise_conv2d(lowering, node);
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::maximum:
    case Op::minimum:
    case Op::squared_difference:
    case Op::pow:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::select:
    case Op::prelu:
      return lower_binary(lowering, node);
    case Op::relu:
    case Op::relu6:
    case Op::relu_n1_to_1:
    case Op::relu_0_to_1:
    case Op::leaky_relu:
    case Op::elu:
    case Op::hard_swish:
    case Op::logistic:
    case Op::tanh:
    case Op::abs:
    case Op::neg:
    case Op::exp:
    case Op::erf:
    case Op::log:
    case Op::sqrt:
    case Op::rsqrt:
    case Op::square:
    case Op::sin:
    case Op::cos:
    case Op::floor:
    case Op::ceil:
    case Op::round:
    case Op::quantize:
    case Op::dequantize:
    case Op::cast:
      return lower_unary(lowering, node);
    case Op::softmax:
    case Op::log_softmax:
    case Op::l2_normalization:
      return lower_softmax(lowering, node);
    case Op::read_variable:
    case Op::assign_variable:
      return lower_variable(lowering, node);
    case Op::lstm:
      return lower_lstm(lowering, node);
    case Op::gru:
      return lower_gru(lowering, node);
    case Op::svdf:
      return lower_svdf(lowering, node);
    case Op::tree_ensemble:
      return lower_tree_ensemble(lowering, node);
    case Op::transpose_conv2d:
      return lower_transpose_conv2d(lowering, node);
    case Op::batch_matmul:
      return lower_batch_matmul(lowering, node);
    case Op::average_pool2d:
    case Op::max_pool2d:
      return lower_pool(lowering, node);
    case Op::mean:
    case Op::sum:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::arg_max:
    case Op::arg_min:
      return lower_reduce(lowering, node);
    case Op::reshape:
    case Op::transpose:
    case Op::concat:
    case Op::slice:
    case Op::pad:
    case Op::mirror_pad:
    case Op::tile:
    case Op::gather:
    case Op::one_hot:
    case Op::space_to_depth:
    case Op::depth_to_space:
    case Op::resize_nearest:
    case Op::resize_bilinear:
      return lower_data_movement(lowering, node);
    default:
      lowering.refuse("there is no kernel for it");
  }
}

}  // namespace

// Turns what the lower_*() functions left behind into bytes: merges aliased buffers, times them, plans, patches,
// writes.
class ProgramBuilder {
 public:
  ProgramBuilder(const ir::Graph& graph, const LowerOptions& options)
      : graph_(graph), options_(options), lowering_(graph, options.kernels, options.optimize) {}

  Lowered build() {
    for (size_t n = 0; n < graph_.nodes.size(); ++n) lower_one(n);
    plan_arena_of_ops();
    return write();
  }

 private:
  void lower_one(size_t n) {
    const ir::Node& node = graph_.nodes[n];
    lowering_.node_ = static_cast<int32_t>(n);
    const size_t before = lowering_.ops_.size();
    lower_node(lowering_, node);
    if (lowering_.ops_.size() == before) return;  // an alias needs no op
    LoweredOp& last = lowering_.ops_.back();
    last.macs = ir::macs(graph_, node);
    if (!node.outputs.empty()) last.result = node.outputs[0];
  }

  // Buffers of the plan are the roots of the merged ones; a buffer lives from the first to the last op that names it.
  void plan_arena_of_ops() {
    const auto op_count = static_cast<int32_t>(lowering_.ops_.size());
    plan_index_.assign(lowering_.buffers_.size(), -1);
    for (size_t b = 0; b < lowering_.buffers_.size(); ++b) {
      if (lowering_.buffers_[b].parent.buffer >= 0) continue;
      plan_index_[b] = static_cast<int32_t>(plan_buffers_.size());
      PlanBuffer buffer = lowering_.buffers_[b].plan;
      buffer.first_op = buffer.fixed_offset >= 0 ? -1 : op_count;
      buffer.last_op = buffer.fixed_offset >= 0 ? op_count : -1;
      plan_buffers_.push_back(buffer);
    }
    for (const ir::TensorId id : graph_.inputs) extend(lowering_.buffer_of(id), -1);
    for (int32_t op = 0; op < op_count; ++op) {
      for_each_arena_ref(lowering_.ops_[static_cast<size_t>(op)],
                         [&](uint32_t& ref) { extend(lowering_.operands_[ref], op); });
    }
    for (const ir::TensorId id : graph_.outputs) {
      if (graph_.tensor(id).is_constant) {
        throw Error(ErrorCode::unsupported, "an output of the model is a constant", graph_.tensor(id).name,
                    "remove this output from the model");
      }
      extend(lowering_.buffer_of(id), op_count);
    }
    for (int32_t op = 0; op < op_count; ++op) collect_overlaps(op);
    plan_ = plan_arena(plan_buffers_, plan_overlaps_);
  }

  template <typename F>
  static void for_each_arena_ref(LoweredOp& op, F&& f) {
    rt::OpHead head;
    std::memcpy(&head, op.words.data(), sizeof head);
    for (size_t i = 1; i <= head.refs; ++i) {
      if ((op.words[i] & rt::kConstantBit) == 0) f(op.words[i]);  // kNoRef has the bit too
    }
  }

  PlanBuffer& plan_buffer(int32_t buffer) {
    return plan_buffers_[static_cast<size_t>(plan_index_[static_cast<size_t>(lowering_.root(buffer).buffer)])];
  }

  void extend(int32_t buffer, int32_t op) {
    PlanBuffer& plan = plan_buffer(buffer);
    plan.first_op = std::min(plan.first_op, op);
    plan.last_op = std::max(plan.last_op, op);
  }

  // An overlap counts when the input's memory dies here, the output's is born here, and every operand of the op that
  // lies in the input's memory allows it; then the largest lead holds. An exact one must not be a smaller one.
  void collect_overlaps(int32_t op_index) {
    LoweredOp& op = lowering_.ops_[static_cast<size_t>(op_index)];
    struct Lead {
      int64_t bytes;
      bool exact;
      bool possible;
    };
    std::map<std::pair<int32_t, int32_t>, Lead> leads;  // by roots of (output, input)
    for (const PlanOverlap& overlap : op.overlaps) {
      const Lowering::Place out = lowering_.root(overlap.output);
      const Lowering::Place in = lowering_.root(overlap.input);
      const int64_t lead = overlap.lead + out.offset - in.offset;
      const auto [entry, is_new] = leads.try_emplace({out.buffer, in.buffer}, Lead{lead, overlap.exact, true});
      Lead& known = entry->second;
      if (is_new) continue;
      if ((known.exact && lead > known.bytes) || (overlap.exact && lead < known.bytes)) known.possible = false;
      if (known.exact && overlap.exact && lead != known.bytes) known.possible = false;
      known.bytes = std::max(known.bytes, lead);
      known.exact = known.exact || overlap.exact;
    }
    for (const auto& entry : leads) {  // not [pair, lead]: Clang 14 captures no structured binding
      const std::pair<int32_t, int32_t>& pair = entry.first;
      const Lead& lead = entry.second;
      const PlanBuffer& out = plan_buffer(pair.first);
      const PlanBuffer& in = plan_buffer(pair.second);
      if (pair.first == pair.second || out.first_op != op_index || in.last_op != op_index || in.fixed_offset >= 0)
        continue;
      bool all_allowed = lead.possible;
      for_each_arena_ref(op, [&](uint32_t& ref) {
        const int32_t buffer = lowering_.operands_[ref];
        if (lowering_.root(buffer).buffer != pair.second) return;
        all_allowed = all_allowed && std::any_of(op.overlaps.begin(), op.overlaps.end(),
                                                 [&](const PlanOverlap& overlap) { return overlap.input == buffer; });
      });
      if (all_allowed) {
        plan_overlaps_.push_back({plan_index_[static_cast<size_t>(pair.first)],
                                  plan_index_[static_cast<size_t>(pair.second)], lead.bytes, lead.exact});
      }
    }
  }

  rt::Ref place(int32_t buffer) const {
    const Lowering::Place root = lowering_.root(buffer);
    return static_cast<rt::Ref>(plan_.offsets[static_cast<size_t>(plan_index_[static_cast<size_t>(root.buffer)])] +
                                root.offset);
  }

  // Appends zeros up to the section alignment; the offset of what follows.
  uint32_t align() {
    bytes_.resize((bytes_.size() + rt::kProgramAlignment - 1) / rt::kProgramAlignment * rt::kProgramAlignment);
    return static_cast<uint32_t>(bytes_.size());
  }

  void append(const void* data, size_t size) {
    const auto* begin = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }

  // Offset of a string from the start of the notes, which begin with the OpNotes.
  uint32_t note_string(const std::string& text) {
    const auto known = string_offsets_.find(text);
    if (known != string_offsets_.end()) return known->second;
    const auto offset = static_cast<uint32_t>(lowering_.ops_.size() * sizeof(rt::OpNote) + strings_.size());
    strings_ += text;
    strings_ += '\0';
    string_offsets_[text] = offset;
    return offset;
  }

  rt::TensorInfo tensor_info(ir::TensorId id) {
    const ir::Tensor& tensor = graph_.tensor(id);
    if (tensor.shape.size() > rt::kMaxRank) {
      throw Error(ErrorCode::unsupported, "an input or output has more than 6 dimensions", tensor.name);
    }
    if (tensor.quantization.per_channel()) {
      throw Error(ErrorCode::unsupported, "an input or output has a scale for each channel", tensor.name,
                  "make it float32, with a quantize node inside the model");
    }
    static constexpr rt::ElementType kTypes[] = {rt::ElementType::f32, rt::ElementType::f16,    rt::ElementType::i8,
                                                 rt::ElementType::u8,  rt::ElementType::i16,    rt::ElementType::i32,
                                                 rt::ElementType::i64, rt::ElementType::boolean};
    rt::TensorInfo info{};
    info.where = place(lowering_.buffer_of(id));
    info.bytes = static_cast<uint32_t>(ir::bytes_of(tensor));
    info.type = static_cast<uint32_t>(kTypes[static_cast<size_t>(tensor.type)]);
    info.rank = static_cast<uint32_t>(tensor.shape.size());
    std::copy(tensor.shape.begin(), tensor.shape.end(), info.dims);
    if (!tensor.quantization.empty()) {
      std::memcpy(&info.scale_bits, tensor.quantization.scale.data(), sizeof info.scale_bits);
      info.zero_point = tensor.quantization.zero_point[0];
    }
    info.name = note_string(tensor.name);
    return info;
  }

  Lowered write() {
    if (plan_.arena_bytes >= rt::kConstantBit || lowering_.constants_.size() >= rt::kConstantBit) {
      throw Error(ErrorCode::unsupported, "the model needs more than 2 GB of memory", graph_.name, "make it smaller");
    }
    rt::ProgramHeader header{};
    header.magic = rt::kProgramMagic;
    header.version = rt::kProgramVersion;
    header.target = static_cast<uint32_t>(options_.kernels);
    header.arena_bytes = static_cast<uint32_t>(plan_.arena_bytes);
    header.state_bytes = static_cast<uint32_t>(lowering_.state_.size());
    header.state_init =
        lowering_.state_.empty() ? 0 : lowering_.constant(lowering_.state_, ConstantKind::other) & ~rt::kConstantBit;
    header.input_count = static_cast<uint32_t>(graph_.inputs.size());
    header.output_count = static_cast<uint32_t>(graph_.outputs.size());
    header.op_count = static_cast<uint32_t>(lowering_.ops_.size());
    // Layers that share weights in a packed form have counted them once each.
    header.weights_bytes =
        static_cast<uint32_t>(std::min<int64_t>(lowering_.weights_bytes_, std::ssize(lowering_.constants_)));
    std::copy(options_.model_sha256.begin(), options_.model_sha256.end(), header.model_sha256);

    append(&header, sizeof header);
    header.tensors_offset = align();
    for (const auto* ids : {&graph_.inputs, &graph_.outputs}) {
      for (const ir::TensorId id : *ids) {
        const rt::TensorInfo info = tensor_info(id);
        append(&info, sizeof info);
      }
    }
    header.ops_offset = align();
    std::vector<rt::OpNote> notes;
    for (LoweredOp& op : lowering_.ops_) {
      for_each_arena_ref(op, [&](uint32_t& ref) { ref = place(lowering_.operands_[ref]); });
      append(op.words.data(), op.words.size() * sizeof(uint32_t));
      rt::OpNote note{note_string(op.name),
                      note_string(ir::name_of(op.op)),
                      op.source_op,
                      -1,
                      static_cast<uint32_t>(op.macs),
                      0,
                      0};
      if (op.result != ir::kNoTensor && graph_.tensor(op.result).source_index >= 0) {
        note.source_tensor = graph_.tensor(op.result).source_index;
        note.result = place(lowering_.buffer_of(op.result));
        note.result_bytes = static_cast<uint32_t>(ir::bytes_of(graph_.tensor(op.result)));
      }
      notes.push_back(note);
    }
    header.ops_bytes = static_cast<uint32_t>(bytes_.size()) - header.ops_offset;
    header.constants_offset = align();
    header.constants_bytes = static_cast<uint32_t>(lowering_.constants_.size());
    append(lowering_.constants_.data(), lowering_.constants_.size());
    header.notes_offset = align();
    header.model_name = note_string(graph_.name);
    append(notes.data(), notes.size() * sizeof(rt::OpNote));
    append(strings_.data(), strings_.size());
    header.notes_bytes = static_cast<uint32_t>(bytes_.size()) - header.notes_offset;
    header.total_bytes = align();
    std::memcpy(bytes_.data(), &header, sizeof header);
    constexpr size_t kCovered = offsetof(rt::ProgramHeader, crc32) + sizeof header.crc32;
    header.crc32 = crc32(std::span<const uint8_t>(bytes_).subspan(kCovered));
    std::memcpy(bytes_.data(), &header, sizeof header);
    return {std::move(bytes_), plan_.lower_bound, alive_bytes(plan_buffers_, plan_, std::ssize(lowering_.ops_))};
  }

  const ir::Graph& graph_;
  const LowerOptions& options_;
  Lowering lowering_;
  std::vector<PlanBuffer> plan_buffers_;
  std::vector<int32_t> plan_index_;  // by buffer of the lowering; -1 for a part of another
  std::vector<PlanOverlap> plan_overlaps_;
  ArenaPlan plan_;
  std::vector<uint8_t> bytes_;
  std::string strings_;
  std::map<std::string, uint32_t> string_offsets_;
};

Lowered lower(const ir::Graph& graph, const LowerOptions& options) { return ProgramBuilder(graph, options).build(); }

}  // namespace whit::compile
