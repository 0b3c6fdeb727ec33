// Rounding of real numbers to those that integers stand for, as compress and the kernels round, with a gradient: that
// of the identity ("straight through", Bengio et al. 2013), and none where a value is cut off. Private to this folder.
//
// The results are real numbers on the integers' grid. A layer computed from such operands, and rounded to the grid of
// its output as its integer kernel rounds, is what that kernel gives, but for one step of the output where float32 and
// the kernel's multiplier fall on different sides of a half.
#pragma once

#include <functional>
#include <vector>

#include "whit/ir/graph.hpp"
#include "whit/learn/torch.hpp"

namespace whit::learn {

// Integers from `low` to `high`; q stands for scale * (q - zero_point).
struct Grid {
  float scale = 1.0f;
  int32_t zero_point = 0, low = 0, high = 0;
};

// Of a quantized tensor with one scale.
Grid grid_of(const ir::Tensor& tensor);

// Which halves are rounded away from zero: those of x / scale, or of the stored x / scale + zero_point (pools).
enum class Halves { real, stored };

// Kernels of int8 round twice (TFLite MultiplyByQuantizedMultiplier, gemmlowp): a sum whose step is `multiplier` steps
// of the output, 2^-e * [1/2, 1), is rounded to multiples of 2^-e, and these to whole steps. This is 2^e; 1 where there
// is nothing to round twice.
float inner_steps(double multiplier);

// x on the grid. NaN stays NaN. `inner`: inner_steps() for each index of the last dimension, or one for all, or none.
at::Tensor fake_quantize(const at::Tensor& x, const Grid& grid, Halves halves = Halves::real,
                         const std::vector<float>& inner = {});

// A function as the kernels compute it from int16 numbers, each `step` wide. Its gradient is that of the real one.
class KernelFunction {
 public:
  // `stored`: from an int16 number to one in Q0.15.
  KernelFunction(const std::function<int32_t(int32_t)>& stored, float step);
  // Of x, whose values are multiples of `step`; `real`: the real function of x.
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& real) const;

 private:
  std::vector<float> table_;  // by number + 32768
  float step_;
};

// How compress quantizes the weights of a layer.
struct WeightFormat {
  int32_t limit = 127;  // integers are in [-limit, limit]
  bool per_channel = false, channel_last = false;
};

struct FakeWeights {
  at::Tensor weights, bias;   // bias: undefined where there is none
  std::vector<float> scales;  // of the weights, by channel
};

// Weights and bias [channels] on the grids that compress::quantize_layer() gives them for an input of `input_scale`.
FakeWeights fake_quantize_layer(const at::Tensor& weights, const at::Tensor& bias, float input_scale,
                                const WeightFormat& format);

}  // namespace whit::learn
