#include "whit/learn/fake_quantize.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "whit/compress/quantize_layer.hpp"
#include "whit/compress/round_weights.hpp"
#include "whit/ir/stored_range.hpp"

namespace whit::learn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Sums that are a half exactly come out of float32 a little beside it.
constexpr float kHalf = 0.5f + 2e-5f;

float nearest(float x) { return static_cast<float>(static_cast<int32_t>(x + (x < 0 ? -kHalf : kHalf))); }

class RoundActivation : public torch::autograd::Function<RoundActivation> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const Grid* grid, bool stored,
                            const std::vector<float>* inner) {
    const at::Tensor x = input.contiguous();
    at::Tensor y = at::empty_like(x), inside = at::empty_like(x);
    const float scale = grid->scale;
    const auto least = static_cast<float>(grid->low - grid->zero_point);
    const auto most = static_cast<float>(grid->high - grid->zero_point);
    // Halves are rounded away from this.
    const auto origin = stored ? static_cast<float>(grid->zero_point) : 0.0f;
    const float* from = x.data_ptr<float>();
    float* to = y.data_ptr<float>();
    float* mask = inside.data_ptr<float>();
    const auto finish = [&](int64_t i, float v, float rounded_once) {
      const float cut = std::min(std::max(least, rounded_once), most) + origin;
      to[i] = v == v ? scale * (nearest(cut) - origin) : v;
      mask[i] = v > least - 0.5f && v < most + 0.5f ? 1.0f : 0.0f;
    };
    if (inner->empty()) {
      for (int64_t i = 0, count = x.numel(); i < count; ++i) finish(i, from[i] / scale, from[i] / scale);
    } else {
      const auto channels = static_cast<int64_t>(inner->size());
      for (int64_t first = 0, count = x.numel(); first < count; first += channels) {
        for (int64_t c = 0; c < channels; ++c) {
          const float v = from[first + c] / scale, steps = (*inner)[static_cast<size_t>(c)];
          finish(first + c, v, nearest(std::min(std::max(least - 1, v), most + 1) * steps) / steps);
        }
      }
    }
    context->save_for_backward({inside});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    return {gradients[0] * context->get_saved_variables()[0], {}, {}, {}};
  }
};

// `values` takes the place of `x`; the gradient passes as if it were x.
class Replace : public torch::autograd::Function<Replace> {
 public:
  static at::Tensor forward(AutogradContext*, const at::Tensor&, const at::Tensor& values) { return values; }
  static variable_list backward(AutogradContext*, variable_list gradients) { return {gradients[0], {}}; }
};

// Elements of a channel, one behind the other, and back.
struct Rows {
  size_t channels, k;
  bool channel_last;
  size_t index(size_t channel, size_t i) const { return channel_last ? i * channels + channel : channel * k + i; }
};

}  // namespace

Grid grid_of(const ir::Tensor& tensor) {
  const ir::StoredRange range = ir::stored_range(tensor.type);
  return {tensor.quantization.scale.at(0), tensor.quantization.zero_point.at(0), range.low, range.high};
}

float inner_steps(double multiplier) {
  constexpr int kMost = 16;  // beyond, float32 has no more bits for them
  int exponent = 0;
  std::frexp(multiplier, &exponent);
  return std::ldexp(1.0f, std::clamp(-exponent, 0, kMost));
}

at::Tensor fake_quantize(const at::Tensor& x, const Grid& grid, Halves halves, const std::vector<float>& inner) {
  return RoundActivation::apply(x, &grid, halves == Halves::stored, &inner);
}

KernelFunction::KernelFunction(const std::function<int32_t(int32_t)>& stored, float step) : step_(step) {
  for (int32_t x = -32768; x <= 32767; ++x) table_.push_back(static_cast<float>(stored(x)) / 32768.0f);
}

at::Tensor KernelFunction::operator()(const at::Tensor& x, const at::Tensor& real) const {
  const at::Tensor from = x.contiguous();
  at::Tensor values = at::empty_like(from);
  for (int64_t i = 0, count = from.numel(); i < count; ++i) {
    const float number = std::nearbyint(from.data_ptr<float>()[i] / step_);
    const bool known = number >= -32768 && number <= 32767;  // NaN stays NaN: the loss will say so
    values.data_ptr<float>()[i] = known ? table_[static_cast<size_t>(number + 32768)] : number;
  }
  return Replace::apply(real, values);
}

FakeWeights fake_quantize_layer(const at::Tensor& weights, const at::Tensor& bias, float input_scale,
                                const WeightFormat& format) {
  const int64_t channels = format.channel_last ? weights.size(-1) : weights.size(0);
  const Rows rows{static_cast<size_t>(channels), static_cast<size_t>(weights.numel() / channels), format.channel_last};
  const float* real = weights.data_ptr<float>();
  std::vector<double> offsets(rows.channels, 0.0);
  if (bias.defined()) std::copy_n(bias.data_ptr<float>(), offsets.size(), offsets.begin());
  std::vector<float> row(rows.k);
  const auto read = [&](size_t c) {
    for (size_t i = 0; i < rows.k; ++i) row[i] = real[rows.index(c, i)];
  };
  std::vector<float> scales = compress::least_weight_scales(offsets, input_scale);
  for (size_t c = 0; c < rows.channels; ++c) {
    read(c);
    scales[c] = std::max(scales[c], compress::max_grid(row, format.limit).scale);
  }
  if (!format.per_channel) scales.assign(rows.channels, *std::max_element(scales.begin(), scales.end()));
  at::Tensor values = at::empty(weights.sizes());
  for (size_t c = 0; c < rows.channels; ++c) {
    if (!(scales[c] > 0)) scales[c] = 1.0f;  // a channel of zeros
    const float scale = scales[c];
    read(c);
    const std::vector<int8_t> rounded = compress::round_nearest(row, {scale, format.limit});
    for (size_t i = 0; i < rows.k; ++i) {
      const bool number = row[i] == row[i];
      values.data_ptr<float>()[rows.index(c, i)] = number ? scale * static_cast<float>(rounded[i]) : row[i];
    }
    const double step = static_cast<double>(input_scale) * static_cast<double>(scale);
    offsets[c] = std::round(offsets[c] / step) * step;
  }
  FakeWeights result{Replace::apply(weights, values), {}, std::move(scales)};
  if (bias.defined()) result.bias = Replace::apply(bias, at::tensor(offsets).to(at::kFloat).view(bias.sizes()));
  return result;
}

}  // namespace whit::learn
