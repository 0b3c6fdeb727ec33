// Reductions, and ops that move values only.
#include <algorithm>
#include <numeric>

#include "whit/ir/resize_positions.hpp"
#include "whit/learn/differentiable.hpp"

namespace whit::learn {
namespace {

// Dimension d of the graph is dimension d + 1 here.
template <typename T>
std::vector<int64_t> shifted(const std::vector<T>& axes) {
  std::vector<int64_t> dims;
  for (const T axis : axes) dims.push_back(axis + 1);
  return dims;
}

Function reduction(const Site& site) {
  const auto& a = site.attributes<ir::ReduceAttributes>();
  const bool nothing = a.axes.empty();
  return [op = site.node.op, dims = shifted(a.axes), keep = a.keep_dims, nothing](const Tensors& inputs,
                                                                                  Frame&) -> Tensors {
    if (nothing) return {inputs[0]};
    switch (op) {
      case ir::Op::mean:
        return {at::mean(inputs[0], dims, keep)};
      case ir::Op::sum:
        return {at::sum(inputs[0], dims, keep)};
      case ir::Op::reduce_max:
        return {at::amax(inputs[0], dims, keep)};
      default:
        return {at::amin(inputs[0], dims, keep)};
    }
  };
}

Function arg_extreme(const Site& site) {
  const auto& a = site.attributes<ir::ReduceAttributes>();
  return [largest = site.node.op == ir::Op::arg_max, dim = a.axes[0] + 1, keep = a.keep_dims,
          type = scalar_type(site, site.out().type)](const Tensors& inputs, Frame&) -> Tensors {
    return {(largest ? at::argmax(inputs[0], dim, keep) : at::argmin(inputs[0], dim, keep)).to(type)};
  };
}

Function transpose(const Site& site) {
  std::vector<int64_t> permutation = shifted(site.attributes<ir::TransposeAttributes>().permutation);
  permutation.insert(permutation.begin(), 0);
  return [permutation](const Tensors& inputs, Frame&) -> Tensors { return {inputs[0].permute(permutation)}; };
}

Function slice(const Site& site) {
  const auto& a = site.attributes<ir::SliceAttributes>();
  const ir::Shape from = site.in(0).shape, to = site.out().shape;
  return [a, from, to](const Tensors& inputs, Frame&) -> Tensors {
    at::Tensor x = inputs[0];
    for (size_t d = 0; d < from.size(); ++d) {
      const auto dim = static_cast<int64_t>(d) + 1;
      const int64_t last = a.begin[d] + int64_t{to[d] - 1} * a.stride[d];
      if (a.stride[d] > 0) {
        if (to[d] != from[d]) x = x.slice(dim, a.begin[d], last + 1, a.stride[d]);
      } else {
        x = x.slice(dim, last, a.begin[d] + 1, -a.stride[d]).flip({dim});
      }
    }
    return {x};
  };
}

Function pad(const Site& site) {
  const auto& a = site.attributes<ir::PadAttributes>();
  std::vector<int64_t> widths;  // last dimension first
  for (size_t d = a.before.size(); d-- > 0;) {
    widths.push_back(a.before[d]);
    widths.push_back(a.after[d]);
  }
  return [widths, value = a.value](const Tensors& inputs, Frame&) -> Tensors {
    return {at::constant_pad_nd(inputs[0], widths, value)};
  };
}

// Picks positions along dimensions: index[d], where it is defined, for dimension d of the graph.
Function pick(Tensors index) {
  return [index = std::move(index)](const Tensors& inputs, Frame&) -> Tensors {
    at::Tensor x = inputs[0];
    for (size_t d = 0; d < index.size(); ++d) {
      if (index[d].defined()) x = x.index_select(static_cast<int64_t>(d) + 1, index[d]);
    }
    return {x};
  };
}

Function mirror_pad(const Site& site) {
  const auto& a = site.attributes<ir::PadAttributes>();
  Tensors index(a.before.size());
  for (size_t d = 0; d < index.size(); ++d) {
    if (a.before[d] == 0 && a.after[d] == 0) continue;
    const int64_t size = site.in(0).shape[d], edge = a.symmetric ? 1 : 0;
    std::vector<int64_t> positions;
    for (int64_t i = -a.before[d]; i < size + a.after[d]; ++i) {
      positions.push_back(i < 0 ? -i - edge : (i < size ? i : 2 * size - 2 - i + edge));
    }
    index[d] = indices(positions);
  }
  return pick(std::move(index));
}

Function resize_nearest(const Site& site) {
  const auto& a = site.attributes<ir::ResizeAttributes>();
  Tensors index(4);
  for (size_t d = 1; d <= 2; ++d) {
    const std::vector<int32_t> positions = ir::nearest_positions(site.in(0).shape[d], site.out().shape[d], a);
    index[d] = indices({positions.begin(), positions.end()});
  }
  return pick(std::move(index));
}

Function resize_bilinear(const Site& site) {
  const auto& a = site.attributes<ir::ResizeAttributes>();
  struct Side {
    int64_t dim;
    at::Tensor lower, upper, fraction;
  };
  std::vector<Side> sides;
  for (size_t d = 1; d <= 2; ++d) {
    std::vector<int64_t> lower, upper;
    std::vector<float> fraction;
    for (const ir::BilinearPosition& p : ir::bilinear_positions(site.in(0).shape[d], site.out().shape[d], a)) {
      lower.push_back(p.lower), upper.push_back(p.upper), fraction.push_back(p.fraction);
    }
    // The fraction varies along dimension d; those behind it follow.
    std::vector<int64_t> shape(4 - d, 1);
    shape[0] = -1;
    sides.push_back({static_cast<int64_t>(d) + 1, indices(lower), indices(upper), at::tensor(fraction).view(shape)});
  }
  return [sides](const Tensors& inputs, Frame&) -> Tensors {
    at::Tensor x = inputs[0];
    for (const Side& side : sides) {
      x = x.index_select(side.dim, side.lower) * (1 - side.fraction) +
          x.index_select(side.dim, side.upper) * side.fraction;
    }
    return {x};
  };
}

Function tile(const Site& site) {
  std::vector<int64_t> repeats = {1};
  for (size_t d = 0; d < site.in(0).shape.size(); ++d) repeats.push_back(site.out().shape[d] / site.in(0).shape[d]);
  return [repeats](const Tensors& inputs, Frame&) -> Tensors { return {inputs[0].repeat(repeats)}; };
}

// A table that is a constant, by one list of indices for all samples or by each sample's own.
Function gather_from_constant(const Site& site) {
  const int64_t axis = site.attributes<ir::AxisAttributes>().axis, rank = site.in(1).shape.size();
  const bool own = !site.in(1).is_constant;
  const ir::Shape shape = site.out().shape;
  return [axis, rank, own, shape](const Tensors& inputs, Frame& frame) -> Tensors {
    const at::Tensor& table = inputs[0];
    const at::Tensor picked = table.index_select(axis, inputs[1].reshape({-1}).to(at::kLong));
    if (!own) return {picked.view(std::vector<int64_t>(shape.begin(), shape.end()))};
    // [before, N * indices, after] to [N, before, indices, after].
    std::vector<int64_t> dims(table.sizes().begin(), table.sizes().begin() + axis);
    dims.push_back(frame.batch);
    dims.insert(dims.end(), shape.begin() + axis, shape.begin() + axis + rank);
    dims.insert(dims.end(), table.sizes().begin() + axis + 1, table.sizes().end());
    return {picked.view(dims).movedim(axis, 0)};
  };
}

Function gather(const Site& site) {
  const auto& a = site.attributes<ir::AxisAttributes>();
  if (site.in(0).is_constant && a.batch_dims == 0) return gather_from_constant(site);
  const bool constant_table = site.in(0).is_constant, constant_indices = site.in(1).is_constant;
  const ir::Shape table = site.in(0).shape, index = site.in(1).shape, shape = site.out().shape;
  const auto batch_dims = a.batch_dims, axis = a.axis;
  return [=](const Tensors& inputs, Frame& frame) -> Tensors {
    // As [batches, before, positions, after] and [batches, indices].
    const auto product = [](auto begin, auto end) {
      return std::accumulate(begin, end, int64_t{1}, std::multiplies<>());
    };
    const auto each = [&](const at::Tensor& x, const ir::Shape& of, bool constant) {
      return constant ? x.unsqueeze(0).expand(with_batch(frame.batch, of)) : x;
    };
    const int64_t batches = frame.batch * product(table.begin(), table.begin() + batch_dims);
    const int64_t before = product(table.begin() + batch_dims, table.begin() + axis);
    const int64_t after = product(table.begin() + axis + 1, table.end());
    const int64_t count = product(index.begin() + batch_dims, index.end());
    const at::Tensor values = each(inputs[0], table, constant_table).reshape({batches, before, table[axis], after});
    const at::Tensor at = each(inputs[1], index, constant_indices).reshape({batches, 1, count, 1}).to(at::kLong);
    return {at::gather(values, 2, at.expand({batches, before, count, after})).reshape(with_batch(frame.batch, shape))};
  };
}

Function one_hot(const Site& site) {
  const int64_t axis = site.attributes<ir::AxisAttributes>().axis + 1;
  const int64_t depth = site.out().shape[static_cast<size_t>(axis) - 1];
  std::vector<int64_t> classes(site.out().shape.size() + 1, 1);
  classes[static_cast<size_t>(axis)] = depth;
  const at::Tensor numbers = at::arange(depth, at::kLong).view(classes);
  const std::vector<int64_t> scalar(classes.size(), 1);
  return [axis, numbers, scalar](const Tensors& inputs, Frame& frame) -> Tensors {
    const auto value = [&](const at::Tensor& x) {
      std::vector<int64_t> shape = scalar;
      shape[0] = frame.batch;
      return x.reshape(shape);
    };
    return {at::where(inputs[0].to(at::kLong).unsqueeze(axis) == numbers, value(inputs[1]), value(inputs[2]))};
  };
}

Function blocks(const Site& site) {
  const int64_t b = site.attributes<ir::BlockAttributes>().block;
  const ir::Shape in = site.in(0).shape, out = site.out().shape;
  if (site.node.op == ir::Op::space_to_depth) {
    return [=](const Tensors& inputs, Frame& frame) -> Tensors {
      const at::Tensor x = inputs[0].reshape({frame.batch * in[0], out[1], b, out[2], b, in[3]});
      return {x.permute({0, 1, 3, 2, 4, 5}).reshape(with_batch(frame.batch, out))};
    };
  }
  return [=](const Tensors& inputs, Frame& frame) -> Tensors {
    const at::Tensor x = inputs[0].reshape({frame.batch * in[0], in[1], in[2], b, b, out[3]});
    return {x.permute({0, 1, 3, 2, 4, 5}).reshape(with_batch(frame.batch, out))};
  };
}

}  // namespace

Function movement_function(const Site& site) {
  switch (site.node.op) {
    case ir::Op::mean:
    case ir::Op::sum:
    case ir::Op::reduce_max:
    case ir::Op::reduce_min:
      return reduction(site);
    case ir::Op::arg_max:
    case ir::Op::arg_min:
      return arg_extreme(site);
    case ir::Op::reshape:
      return [shape = site.out().shape](const Tensors& inputs, Frame& frame) -> Tensors {
        return {inputs[0].reshape(with_batch(frame.batch, shape))};
      };
    case ir::Op::transpose:
      return transpose(site);
    case ir::Op::concat:
      return [dim = site.attributes<ir::AxisAttributes>().axis + 1](const Tensors& inputs, Frame&) -> Tensors {
        return {at::cat(inputs, dim)};
      };
    case ir::Op::slice:
      return slice(site);
    case ir::Op::pad:
      return pad(site);
    case ir::Op::mirror_pad:
      return mirror_pad(site);
    case ir::Op::tile:
      return tile(site);
    case ir::Op::gather:
      return gather(site);
    case ir::Op::one_hot:
      return one_hot(site);
    case ir::Op::space_to_depth:
    case ir::Op::depth_to_space:
      return blocks(site);
    case ir::Op::resize_nearest:
      return resize_nearest(site);
    case ir::Op::resize_bilinear:
      return resize_bilinear(site);
    default:
      return nullptr;
  }
}

}  // namespace whit::learn
