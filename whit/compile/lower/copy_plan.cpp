#include "whit/compile/lower/copy_plan.hpp"

#include <type_traits>

#include "whit/compile/lower/overlap.hpp"
#include "whit_runtime/kernels/copy.hpp"

namespace whit::compile {
namespace {

int64_t steps_of(const CopyPlan& plan) {
  int64_t steps = 1;
  for (const CopyPlan::Axis& axis : plan.axes) steps *= axis.dim;
  return steps;
}

// More runs than this only tensors have that fit no device; their order is not worth a walk.
constexpr int64_t kMaxWalkedRuns = 1 << 20;

int64_t lead_of(const CopyPlan& plan, int64_t input_bytes) {
  OverlapSimulation simulation;
  for (int64_t i = 0; i < steps_of(plan); ++i) {
    int64_t from = plan.input_offset;
    int64_t rest = i;
    for (size_t a = plan.axes.size(); a-- > 0;) {
      from += rest % plan.axes[a].dim * plan.axes[a].input_stride;
      rest /= plan.axes[a].dim;
    }
    simulation.read(from);
    simulation.write((i + 1) * plan.run_bytes);
  }
  return simulation.lead(input_bytes);
}

template <typename Params>
void emit_record(Lowering& lowering, rt::KernelId kernel, ir::TensorId input, ir::TensorId output,
                 const CopyPlan& plan) {
  Params p{};
  constexpr size_t kRank = std::extent_v<decltype(p.dims)>;
  p.input = lowering.tensor(input);
  p.output = lowering.tensor(output);
  p.input_offset = static_cast<int32_t>(plan.input_offset);
  p.output_offset = static_cast<int32_t>(plan.output_offset);
  p.run_bytes = static_cast<int32_t>(plan.run_bytes);
  const size_t missing = kRank - plan.axes.size();
  for (size_t d = 0; d < kRank; ++d) {
    const CopyPlan::Axis axis = d < missing ? CopyPlan::Axis{1, 0, 0} : plan.axes[d - missing];
    p.dims[d] = static_cast<int32_t>(axis.dim);
    p.input_stride[d] = static_cast<int32_t>(axis.input_stride);
    p.output_stride[d] = static_cast<int32_t>(axis.output_stride);
  }
  lowering.emit(kernel, p);
}

}  // namespace

void CopyPlan::collapse() {
  std::vector<Axis> kept;  // innermost first while collapsing
  for (size_t a = axes.size(); a-- > 0;) {
    const Axis axis = axes[a];
    if (axis.dim == 1) continue;
    if (kept.empty() && axis.input_stride == run_bytes && axis.output_stride == run_bytes) {
      run_bytes *= axis.dim;
    } else if (!kept.empty() && axis.input_stride == kept.back().input_stride * kept.back().dim &&
               axis.output_stride == kept.back().output_stride * kept.back().dim) {
      kept.back().dim *= axis.dim;
    } else {
      kept.push_back(axis);
    }
  }
  axes.assign(kept.rbegin(), kept.rend());
}

std::vector<int64_t> dense_strides(const ir::Shape& shape, int64_t element_bytes) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = element_bytes;
  for (size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

void emit_copy(Lowering& lowering, ir::TensorId input, ir::TensorId output, CopyPlan plan, bool fills_output) {
  plan.collapse();
  if (plan.axes.size() > 6) lowering.refuse("more than 6 dimensions that do not collapse");
  if (fills_output && steps_of(plan) <= kMaxWalkedRuns) {
    lowering.may_overlap(output, input, lead_of(plan, ir::bytes_of(lowering.tensor_of(input))));
  }
  if (plan.axes.size() <= 3) {
    emit_record<rt::Copy3d>(lowering, rt::KernelId::copy_3d, input, output, plan);
  } else {
    emit_record<rt::Copy6d>(lowering, rt::KernelId::copy_6d, input, output, plan);
  }
}

}  // namespace whit::compile
