// Lowering: a verified graph becomes op records. One lower_*() for each op of the IR (lower_ops.hpp) chooses the
// kernel, packs the weights in the order in which that kernel reads them, folds zero points into biases, and computes
// every multiplier, shift and table. Comes after the passes, before the arena plan. Runs no op and changes no graph.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "whit/compile/plan/plan.hpp"
#include "whit/ir/graph.hpp"
#include "whit_runtime/kernels/kernel_id.hpp"

namespace whit::compile {

// Which kernels may be chosen, by what the core can do. Every kernel has a portable body, so any host can play any
// Program; only the choice and the packing differ.
enum class KernelSet {
  host,     // plain C++ that a PC's compiler vectorizes
  arm_dsp,  // Armv7E-M and Armv8-M with the DSP extension: Cortex-M4, M7, M33
  arm_v7m,  // Cortex-M3: 32-bit multiply-accumulate, no DSP
  arm_v6m,  // Cortex-M0+: 32-bit multiply, eight low registers
  rv32,     // RV32IMC
};

enum class Optimize { size, balanced, speed };

// What a constant is, for the account of flash.
enum class ConstantKind { weights, other };  // weights: weights and biases

// A record whose Refs into the arena are still indices of Lowering's operands.
struct LoweredOp {
  std::vector<uint32_t> words;
  std::string name;  // of the node's result, for people
  ir::Op op = ir::Op::reshape;
  int32_t source_op = -1;
  ir::TensorId result = ir::kNoTensor;  // set on the op that completes the tensor
  int64_t macs = 0;
  std::vector<PlanOverlap> overlaps;  // by buffer before merging
};

class Lowering {
 public:
  Lowering(const ir::Graph& graph, KernelSet kernels, Optimize optimize);

  const ir::Graph& graph() const { return graph_; }
  const ir::Tensor& tensor_of(ir::TensorId id) const { return graph_.tensor(id); }
  KernelSet kernels() const { return kernels_; }
  Optimize optimize() const { return optimize_; }

  // The operand for a tensor: its place in the arena, or among the constants (C order, as in the graph) when it is one.
  rt::Ref tensor(ir::TensorId id);

  // The operand for the weights of a float layer, `W` being float or rt::Half as wants_halves() says.
  template <typename W>
  rt::Ref float_weights(ir::TensorId id) {
    return sizeof(W) == 4 ? tensor(id) : halves(id);
  }
  // Whether they are stored as float16: constants of halves, where flash is scarce.
  bool wants_halves(ir::TensorId id) const;

  // Appends to the constants, aligned to `alignment` (a power of two up to 16); equal bytes are stored once.
  rt::Ref constant(std::span<const uint8_t> bytes, ConstantKind kind, uint32_t alignment = 4);
  template <typename T>
  rt::Ref constant(const std::vector<T>& values, ConstantKind kind, uint32_t alignment = 4) {
    return constant({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)}, kind, alignment);
  }
  // `weight_bytes` of the bytes last stored as `other` are weights or biases: for streams that interleave both.
  void count_as_weights(int64_t weight_bytes) { weights_bytes_ += weight_bytes; }

  // What was emitted and stored so far: for whoever weighs one way to lower against another in a Lowering of its own.
  const std::vector<LoweredOp>& ops() const { return ops_; }
  int64_t constants_bytes() const { return static_cast<int64_t>(constants_.size()); }

  // The operand for the state of graph variable `index`.
  rt::Ref variable(int32_t index);

  // Memory that is alive during the next emit() only. 4-byte aligned.
  rt::Ref scratch(int64_t bytes);

  // The next emit() writes tensor `output` so that it may share memory with `input` (see PlanOverlap::lead). It is used
  // when this node is the last that reads `input`; callers need not check. `exact`: at this distance and no other.
  void may_overlap(ir::TensorId output, ir::TensorId input, int64_t lead, bool exact = false);

  // `part` is the memory of `whole` from byte `offset` on, and no op is needed to move it.
  // False (and nothing done) when that cannot be: one is a constant, an input, an output or a part already, ...
  bool alias(ir::TensorId part, ir::TensorId whole, int64_t offset);

  // Appends an op. `params` has its operands from tensor(), constant(), scratch(); the head is filled in here.
  template <typename Params>
  void emit(rt::KernelId kernel, Params params) {
    params.head = rt::op_head<Params>(kernel);
    std::vector<uint32_t> words(sizeof(Params) / 4);
    std::memcpy(words.data(), &params, sizeof(Params));
    append(std::move(words));
  }

  // Error unsupported for the node in hand: `what` such as "int16 activations", `hint` what would be supported.
  [[noreturn]] void refuse(const std::string& what, const std::string& hint = "") const;

 private:
  friend class ProgramBuilder;

  // Byte `offset` of another buffer.
  struct Place {
    int32_t buffer = -1;
    int64_t offset = 0;
  };
  struct Buffer {
    PlanBuffer plan;
    Place parent;  // the buffer that this one is a part of; none: buffer -1
  };

  rt::Ref halves(ir::TensorId id);
  int32_t buffer_of(ir::TensorId id);
  Place root(int32_t buffer) const;
  rt::Ref operand(int32_t buffer);
  void append(std::vector<uint32_t> words);

  const ir::Graph& graph_;
  KernelSet kernels_;
  Optimize optimize_;
  int32_t node_ = -1;                   // in hand
  std::vector<int32_t> tensor_buffer_;  // by tensor, -1 when it has none yet
  std::vector<Buffer> buffers_;         // the graph's variables first
  std::vector<int32_t> operands_;       // buffer by handle
  std::vector<PlanOverlap> pending_overlaps_;
  std::vector<LoweredOp> ops_;
  std::vector<uint8_t> state_;
  std::vector<uint8_t> constants_;
  std::unordered_map<std::string, rt::Ref> known_constants_;
  int64_t weights_bytes_ = 0;
};

}  // namespace whit::compile
