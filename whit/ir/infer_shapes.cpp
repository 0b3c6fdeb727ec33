#include <fmt/format.h>

#include <algorithm>

#include "whit/ir/infer_rules.hpp"

namespace whit::ir {
namespace {

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
    case Op::tree_ensemble:
      return tree_ensemble_shape(x);
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
