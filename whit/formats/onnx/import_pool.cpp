// Windows, and the pools over them.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "whit/formats/onnx/window.hpp"

namespace whit::onnx {

Window window_of(NodeImport& op, const std::vector<int32_t>& size, const std::vector<int32_t>& kernel) {
  const size_t n = size.size();
  const std::string auto_pad = op.text("auto_pad", "NOTSET");
  std::vector<int64_t> kernels = op.integers("kernel_shape"), strides = op.integers("strides"),
                       dilations = op.integers("dilations"), pads = op.integers("pads");
  if (kernels.empty()) kernels.assign(kernel.begin(), kernel.end());
  if (strides.empty()) strides.assign(n, 1);
  if (dilations.empty()) dilations.assign(n, 1);
  if (pads.empty() || auto_pad != "NOTSET") pads.assign(2 * n, 0);
  op.require(kernels.size() == n && strides.size() == n && dilations.size() == n && pads.size() == 2 * n,
             "an attribute with another number of dimensions than the image");
  op.require(kernel.empty() || std::equal(kernels.begin(), kernels.end(), kernel.begin()),
             "kernel_shape is not that of the weights");
  Window window;
  for (size_t k = 0; k < n; ++k) {
    const size_t at = k + 3 - n;
    for (const int64_t value : {kernels[k], strides[k], dilations[k]}) {
      if (value < 1 || value > 0xFFFF) op.bad(fmt::format("a window, stride or dilation of {}", value));
    }
    for (const int64_t value : {pads[k], pads[k + n]}) {
      if (value < -0xFFFF || value > 0xFFFF) op.bad(fmt::format("a padding of {}", value));
    }
    window.size[at] = size[k];
    window.kernel[at] = kernels[k], window.stride[at] = strides[k], window.dilation[at] = dilations[k];
    window.before[at] = pads[k], window.after[at] = pads[k + n];
    if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      const int64_t positions = (size[k] + strides[k] - 1) / strides[k];
      const int64_t total =
          std::max<int64_t>(0, (positions - 1) * strides[k] + (kernels[k] - 1) * dilations[k] + 1 - size[k]);
      window.before[at] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.after[at] = total - window.before[at];
    } else if (auto_pad != "NOTSET" && auto_pad != "VALID") {
      op.bad(fmt::format("auto_pad '{}'", auto_pad));
    }
  }
  return window;
}

Value crop(NodeImport& op, const Value& x, const Window& window) {
  std::vector<int32_t> before(x.rank(), 0), after(x.rank(), 0);
  for (size_t d = 2; d < x.rank(); ++d) {
    const size_t at = d + 3 - x.rank();
    before[d] = static_cast<int32_t>(std::min<int64_t>(0, window.before[at]));
    after[d] = static_cast<int32_t>(std::min<int64_t>(0, window.after[at]));
  }
  return op.pad(x, before, after, 0);
}

Window plane_of(const Window& window) {
  Window plane = window;
  plane.size[0] = plane.kernel[0] = plane.stride[0] = plane.dilation[0] = 1;
  plane.before[0] = plane.after[0] = 0;
  return plane;
}

Window depth_of(const Window& w) {
  Window window;
  window.size[1] = w.size[0], window.kernel[1] = w.kernel[0], window.stride[1] = w.stride[0];
  window.dilation[1] = w.dilation[0], window.before[1] = w.before[0], window.after[1] = w.after[0];
  return window;
}

Value as_images(NodeImport& op, const Value& x) {
  const ir::Shape& s = x.shape;
  return op.reshape(op.transpose(x, {0, 2, 1, 3, 4}), {s[0] * s[2], s[1], s[3], s[4]});
}

Value as_volume(NodeImport& op, const Value& images, int32_t n) {
  const ir::Shape& s = images.shape;
  return op.transpose(op.reshape(images, {n, s[0] / n, s[1], s[2], s[3]}), {0, 2, 1, 3, 4});
}

ir::ConvAttributes conv_attributes(const Window& w) {
  const auto number = [](int64_t value) { return static_cast<int32_t>(std::max<int64_t>(0, value)); };
  ir::ConvAttributes a;
  a.stride_h = number(w.stride[1]), a.stride_w = number(w.stride[2]);
  a.dilation_h = number(w.dilation[1]), a.dilation_w = number(w.dilation[2]);
  a.pad_top = number(w.before[1]), a.pad_bottom = number(w.after[1]);
  a.pad_left = number(w.before[2]), a.pad_right = number(w.after[2]);
  return a;
}

namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();

// With ceil_mode the last window may hang over; the padding behind grows until it fits. A window that would start
// behind the padded input does not count.
void round_up(Window& w) {
  for (size_t k = 0; k < 3; ++k) {
    const int64_t reach = (w.kernel[k] - 1) * w.dilation[k] + 1;
    const int64_t room = w.size[k] + w.before[k] + w.after[k] - reach;
    if (room < 0) continue;
    int64_t positions = (room + w.stride[k] - 1) / w.stride[k] + 1;
    if ((positions - 1) * w.stride[k] >= w.size[k] + w.before[k]) --positions;
    w.after[k] = std::max(w.after[k], (positions - 1) * w.stride[k] + reach - w.size[k] - w.before[k]);
  }
}

void clear_padding(Window& w) {
  for (size_t k = 0; k < 3; ++k) {
    w.size[k] += w.before[k] + w.after[k];
    w.before[k] = w.after[k] = 0;
  }
}

Value padded(NodeImport& op, const Value& x, const Window& w, float value) {
  std::vector<int32_t> before(x.rank(), 0), after(x.rank(), 0);
  for (size_t d = 2; d < x.rank(); ++d) {
    before[d] = static_cast<int32_t>(w.before[d + 3 - x.rank()]);
    after[d] = static_cast<int32_t>(w.after[d + 3 - x.rank()]);
  }
  return op.pad(x, before, after, value);
}

Value add_pool(NodeImport& op, ir::Op kind, const Value& x, const Window& w) {
  ir::PoolAttributes a;
  const ir::ConvAttributes c = conv_attributes(w);
  a.kernel_h = static_cast<int32_t>(w.kernel[1]), a.kernel_w = static_cast<int32_t>(w.kernel[2]);
  a.stride_h = c.stride_h, a.stride_w = c.stride_w;
  a.pad_top = c.pad_top, a.pad_bottom = c.pad_bottom, a.pad_left = c.pad_left, a.pad_right = c.pad_right;
  const Layout layout = x.rank() == 3 ? Layout{{0, 3, 2}, 4} : channels_last(4);
  const ir::TensorId id = op.add(kind, {op.tensor(x, layout)}, a);
  const ir::Shape& out = op.graph().tensor(id).shape;
  ir::Shape shape = {out[0], out[3]};
  if (x.rank() == 4) shape.push_back(out[1]);
  shape.push_back(out[2]);
  return op.value_of(id, shape, layout, x);
}

// A dilated window as its taps: slices of the padded input, combined.
Value dilated_pool(NodeImport& op, ir::Op combine, const Value& x, const Window& w) {
  if (w.kernel[1] * w.kernel[2] > 64) op.unsupported("a dilated window of more than 64 taps");
  std::optional<Value> result;
  for (int64_t i = 0; i < w.kernel[1] * w.kernel[2]; ++i) {
    const int64_t tap[3] = {0, i / w.kernel[2] * w.dilation[1], i % w.kernel[2] * w.dilation[2]};
    std::vector<int32_t> begin(x.rank(), 0), stride(x.rank(), 1);
    ir::Shape shape = x.shape;
    for (size_t d = 2; d < x.rank(); ++d) {
      const size_t k = d + 3 - x.rank();
      const int64_t reach = (w.kernel[k] - 1) * w.dilation[k] + 1;
      op.require(x.shape[d] >= reach, "a window larger than its input");
      begin[d] = static_cast<int32_t>(tap[k]), stride[d] = static_cast<int32_t>(w.stride[k]);
      shape[d] = static_cast<int32_t>((x.shape[d] - reach) / w.stride[k] + 1);
    }
    const Value taken = op.slice(x, begin, stride, shape);
    result = result ? op.binary(combine, *result, taken) : taken;
  }
  return *result;
}

bool pads_too_far(const Window& w) {
  for (size_t k = 0; k < 3; ++k) {
    if (w.before[k] >= w.kernel[k] || w.after[k] >= w.kernel[k]) return true;
  }
  return false;
}

// Windows whose taps and steps are all multiples of the dilation see every such row or column only.
Value without_dilation(NodeImport& op, const Value& x, Window& w) {
  std::vector<int32_t> begin(x.rank(), 0), stride(x.rank(), 1);
  ir::Shape shape = x.shape;
  for (size_t d = 2; d < x.rank(); ++d) {
    const size_t k = d + 3 - x.rank();
    if (w.stride[k] % w.dilation[k] != 0) continue;
    stride[d] = static_cast<int32_t>(w.dilation[k]);
    shape[d] = static_cast<int32_t>((x.shape[d] - 1) / w.dilation[k] + 1);
    w.size[k] = shape[d], w.stride[k] /= w.dilation[k], w.dilation[k] = 1;
  }
  return op.slice(x, begin, stride, shape);
}

Value max_pool(NodeImport& op, Value x, Window w) {
  const auto is_dilated = [&] { return w.dilation[1] > 1 || w.dilation[2] > 1; };
  if (is_dilated() && x.scales) op.unsupported("a dilated pool of int8");
  if (is_dilated() || pads_too_far(w)) {
    x = padded(op, x, w, kLowest);
    clear_padding(w);
  }
  if (is_dilated()) x = without_dilation(op, x, w);
  if (!is_dilated()) return add_pool(op, ir::Op::max_pool2d, x, w);
  // Rows, then columns: the largest of the largest.
  Window rows = w, columns = w;
  rows.kernel[2] = rows.stride[2] = rows.dilation[2] = 1;
  columns.kernel[1] = columns.stride[1] = columns.dilation[1] = 1;
  return dilated_pool(op, ir::Op::maximum, dilated_pool(op, ir::Op::maximum, x, rows), columns);
}

// A mean rescales in one step what a pool would round to the scale of its input first.
Value mean_of_image(NodeImport& op, const Value& x, const std::optional<Scales>& scales) {
  std::vector<int32_t> axes;
  for (size_t d = 2; d < x.rank(); ++d) axes.push_back(static_cast<int32_t>(d));
  NodeImport::Result result;
  result.scales = scales;
  return op.reduce(ir::Op::mean, x, axes, true, result);
}

Value average_pool(NodeImport& op, Value x, Window w, bool ceil) {
  const bool counted = op.integer("count_include_pad", 0) != 0;
  const std::optional<Target> target = x.scales ? op.target() : std::nullopt;
  if (!target) x = op.dequantized(x);  // else the mean would be rounded to the scale of the input
  Window rounded = w;
  if (ceil) round_up(rounded);
  if (counted) {  // zeros of the input's own, but not those that only ceil_mode asks for
    x = padded(op, x, w, 0);
    for (size_t k = 0; k < 3; ++k) {
      rounded.size[k] += w.before[k] + w.after[k];
      rounded.before[k] = 0, rounded.after[k] -= w.after[k];
    }
  }
  w = rounded;
  if (w.dilation[1] > 1 || w.dilation[2] > 1) {
    if (w.before[1] + w.before[2] + w.after[1] + w.after[2] > 0 || x.scales) {
      op.unsupported("a dilated average that leaves out its padding, or of int8", "set count_include_pad");
    }
    const auto taps = static_cast<float>(w.kernel[1] * w.kernel[2]);
    return op.binary(ir::Op::div, dilated_pool(op, ir::Op::add, x, w), op.constant_like(taps));
  }
  if (pads_too_far(w)) op.unsupported("a window that lies in the padding only");
  const bool whole =
      w.before[1] + w.before[2] + w.after[1] + w.after[2] == 0 && std::equal(w.size, w.size + 3, w.kernel);
  if (target && whole) return mean_of_image(op, x, target->scales);
  return add_pool(op, ir::Op::average_pool2d, x, w);
}

Value pool_input(NodeImport& op) {
  Value x = op.stored(0);
  if (x.constant != nullptr || x.type != TensorProto::FLOAT) x = op.input(0);
  if (x.constant != nullptr) op.unsupported("a pool over a constant");
  if (x.type != TensorProto::FLOAT)
    op.unsupported(fmt::format("a pool of {}", name_of_type(x.type)), "supported: float32, and int8 between Q/DQ");
  return x;
}

}  // namespace

void import_pool(NodeImport& op) {
  Value x = pool_input(op);
  op.require(x.rank() >= 3 && x.rank() <= 5, "the input needs rank 3 to 5");
  if (op.has_output(1)) op.unsupported("the indices of a MaxPool", "supported: its first output only");
  op.require(op.has_attribute("kernel_shape"), "kernel_shape is missing");
  Window w = window_of(op, {x.shape.begin() + 2, x.shape.end()}, {});
  op.ignore("storage_order");
  const bool ceil = op.integer("ceil_mode", 0) != 0;
  x = crop(op, x, w);
  for (size_t k = 0; k < 3; ++k) {
    w.size[k] += std::min<int64_t>(0, w.before[k]) + std::min<int64_t>(0, w.after[k]);
    w.before[k] = std::max<int64_t>(0, w.before[k]), w.after[k] = std::max<int64_t>(0, w.after[k]);
  }
  if (op.is("MaxPool") && ceil) round_up(w);
  const auto pool = [&](const Value& image, const Window& window) {
    return op.is("MaxPool") ? max_pool(op, image, window) : average_pool(op, image, window, ceil);
  };
  if (x.rank() < 5) return op.output(0, pool(x, w));
  // A volume: each image, then along the depth. The largest of the largest; and the mean of means, as every window
  // of a plane counts the same elements.
  const int32_t n = x.shape[0], channels = x.shape[1];
  const Value planes = as_volume(op, pool(as_images(op, op.dequantized(x)), plane_of(w)), n);
  const ir::Shape& s = planes.shape;
  const Value deep = pool(op.reshape(planes, {n, channels, s[2], s[3] * s[4]}), depth_of(w));
  op.output(0, op.reshape(deep, {n, channels, deep.shape[2], s[3], s[4]}));
}

void import_global_pool(NodeImport& op) {
  Value x = pool_input(op);
  op.require(x.rank() >= 3, "the input needs rank 3 or more");
  if (op.is("GlobalAveragePool")) {
    const auto target = x.scales ? op.target() : std::nullopt;
    if (!target) x = op.dequantized(x);
    return op.output(0, mean_of_image(op, x, target ? std::optional(target->scales) : std::nullopt));
  }
  std::vector<int32_t> axes;
  for (size_t d = 2; d < x.rank(); ++d) axes.push_back(static_cast<int32_t>(d));
  op.output(0, op.reduce(ir::Op::reduce_max, x, axes, true));
}

}  // namespace whit::onnx
