// Values moved: by changing their layout where that is enough, else by a node; constants are moved here.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

Value moved(Constant constant, const Value& like) {
  Value value = constant_value(std::move(constant));
  if (like.scales) value.type = like.type, value.scales = like.scales;
  return value;
}

// Constants with a scale for each channel are moved as floats: only weights have such, and those are not moved.
Value movable(NodeImport& op, const Value& x) {
  return x.constant != nullptr && x.scales && x.scales->scale.size() > 1 ? op.dequantized(x) : x;
}

// The dimensions above 1, in groups of old and new ones with the same product: [2,12] to [2,3,4] is {2|2} {12|3,4}.
struct Group {
  std::vector<size_t> from, to;
};

std::vector<Group> groups_of(const ir::Shape& from, const ir::Shape& to) {
  std::vector<Group> groups;
  size_t i = 0, j = 0;
  const auto skip_ones = [](const ir::Shape& shape, size_t& at) {
    while (at < shape.size() && shape[at] == 1) ++at;
  };
  for (;;) {
    skip_ones(from, i);
    skip_ones(to, j);
    if (i == from.size() || j == to.size()) return groups;
    Group group{{i}, {j}};
    int64_t a = from[i++], b = to[j++];
    while (a != b) {
      if (a < b) {
        skip_ones(from, i);
        group.from.push_back(i);
        a *= from.at(i++);
      } else {
        skip_ones(to, j);
        group.to.push_back(j);
        b *= to.at(j++);
      }
    }
    groups.push_back(std::move(group));
  }
}

// True when the old dimensions of each group lie side by side in memory.
bool in_place(const std::vector<Group>& groups, const std::vector<size_t>& order) {
  return std::all_of(groups.begin(), groups.end(), [&](const Group& group) {
    const auto first = std::find(order.begin(), order.end(), group.from[0]);
    return order.end() - first >= static_cast<std::ptrdiff_t>(group.from.size()) &&
           std::equal(group.from.begin(), group.from.end(), first);
  });
}

}  // namespace

Value NodeImport::reshape(const Value& given, const ir::Shape& shape) {
  Value x = movable(*this, given);
  if (ir::elements(x.shape) != ir::elements(shape)) {
    bad(fmt::format("{} cannot become {}", ir::to_string(x.shape), ir::to_string(shape)));
  }
  if (x.shape == shape) return x;
  if (x.constant != nullptr) {
    Constant constant = *x.constant;
    constant.shape = shape;
    return moved(std::move(constant), x);
  }
  const std::vector<Group> groups = groups_of(x.shape, shape);
  if (!in_place(groups, memory_order(x.shape, x.layout))) x = plain_value(x);
  const std::vector<size_t> order = memory_order(x.shape, x.layout);
  Layout layout;
  layout.dims.assign(shape.size(), -1);
  const bool same = std::all_of(groups.begin(), groups.end(),
                                [](const Group& group) { return group.from.size() == 1 && group.to.size() == 1; });
  if (same) {
    layout.rank = x.layout.rank;
    for (const Group& group : groups) layout.dims[group.to[0]] = x.layout.dims[group.from[0]];
    return value_of(x.id, shape, layout, x);
  }
  for (const size_t d : order) {
    for (const Group& group : groups) {
      if (group.from[0] != d) continue;
      for (const size_t to : group.to) layout.dims[to] = layout.rank++;
    }
  }
  const std::vector<size_t> result = memory_order(shape, layout);
  if (std::is_sorted(result.begin(), result.end())) layout = plain_layout(shape.size());
  return value_of(add(ir::Op::reshape, {x.id}, {}, {physical(shape, layout)}), shape, layout, x);
}

Value NodeImport::transpose(const Value& x, const std::vector<int32_t>& permutation) {
  require(permutation.size() == x.rank(), "the permutation has another rank");
  Value result = x;
  std::vector<bool> seen(x.rank());
  for (size_t d = 0; d < x.rank(); ++d) {
    const auto from = static_cast<size_t>(axis(permutation[d], x.rank()));
    require(!seen[from], "the permutation repeats a dimension");
    seen[from] = true;
    result.shape[d] = x.shape[from];
    if (x.constant == nullptr) result.layout.dims[d] = x.layout.dims[from];
    if (x.scales && x.scales->axis == static_cast<int32_t>(from)) result.scales->axis = static_cast<int32_t>(d);
  }
  if (x.constant == nullptr) return result;
  std::vector<int64_t> steps(x.rank(), 1);
  for (size_t d = x.rank(); d-- > 1;) steps[d - 1] = steps[d] * x.shape[d];
  Constant constant = gathered(*x.constant, result.shape, where(), [&](int64_t i) {
    int64_t from = 0;
    for (size_t d = result.rank(); d-- > 0;) {
      from += i % result.shape[d] * steps[static_cast<size_t>(permutation[d])];
      i /= result.shape[d];
    }
    return from;
  });
  result.constant = std::make_shared<Constant>(std::move(constant));
  return result;
}

Value NodeImport::slice(const Value& given, const std::vector<int32_t>& begin, const std::vector<int32_t>& stride,
                        const ir::Shape& shape) {
  const Value x = movable(*this, given);
  bool whole = x.shape == shape;
  for (size_t d = 0; d < x.rank(); ++d) whole = whole && begin[d] == 0 && (stride[d] == 1 || shape[d] == 1);
  if (whole) return x;
  if (x.constant != nullptr) {
    std::vector<int64_t> steps(x.rank(), 1);
    for (size_t d = x.rank(); d-- > 1;) steps[d - 1] = steps[d] * x.shape[d];
    return moved(gathered(*x.constant, shape, where(),
                          [&](int64_t i) {
                            int64_t from = 0;
                            for (size_t d = shape.size(); d-- > 0;) {
                              from += (begin[d] + i % shape[d] * stride[d]) * steps[d];
                              i /= shape[d];
                            }
                            return from;
                          }),
                 x);
  }
  if (ir::elements(shape) == 0) return constant_value(make_constant(x.type, shape, where()));
  ir::SliceAttributes a;
  a.begin.assign(static_cast<size_t>(x.layout.rank), 0);
  a.stride.assign(static_cast<size_t>(x.layout.rank), 1);
  for (size_t d = 0; d < x.rank(); ++d) {
    if (x.layout.dims[d] < 0) continue;
    a.begin[static_cast<size_t>(x.layout.dims[d])] = begin[d];
    a.stride[static_cast<size_t>(x.layout.dims[d])] = stride[d];
  }
  return value_of(add(ir::Op::slice, {x.id}, a, {physical(shape, x.layout)}), shape, x.layout, x);
}

Value NodeImport::slice_axis(const Value& x, int32_t axis, int32_t begin, int32_t size) {
  std::vector<int32_t> begins(x.rank(), 0);
  ir::Shape shape = x.shape;
  begins[static_cast<size_t>(axis)] = begin;
  shape[static_cast<size_t>(axis)] = size;
  return slice(x, begins, std::vector<int32_t>(x.rank(), 1), shape);
}

Value NodeImport::concat(std::vector<Value> values, int32_t axis) {
  const auto at = static_cast<size_t>(axis);
  ir::Shape shape = values[0].shape;
  int64_t total = 0;
  bool constant = true;
  std::erase_if(values, [](const Value& x) { return x.rank() == 1 && x.shape[0] == 0; });
  if (values.empty()) bad("a concatenation of nothing");
  for (Value& x : values) {
    x = movable(*this, x);
    require(x.rank() == values[0].rank() && x.type == values[0].type, "inputs differ in rank or type");
    for (size_t d = 0; d < x.rank(); ++d)
      require(d == at || x.shape[d] == values[0].shape[d], "inputs differ off the axis");
    total += x.shape[at];
    constant = constant && x.constant != nullptr;
  }
  shape = values[0].shape;
  shape[at] = checked_shape({total}, 1, where())[0];
  if (constant) {
    const bool scales = values[0].scales.has_value();
    Constant result = make_constant(values[0].constant->type, shape, where());
    int64_t outer = 1;
    for (size_t d = 0; d < at; ++d) outer *= shape[d];
    auto to = result.bytes.begin();
    for (int64_t o = 0; o < outer; ++o) {
      for (const Value& x : values) {
        require(x.scales.has_value() == scales && x.scales == values[0].scales,
                "inputs that are quantized differently");
        const auto part = static_cast<int64_t>(x.constant->bytes.size()) / outer;
        to = std::copy_n(x.constant->bytes.begin() + o * part, part, to);
      }
    }
    return moved(std::move(result), values[0]);
  }
  const Value* like = nullptr;
  for (Value& x : values) {
    if (x.constant == nullptr && x.layout.dims[at] < 0) x = plain_value(x);
    if (x.constant != nullptr) continue;
    const std::vector<size_t> order = memory_order(x.shape, x.layout);
    if (like == nullptr || !std::is_sorted(order.begin(), order.end())) like = &x;
  }
  const Layout layout = like->layout;
  std::vector<ir::TensorId> ids;
  for (const Value& x : values) ids.push_back(tensor(x, layout));
  ir::AxisAttributes attributes;
  attributes.axis = layout.dims[at];
  return value_of(add(ir::Op::concat, ids, attributes), shape, layout, *like);
}

Value NodeImport::expand(const Value& given, const ir::Shape& shape) {
  Value x = movable(*this, given);
  if (x.shape == shape) return x;
  const size_t more = shape.size() - x.rank();
  Value wide = reshape(x, [&] {
    ir::Shape padded = x.shape;
    padded.insert(padded.begin(), more, 1);
    return padded;
  }());
  for (size_t d = 0; d < shape.size(); ++d) {
    require(wide.shape[d] == shape[d] || (wide.shape[d] > 0 && shape[d] % wide.shape[d] == 0),
            "the shape is no multiple of the input's");
    if (wide.constant == nullptr && wide.shape[d] != shape[d] && wide.layout.dims[d] < 0) wide = plain_value(wide);
  }
  if (wide.constant != nullptr) {
    std::vector<int64_t> steps(wide.rank(), 1);
    for (size_t d = wide.rank(); d-- > 1;) steps[d - 1] = steps[d] * wide.shape[d];
    return moved(gathered(*wide.constant, shape, where(),
                          [&](int64_t i) {
                            int64_t from = 0;
                            for (size_t d = shape.size(); d-- > 0;) {
                              from += i % shape[d] % wide.shape[d] * steps[d];
                              i /= shape[d];
                            }
                            return from;
                          }),
                 wide);
  }
  require(ir::elements(shape) > 0, "the result is empty");
  // One dimension a node where many grow: a copy of too many dimensions has no kernel.
  Value grown = wide;
  const size_t count =
      static_cast<size_t>(std::count_if(shape.begin(), shape.end(), [](int32_t dim) { return dim != 1; }));
  for (size_t d = 0; d < shape.size(); ++d) {
    if (grown.shape[d] == shape[d]) continue;
    grown.shape[d] = shape[d];
    if (count <= 3) grown.shape = shape;
    grown.id = add(ir::Op::tile, {grown.id}, {}, {physical(grown.shape, grown.layout)});
  }
  return grown;
}

Value NodeImport::pad(const Value& x, std::vector<int32_t> before, std::vector<int32_t> after, float value) {
  // A negative padding cuts.
  std::vector<int32_t> begin(x.rank(), 0);
  ir::Shape cut = x.shape;
  for (size_t d = 0; d < x.rank(); ++d) {
    begin[d] = std::max(0, -before[d]);
    cut[d] -= begin[d] + std::max(0, -after[d]);
    require(cut[d] > 0 && begin[d] < x.shape[d], "a negative padding leaves nothing");
    before[d] = std::max(0, before[d]), after[d] = std::max(0, after[d]);
  }
  Value y = slice(x, begin, std::vector<int32_t>(x.rank(), 1), cut);
  ir::Shape shape = y.shape;
  for (size_t d = 0; d < y.rank(); ++d) {
    shape[d] = checked_shape({int64_t{shape[d]} + before[d] + after[d]}, 1, where())[0];
    if (y.constant == nullptr && y.layout.dims[d] < 0 && shape[d] != 1) y = plain_value(y);
  }
  if (shape == y.shape) return y;
  if (y.constant != nullptr) unsupported("padding of a constant");
  ir::PadAttributes a;
  a.before.assign(static_cast<size_t>(y.layout.rank), 0);
  a.after = a.before;
  for (size_t d = 0; d < y.rank(); ++d) {
    if (y.layout.dims[d] < 0) continue;
    a.before[static_cast<size_t>(y.layout.dims[d])] = before[d];
    a.after[static_cast<size_t>(y.layout.dims[d])] = after[d];
  }
  a.value = value;
  if (y.scales) {
    const float stored = std::nearbyint(value / y.scales->scale[0]) + static_cast<float>(y.scales->zero_point[0]);
    a.value = std::clamp(stored, -128.0f, 127.0f);
  }
  return value_of(add(ir::Op::pad, {y.id}, a, {physical(shape, y.layout)}), shape, y.layout, y);
}

Value NodeImport::cast(const Value& given, int32_t type) {
  const Value x = dequantized(given);
  if (x.type == type) return x;
  if (x.constant != nullptr) {
    Constant result = make_constant(type, x.shape, where());
    for (int64_t i = 0; i < result.count(); ++i) {
      if (type == TensorProto::BOOL) {
        result.set(i, int64_t{x.constant->real(i) != 0 ? 1 : 0});
      } else if (is_real(x.type)) {
        is_real(type) ? result.set(i, x.constant->real(i)) : result.set(i, std::trunc(x.constant->real(i)));
      } else {
        is_real(type) ? result.set(i, x.constant->real(i)) : result.set(i, x.constant->integer(i));
      }
    }
    return constant_value(std::move(result));
  }
  Result result;
  result.type.emplace();
  if (!to_dtype(type, *result.type)) {
    unsupported(fmt::format("a cast to {}", name_of_type(type)), "supported: float32, int8, int32, int64, bool");
  }
  Value value = value_of(add(ir::Op::cast, {x.id}, {}, result), x.shape, x.layout, x);
  value.type = type;
  return value;
}

Value NodeImport::reduce(ir::Op op, const Value& x, std::vector<int32_t> axes, bool keep_dims, const Result& result) {
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  const Value y = x.constant == nullptr ? x : value_of(plain(x), x.shape, plain_layout(x.rank()), x);
  ir::ReduceAttributes attributes;
  attributes.keep_dims = true;
  ir::Shape kept = y.shape;
  for (const int32_t axis : axes) {
    kept[static_cast<size_t>(axis)] = 1;
    if (y.layout.dims[static_cast<size_t>(axis)] >= 0)
      attributes.axes.push_back(y.layout.dims[static_cast<size_t>(axis)]);
  }
  std::sort(attributes.axes.begin(), attributes.axes.end());
  Value reduced = y;
  if (!attributes.axes.empty()) {
    reduced = value_of(add(op, {y.id}, attributes, result), kept, y.layout, y);
    if (result.scales) reduced.scales = result.scales;
  } else if (result.scales) {
    reduced = requantized(y, *result.scales);
  }
  if (keep_dims) return reduced;
  ir::Shape shape;
  for (size_t d = 0; d < y.rank(); ++d) {
    if (std::find(axes.begin(), axes.end(), static_cast<int32_t>(d)) == axes.end()) shape.push_back(y.shape[d]);
  }
  return reshape(reduced, shape);
}

}  // namespace whit::onnx
