#include "whit/ir/infer_rules.hpp"

namespace whit::ir {
namespace {

// Positions of a window of `kernel` taps in `size` elements.
int32_t windows(const Inference& x, int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_before,
                int64_t pad_after) {
  const int64_t reach = (kernel - 1) * dilation + 1;
  const int64_t room = size + pad_before + pad_after - reach;
  if (room < 0) x.fail(fmt::format("a window of {} does not fit into {}", reach, size + pad_before + pad_after));
  return checked(x, room / stride + 1);
}

void check_bias(const Inference& x, int32_t channels) {
  if (x.has(2) && x.in(2) != Shape{channels}) {
    x.fail(fmt::format("bias of shape {} for {} channels", to_string(x.in(2)), channels));
  }
}

void require_shape(const Inference& x, size_t i, const Shape& shape) {
  if (x.has(i) && x.in(i) != shape) {
    x.fail(fmt::format("input {} has the shape {}, but needs {}", i, to_string(x.in(i)), to_string(shape)));
  }
}

}  // namespace

Shape conv_shape(const Inference& x) {
  const auto& a = attributes<ConvAttributes>(x.node);
  x.require_rank(0, 4);
  x.require_rank(1, 4);
  check_positive(x, {a.stride_h, a.stride_w, a.dilation_h, a.dilation_w}, "stride or dilation");
  check_pads(x, {a.pad_top, a.pad_bottom, a.pad_left, a.pad_right});
  const Shape &i = x.in(0), &w = x.in(1);
  const bool depthwise = x.node.op == Op::depthwise_conv2d;
  const int32_t channels = depthwise ? w[3] : w[0];
  if (depthwise) {
    x.require(w[0] == 1, "depthwise weights need the shape [1,KH,KW,C]");
    x.require(w[3] % i[3] == 0, "depthwise weights have channels that are no multiple of the input's");
  } else {
    x.require(w[3] == i[3], "weights and input differ in channels");
  }
  check_bias(x, channels);
  return {i[0], windows(x, i[1], w[1], a.stride_h, a.dilation_h, a.pad_top, a.pad_bottom),
          windows(x, i[2], w[2], a.stride_w, a.dilation_w, a.pad_left, a.pad_right), channels};
}

Shape transpose_conv_shape(const Inference& x) {
  const auto& a = attributes<ConvAttributes>(x.node);
  x.require_rank(0, 4);
  x.require_rank(1, 4);
  check_positive(x, {a.stride_h, a.stride_w}, "stride");
  x.require(a.dilation_h == 1 && a.dilation_w == 1, "a dilated transposed convolution");
  check_pads(x, {a.pad_top, a.pad_left});
  // At the far side the output may be longer than what the taps reach: the rest is bias only.
  x.require(a.pad_bottom > -0xFFFF && a.pad_right > -0xFFFF, "padding out of range");
  const Shape &i = x.in(0), &w = x.in(1);
  x.require(w[3] == i[3], "weights and input differ in channels");
  check_bias(x, w[0]);
  const auto extent = [&](int64_t in, int64_t stride, int64_t kernel, int64_t before, int64_t after) {
    return checked(x, (in - 1) * stride + kernel - before - after);
  };
  return {i[0], extent(i[1], a.stride_h, w[1], a.pad_top, a.pad_bottom),
          extent(i[2], a.stride_w, w[2], a.pad_left, a.pad_right), w[0]};
}

Shape fully_connected_shape(const Inference& x) {
  x.require_rank(1, 2);
  const Shape &i = x.in(0), &w = x.in(1), &o = x.out();
  x.require(elements(i) % w[1] == 0, "the input's elements are no multiple of the weights' depth");
  x.require(!o.empty() && o.back() == w[0] && elements(o) == elements(i) / w[1] * w[0],
            "the output's shape does not follow from input and weights");
  check_bias(x, w[0]);
  return o;
}

Shape pool_shape(const Inference& x) {
  const auto& a = attributes<PoolAttributes>(x.node);
  x.require_rank(0, 4);
  check_positive(x, {a.kernel_h, a.kernel_w, a.stride_h, a.stride_w}, "window or stride");
  check_pads(x, {a.pad_top, a.pad_bottom, a.pad_left, a.pad_right});
  x.require(a.pad_top < a.kernel_h && a.pad_bottom < a.kernel_h && a.pad_left < a.kernel_w && a.pad_right < a.kernel_w,
            "a window that lies in the padding only");
  const Shape& i = x.in(0);
  return {i[0], windows(x, i[1], a.kernel_h, a.stride_h, 1, a.pad_top, a.pad_bottom),
          windows(x, i[2], a.kernel_w, a.stride_w, 1, a.pad_left, a.pad_right), i[3]};
}

std::vector<Shape> recurrent_shapes(const Inference& x) {
  const bool lstm = x.node.op == Op::lstm;
  const size_t gates = lstm ? 4 : 3;
  x.require_rank(0, 3);
  x.require_rank(1, 2);
  const int32_t depth = x.in(0)[2], units = x.in(1)[0];
  const int32_t batch = x.in(0)[attributes<RecurrentAttributes>(x.node).time_major ? 1 : 0];
  for (size_t g = 0; g < gates; ++g) {
    require_shape(x, 1 + g, {units, depth});
    require_shape(x, 1 + gates + g, {units, units});
  }
  const size_t first_state = lstm ? LstmInput::hidden : GruInput::hidden;
  for (size_t i = 1 + 2 * gates; i < first_state; ++i) require_shape(x, i, {units});
  for (size_t i = first_state; i < x.node.inputs.size(); ++i) require_shape(x, i, {batch, units});
  std::vector<Shape> shapes = {x.in(0), {batch, units}};
  shapes[0][2] = units;
  if (lstm) shapes.push_back({batch, units});
  return shapes;
}

std::vector<Shape> svdf_shapes(const Inference& x) {
  x.require_rank(0, 2);
  x.require_rank(1, 2);
  x.require_rank(2, 2);
  const int32_t rank = attributes<SvdfAttributes>(x.node).rank, filters = x.in(1)[0], batch = x.in(0)[0];
  x.require(rank >= 1 && filters % rank == 0, "the filters are no multiple of the rank");
  require_shape(x, 1, {filters, x.in(0)[1]});
  require_shape(x, 2, {filters, x.in(2)[1]});
  require_shape(x, 3, {filters / rank});
  const Shape state = {batch, checked(x, int64_t{filters} * x.in(2)[1])};
  require_shape(x, 4, state);
  return {{batch, filters / rank}, state};
}

Shape tree_ensemble_shape(const Inference& x) {
  x.require_rank(TreeInput::features, 2);
  x.require_rank(TreeInput::trees, 2);
  x.require_rank(TreeInput::split_features, 1);
  x.require_rank(TreeInput::leaves, 2);
  x.require_rank(TreeInput::base, 1);
  const int32_t nodes = x.in(TreeInput::split_features)[0];
  require_shape(x, TreeInput::trees, {x.in(TreeInput::trees)[0], 2});
  require_shape(x, TreeInput::thresholds, {nodes});
  require_shape(x, TreeInput::children, {nodes, 2});
  return {x.in(TreeInput::features)[0], x.in(TreeInput::base)[0]};
}

}  // namespace whit::ir
