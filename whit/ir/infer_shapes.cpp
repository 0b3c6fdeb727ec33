#include <fmt/format.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/ir/verify.hpp"

namespace whit::ir {
namespace {

// The node in hand, with what each rule needs of it.
struct Inference {
  const Graph& graph;
  const Node& node;

  const Shape& in(size_t i) const { return graph.tensor(node.inputs[i]).shape; }
  const Shape& out() const { return graph.tensor(node.outputs[0]).shape; }
  bool has(size_t i) const { return i < node.inputs.size() && node.inputs[i] != kNoTensor; }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::bad_input, what, place_of(graph, node));
  }
  void require(bool good, const char* what) const {
    if (!good) fail(what);
  }
  void require_rank(size_t i, size_t rank) const {
    if (in(i).size() != rank) fail(fmt::format("input {} has shape {}, but needs rank {}", i, to_string(in(i)), rank));
  }
};

int32_t checked(const Inference& x, int64_t dim) {
  if (dim < 1 || dim > 0x7FFFFFFF) x.fail(fmt::format("the output would have a dimension of {}", dim));
  return static_cast<int32_t>(dim);
}

// Positions of a window of `kernel` taps in `size` elements.
int32_t windows(const Inference& x, int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_before,
                int64_t pad_after) {
  const int64_t reach = (kernel - 1) * dilation + 1;
  const int64_t room = size + pad_before + pad_after - reach;
  if (room < 0) x.fail(fmt::format("a window of {} does not fit into {}", reach, size + pad_before + pad_after));
  return checked(x, room / stride + 1);
}

void check_positive(const Inference& x, std::initializer_list<int32_t> values, const char* what) {
  for (const int32_t value : values) {
    if (value < 1 || value > 0xFFFF) x.fail(fmt::format("{} of {}", what, value));
  }
}

void check_pads(const Inference& x, std::initializer_list<int32_t> values) {
  for (const int32_t value : values) {
    if (value < 0 || value > 0xFFFF) x.fail(fmt::format("padding of {}", value));
  }
}

void check_bias(const Inference& x, int32_t channels) {
  if (x.has(2) && x.in(2) != Shape{channels}) {
    x.fail(fmt::format("bias of shape {} for {} channels", to_string(x.in(2)), channels));
  }
}

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

Shape batch_matmul_shape(const Inference& x) {
  const auto& a = attributes<MatmulAttributes>(x.node);
  const Shape &l = x.in(0), &r = x.in(1);
  x.require(l.size() >= 2 && r.size() >= 2, "a matrix product needs at least two dimensions");
  const size_t ln = l.size(), rn = r.size(), rank = std::max(ln, rn);
  const int32_t rows = l[ln - (a.transpose_a ? 1 : 2)], depth = l[ln - (a.transpose_a ? 2 : 1)];
  const int32_t depth_b = r[rn - (a.transpose_b ? 1 : 2)], columns = r[rn - (a.transpose_b ? 2 : 1)];
  x.require(depth == depth_b, "the matrices do not fit");
  Shape shape(rank);
  for (size_t i = 0; i + 2 < rank; ++i) {
    const size_t back = rank - i;  // distance from the end
    const int32_t dl = back <= ln ? l[ln - back] : 1, dr = back <= rn ? r[rn - back] : 1;
    x.require(dl == dr || dl == 1 || dr == 1, "the batches do not fit");
    shape[i] = std::max(dl, dr);
  }
  shape[rank - 2] = rows;
  shape[rank - 1] = columns;
  return shape;
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

Shape broadcast_shape(const Inference& x, size_t first) {
  Shape shape;
  for (size_t k = first; k < x.node.inputs.size(); ++k) {
    const Shape& s = x.in(k);
    if (s.size() > shape.size()) shape.insert(shape.begin(), s.size() - shape.size(), 1);
    for (size_t i = 0; i < s.size(); ++i) {
      int32_t& dim = shape[shape.size() - s.size() + i];
      if (dim != s[i] && dim != 1 && s[i] != 1) x.fail(fmt::format("shapes do not broadcast: {}", to_string(s)));
      if (dim == 1) dim = s[i];
    }
  }
  return shape;
}

Shape reduce_shape(const Inference& x) {
  const auto& a = attributes<ReduceAttributes>(x.node);
  const Shape& i = x.in(0);
  int32_t last = -1;
  for (const int32_t axis : a.axes) {
    x.require(axis > last && axis < static_cast<int32_t>(i.size()), "axes need to be sorted and within the rank");
    last = axis;
  }
  x.require((x.node.op != Op::arg_max && x.node.op != Op::arg_min) || a.axes.size() == 1, "arg_max needs one axis");
  Shape shape;
  for (int32_t d = 0; d < static_cast<int32_t>(i.size()); ++d) {
    const bool reduced = std::find(a.axes.begin(), a.axes.end(), d) != a.axes.end();
    if (!reduced) shape.push_back(i[static_cast<size_t>(d)]);
    if (reduced && a.keep_dims) shape.push_back(1);
  }
  return shape;
}

size_t axis_of(const Inference& x, int32_t axis, size_t rank) {
  if (axis < 0 || static_cast<size_t>(axis) >= rank) x.fail(fmt::format("axis {} of rank {}", axis, rank));
  return static_cast<size_t>(axis);
}

Shape concat_shape(const Inference& x) {
  Shape shape = x.in(0);
  const size_t axis = axis_of(x, attributes<AxisAttributes>(x.node).axis, shape.size());
  int64_t total = shape[axis];
  for (size_t k = 1; k < x.node.inputs.size(); ++k) {
    const Shape& s = x.in(k);
    x.require(s.size() == shape.size(), "inputs differ in rank");
    for (size_t i = 0; i < s.size(); ++i) x.require(i == axis || s[i] == shape[i], "inputs differ off the axis");
    total += s[axis];
  }
  shape[axis] = checked(x, total);
  return shape;
}

Shape slice_shape(const Inference& x) {
  const auto& a = attributes<SliceAttributes>(x.node);
  const Shape &i = x.in(0), &o = x.out();
  x.require(a.begin.size() == i.size() && a.stride.size() == i.size() && o.size() == i.size(), "ranks differ");
  for (size_t d = 0; d < i.size(); ++d) {
    const int64_t last = a.begin[d] + static_cast<int64_t>(o[d] - 1) * a.stride[d];
    x.require(a.stride[d] != 0 && a.begin[d] >= 0 && a.begin[d] < i[d] && last >= 0 && last < i[d],
              "the slice reaches outside its input");
  }
  return o;
}

Shape pad_shape(const Inference& x) {
  const auto& a = attributes<PadAttributes>(x.node);
  Shape shape = x.in(0);
  x.require(a.before.size() == shape.size() && a.after.size() == shape.size(),
            "a padding for each dimension is needed");
  const bool mirror = x.node.op == Op::mirror_pad;
  for (size_t d = 0; d < shape.size(); ++d) {
    x.require(a.before[d] >= 0 && a.after[d] >= 0, "padding below zero");
    const int32_t most = a.symmetric ? shape[d] : shape[d] - 1;
    x.require(!mirror || (a.before[d] <= most && a.after[d] <= most), "mirrored padding longer than the input");
    shape[d] = checked(x, int64_t{shape[d]} + a.before[d] + a.after[d]);
  }
  return shape;
}

Shape transpose_shape(const Inference& x) {
  const auto& p = attributes<TransposeAttributes>(x.node).permutation;
  const Shape& i = x.in(0);
  x.require(p.size() == i.size(), "the permutation has another rank");
  std::vector<bool> seen(p.size());
  Shape shape;
  for (const int32_t d : p) {
    const size_t source = axis_of(x, d, i.size());
    x.require(!seen[source], "the permutation repeats a dimension");
    seen[source] = true;
    shape.push_back(i[source]);
  }
  return shape;
}

Shape tile_shape(const Inference& x) {
  const Shape &i = x.in(0), &o = x.out();
  x.require(i.size() == o.size(), "ranks differ");
  for (size_t d = 0; d < i.size(); ++d) x.require(o[d] % i[d] == 0, "the output is no multiple of the input");
  return o;
}

Shape gather_shape(const Inference& x) {
  const auto& a = attributes<AxisAttributes>(x.node);
  const Shape &p = x.in(0), &indices = x.in(1);
  const size_t axis = axis_of(x, a.axis, p.size());
  x.require(a.batch_dims >= 0 && static_cast<size_t>(a.batch_dims) <= std::min(axis, indices.size()), "batch_dims");
  const auto batch = static_cast<size_t>(a.batch_dims);
  for (size_t d = 0; d < batch; ++d) x.require(p[d] == indices[d], "the batches differ");
  Shape shape(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), indices.begin() + static_cast<std::ptrdiff_t>(batch), indices.end());
  shape.insert(shape.end(), p.begin() + static_cast<std::ptrdiff_t>(axis) + 1, p.end());
  return shape;
}

Shape one_hot_shape(const Inference& x) {
  const Shape& o = x.out();
  const size_t axis = axis_of(x, attributes<AxisAttributes>(x.node).axis, x.in(0).size() + 1);
  x.require(o.size() == x.in(0).size() + 1, "the output needs one dimension more than the indices");
  Shape shape = x.in(0);
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), o[axis]);
  x.require(elements(x.in(1)) == 1 && elements(x.in(2)) == 1, "the on and off values need one element");
  return shape;
}

Shape block_shape(const Inference& x) {
  const int32_t b = attributes<BlockAttributes>(x.node).block;
  x.require_rank(0, 4);
  check_positive(x, {b}, "block");
  const Shape& i = x.in(0);
  if (x.node.op == Op::space_to_depth) {
    x.require(i[1] % b == 0 && i[2] % b == 0, "height and width are no multiple of the block");
    return {i[0], i[1] / b, i[2] / b, checked(x, int64_t{i[3]} * b * b)};
  }
  x.require(i[3] % (int64_t{b} * b) == 0, "the channels are no multiple of the squared block");
  return {i[0], checked(x, int64_t{i[1]} * b), checked(x, int64_t{i[2]} * b), i[3] / (b * b)};
}

Shape resize_shape(const Inference& x) {
  x.require_rank(0, 4);
  const Shape &i = x.in(0), &o = x.out();
  x.require(o.size() == 4, "the output needs rank 4");
  return {i[0], o[1], o[2], i[3]};
}

Shape same_shape(const Inference& x) { return x.in(0); }
Shape binary_shape(const Inference& x) { return broadcast_shape(x, 0); }

Shape prelu_shape(const Inference& x) {
  Shape shape = broadcast_shape(x, 0);
  x.require(shape == x.in(0), "the slopes do not broadcast to the input");
  return shape;
}

Shape reshape_shape(const Inference& x) {
  if (elements(x.in(0)) != elements(x.out())) {
    x.fail(fmt::format("{} elements cannot become the shape {}", elements(x.in(0)), to_string(x.out())));
  }
  return x.out();
}

void require_shape(const Inference& x, size_t i, const Shape& shape) {
  if (x.has(i) && x.in(i) != shape) {
    x.fail(fmt::format("input {} has the shape {}, but needs {}", i, to_string(x.in(i)), to_string(shape)));
  }
}

// lstm and gru: the sequence, then one state or two.
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

Shape output_shape(const Inference& x) {
  switch (x.node.op) {
    case Op::conv2d:
    case Op::depthwise_conv2d:
      return conv_shape(x);
    case Op::transpose_conv2d:
      return transpose_conv_shape(x);
    case Op::fully_connected:
      return fully_connected_shape(x);
    case Op::batch_matmul:
      return batch_matmul_shape(x);
    case Op::average_pool2d:
    case Op::max_pool2d:
      return pool_shape(x);
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
      return binary_shape(x);
    case Op::prelu:
      return prelu_shape(x);
    case Op::mean:
    case Op::sum:
    case Op::reduce_max:
    case Op::reduce_min:
    case Op::arg_max:
    case Op::arg_min:
      return reduce_shape(x);
    case Op::reshape:
      return reshape_shape(x);
    case Op::transpose:
      return transpose_shape(x);
    case Op::concat:
      return concat_shape(x);
    case Op::slice:
      return slice_shape(x);
    case Op::pad:
    case Op::mirror_pad:
      return pad_shape(x);
    case Op::tile:
      return tile_shape(x);
    case Op::gather:
      return gather_shape(x);
    case Op::one_hot:
      return one_hot_shape(x);
    case Op::space_to_depth:
    case Op::depth_to_space:
      return block_shape(x);
    case Op::resize_nearest:
    case Op::resize_bilinear:
      return resize_shape(x);
    case Op::read_variable: {
      const auto variable = static_cast<size_t>(attributes<VariableAttributes>(x.node).variable);
      return x.graph.variables[variable].shape;
    }
    default:
      return same_shape(x);
  }
}

}  // namespace

std::vector<Shape> infer_shapes(const Graph& graph, const Node& node) {
  verify_operands(graph, node);
  const Inference x{graph, node};
  if (node.op == Op::assign_variable) {
    const auto variable = static_cast<size_t>(attributes<VariableAttributes>(node).variable);
    x.require(x.in(0) == graph.variables[variable].shape, "the value and the variable differ in shape");
    return {};
  }
  if (node.op == Op::lstm || node.op == Op::gru) return recurrent_shapes(x);
  if (node.op == Op::svdf) return svdf_shapes(x);
  const Shape shape = output_shape(x);
  x.require(shape.size() <= static_cast<size_t>(kMaxRank), "the output would have too many dimensions");
  return {shape};
}

}  // namespace whit::ir
