// A strided copy on its way to a record: built from the axes of an op, collapsed, emitted as copy_3d or copy_6d.
// Used by lower_data_movement; chooses no op and knows no attribute.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/compile/lower/lowering.hpp"

namespace whit::compile {

// Axes stand outermost first in the order of the loops; all offsets and strides are bytes.
struct CopyPlan {
  struct Axis {
    int64_t dim, input_stride, output_stride;
  };
  std::vector<Axis> axes;
  int64_t input_offset = 0;
  int64_t output_offset = 0;
  int64_t run_bytes = 0;  // at first the bytes of one element

  // Drops axes of one step, merges axes that walk both sides evenly, grows the run.
  void collapse();
  // After collapse(): one run, nothing but memory that follows itself.
  bool is_contiguous() const { return axes.empty(); }
};

// Byte strides of a dense tensor.
std::vector<int64_t> dense_strides(const ir::Shape& shape, int64_t element_bytes);

// Collapses and emits one copy from `input` to `output`. `fills_output`: the copy writes the whole output in order, so
// the two may share memory as far as the order allows. Refuses more than six collapsed axes.
void emit_copy(Lowering& lowering, ir::TensorId input, ir::TensorId output, CopyPlan plan, bool fills_output);

}  // namespace whit::compile
