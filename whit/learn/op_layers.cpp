// Layers with weights, and windows over images. Activations are NHWC in the graph; torch gets them as NCHW views of the
// same memory ("channels last"), for which it has kernels of its own.
#include "whit/learn/differentiable.hpp"

namespace whit::learn {
namespace {

// [N, B, H, W, C] as [N * B, C, H, W] and back.
at::Tensor to_channels_first(const at::Tensor& x) { return x.flatten(0, 1).permute({0, 3, 1, 2}); }
Tensors to_channels_last(const at::Tensor& y, const ir::Shape& shape, int64_t batch) {
  return {y.permute({0, 2, 3, 1}).reshape(with_batch(batch, shape))};
}

// Batch norm of [M, C, ...].
at::Tensor normalise(const std::optional<BatchNorm>& norm, const at::Tensor& x, bool training) {
  if (!norm) return x;
  return at::batch_norm(x, norm->gamma, norm->beta, norm->mean, norm->variance, training, BatchNorm::kMomentum,
                        BatchNorm::kEpsilon, false);
}

struct Padding {
  int64_t top, bottom, left, right;
  bool none() const { return top == 0 && bottom == 0 && left == 0 && right == 0; }
  bool even() const { return top == bottom && left == right; }
  // Below zero cuts off.
  at::Tensor apply(const at::Tensor& x, double value) const {
    return none() ? x : at::constant_pad_nd(x, {left, right, top, bottom}, value);
  }
};

template <typename A>
Padding padding_of(const A& a) {
  return {a.pad_top, a.pad_bottom, a.pad_left, a.pad_right};
}

// The bias that a normalised layer has is beta.
at::Tensor bias_of(const Tensors& inputs, const std::optional<BatchNorm>& norm) {
  return norm || inputs.size() < 3 ? at::Tensor() : inputs[2];
}

Function convolution(const Site& site) {
  const bool depthwise = site.node.op == ir::Op::depthwise_conv2d;
  const int64_t groups = depthwise ? site.in(0).shape[3] : 1;
  const auto shape = site.out().shape;
  return [a = site.attributes<ir::ConvAttributes>(), norm = site.norm, depthwise, groups, shape](
             const Tensors& inputs, Frame& frame) -> Tensors {
    const Padding padding = padding_of(a);
    at::Tensor x = to_channels_first(inputs[0]);
    if (!padding.even()) x = padding.apply(x, 0);
    const std::vector<int64_t> inside =
        padding.even() ? std::vector<int64_t>{padding.top, padding.left} : std::vector<int64_t>{0, 0};
    // [O,KH,KW,I] and [1,KH,KW,C] as [O,I/groups,KH,KW].
    const at::Tensor weights = depthwise ? inputs[1].permute({3, 0, 1, 2}) : inputs[1].permute({0, 3, 1, 2});
    at::Tensor y = at::conv2d(x, weights, bias_of(inputs, norm), {a.stride_h, a.stride_w}, inside,
                              {a.dilation_h, a.dilation_w}, groups);
    y = activate(normalise(norm, y, frame.training), a.activation);
    return to_channels_last(y, shape, frame.batch);
  };
}

Function transposed_convolution(const Site& site) {
  const auto shape = site.out().shape;
  return [a = site.attributes<ir::ConvAttributes>(), norm = site.norm, shape](const Tensors& inputs,
                                                                              Frame& frame) -> Tensors {
    at::Tensor y = at::conv_transpose2d(to_channels_first(inputs[0]), inputs[1].permute({3, 0, 1, 2}), {},
                                        {a.stride_h, a.stride_w});
    y = Padding{-a.pad_top, -a.pad_bottom, -a.pad_left, -a.pad_right}.apply(y, 0);
    if (const at::Tensor bias = bias_of(inputs, norm); bias.defined()) y = y + bias.view({1, -1, 1, 1});
    y = activate(normalise(norm, y, frame.training), a.activation);
    return to_channels_last(y, shape, frame.batch);
  };
}

Function fully_connected(const Site& site) {
  const auto shape = site.out().shape;
  const int64_t depth = site.in(1).shape[1];
  return [activation = site.attributes<ir::ActivationAttributes>().activation, norm = site.norm, depth, shape](
             const Tensors& inputs, Frame& frame) -> Tensors {
    at::Tensor y = at::linear(inputs[0].reshape({-1, depth}), inputs[1], bias_of(inputs, norm));
    y = activate(normalise(norm, y, frame.training), activation);
    return {y.view(with_batch(frame.batch, shape))};
  };
}

Function batch_matmul(const Site& site) {
  return [a = site.attributes<ir::MatmulAttributes>(), missing = missing_ranks(site)](const Tensors& inputs,
                                                                                      Frame&) -> Tensors {
    const at::Tensor left = aligned(inputs[0], missing[0]), right = aligned(inputs[1], missing[1]);
    return {at::matmul(a.transpose_a ? left.transpose(-1, -2) : left, a.transpose_b ? right.transpose(-1, -2) : right)};
  };
}

// How many positions of the input each window covers, [1, 1, OH, OW].
at::Tensor window_counts(const ir::PoolAttributes& a, const ir::Shape& in, const ir::Shape& out) {
  at::Tensor counts = at::empty({1, 1, out[1], out[2]});
  const auto covered = [](int32_t at, int32_t stride, int32_t pad, int32_t kernel, int32_t size) {
    const int32_t first = at * stride - pad;
    return std::min(first + kernel, size) - std::max(first, 0);
  };
  auto* count = counts.data_ptr<float>();
  for (int32_t y = 0; y < out[1]; ++y) {
    for (int32_t x = 0; x < out[2]; ++x) {
      *count++ = static_cast<float>(covered(y, a.stride_h, a.pad_top, a.kernel_h, in[1]) *
                                    covered(x, a.stride_w, a.pad_left, a.kernel_w, in[2]));
    }
  }
  return counts;
}

Function pool(const Site& site) {
  const auto& a = site.attributes<ir::PoolAttributes>();
  const auto shape = site.out().shape;
  const bool average = site.node.op == ir::Op::average_pool2d;
  const bool padded = !padding_of(a).none();
  const at::Tensor counts = average && padded ? window_counts(a, site.in(0).shape, shape) : at::Tensor();
  return [a, shape, average, counts](const Tensors& inputs, Frame& frame) -> Tensors {
    const std::vector<int64_t> kernel = {a.kernel_h, a.kernel_w}, stride = {a.stride_h, a.stride_w};
    at::Tensor x = to_channels_first(inputs[0]);
    x = padding_of(a).apply(x, average ? 0 : -std::numeric_limits<double>::infinity());
    at::Tensor y;
    if (!average) {
      y = at::max_pool2d(x, kernel, stride);
    } else if (counts.defined()) {
      y = at::avg_pool2d(x, kernel, stride, 0, false, true, 1) / counts;
    } else {
      y = at::avg_pool2d(x, kernel, stride);
    }
    return to_channels_last(activate(y, a.activation), shape, frame.batch);
  };
}

}  // namespace

Function layer_function(const Site& site) {
  switch (site.node.op) {
    case ir::Op::conv2d:
    case ir::Op::depthwise_conv2d:
      return convolution(site);
    case ir::Op::transpose_conv2d:
      return transposed_convolution(site);
    case ir::Op::fully_connected:
      return fully_connected(site);
    case ir::Op::batch_matmul:
      return batch_matmul(site);
    case ir::Op::average_pool2d:
    case ir::Op::max_pool2d:
      return pool(site);
    default:
      return nullptr;
  }
}

}  // namespace whit::learn
