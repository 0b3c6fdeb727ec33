// Resize and Upsample: each axis as taps (index and weight for each output), by the formulas of the ONNX specification.
// The IR's own resize where it takes the same taps, else picks along the axis, weighted and added.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {
namespace {

enum class Mode { nearest, linear, cubic };

struct Rules {
  Mode mode = Mode::nearest;
  std::string coordinates, rounding;
  double cubic_a = -0.75;
  bool exclude_outside = false;
};

// taps[k][i]: tap k of output i.
struct Taps {
  std::vector<std::vector<int32_t>> index;
  std::vector<std::vector<double>> weight;
};

// Where output i lies in the input. The size that the scale asks for, scale * in, is not rounded here; `out` is.
double source_of(NodeImport& op, const std::string& rule, double i, double in, double out, double scale) {
  if (rule == "half_pixel") return (i + 0.5) / scale - 0.5;
  if (rule == "pytorch_half_pixel") return scale * in > 1 ? (i + 0.5) / scale - 0.5 : 0;
  if (rule == "align_corners") return scale * in > 1 ? i * (in - 1) / (scale * in - 1) : 0;
  if (rule == "asymmetric") return i / scale;
  if (rule == "half_pixel_symmetric") return in / 2 * (1 - out / (scale * in)) + (i + 0.5) / scale - 0.5;
  op.unsupported(fmt::format("coordinate_transformation_mode '{}'", rule),
                 "supported: half_pixel, pytorch_half_pixel, align_corners, asymmetric, half_pixel_symmetric");
}

double nearest(NodeImport& op, const std::string& rule, double x, double scale) {
  if (rule == "round_prefer_floor") return std::ceil(x - 0.5);
  if (rule == "round_prefer_ceil") return std::floor(x + 0.5);
  if (rule == "floor") return std::floor(x);
  if (rule == "ceil") return std::ceil(x);
  if (rule == "simple") return scale < 1 ? std::ceil(x) : std::floor(x);  // operator set 10
  op.bad(fmt::format("nearest_mode '{}'", rule));
}

// Weights of the taps at -1, 0, 1, 2 from floor(x); source: the Keys kernel that the specification names.
std::vector<double> cubic_weights(double t, double a) {
  const auto inner = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto outer = [&](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {outer(1 + t), inner(t), inner(1 - t), outer(2 - t)};
}

Taps taps_of(NodeImport& op, const Rules& rules, int32_t in, int32_t out, double scale) {
  const size_t count = rules.mode == Mode::nearest ? 1 : (rules.mode == Mode::linear ? 2 : 4);
  Taps taps{std::vector<std::vector<int32_t>>(count), std::vector<std::vector<double>>(count)};
  for (int32_t i = 0; i < out; ++i) {
    const double x = source_of(op, rules.coordinates, i, in, out, scale);
    double base = std::floor(x);
    std::vector<double> weights = {1};
    if (rules.mode == Mode::nearest) base = nearest(op, rules.rounding, x, scale);
    if (rules.mode == Mode::linear) weights = {1 - (x - base), x - base};
    if (rules.mode == Mode::cubic) weights = cubic_weights(x - base, rules.cubic_a), base -= 1;
    double sum = 0;
    for (size_t k = 0; k < count; ++k) {
      const double at = base + static_cast<double>(k);
      if (rules.exclude_outside && (at < 0 || at >= in)) weights[k] = 0;
      sum += weights[k];
      taps.index[k].push_back(static_cast<int32_t>(std::clamp<double>(at, 0, in - 1)));
    }
    for (size_t k = 0; k < count; ++k) taps.weight[k].push_back(rules.exclude_outside ? weights[k] / sum : weights[k]);
  }
  return taps;
}

// The index that the IR's nearest takes, as graph.hpp's source, TFLite, does it.
int32_t ir_nearest(const ir::ResizeAttributes& a, int32_t i, int32_t in, int32_t out) {
  const float scale = a.align_corners && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                                                 : static_cast<float>(in) / static_cast<float>(out);
  const float at = (static_cast<float>(i) + (a.half_pixel_centers ? 0.5f : 0.0f)) * scale;
  return std::clamp(static_cast<int32_t>(a.align_corners ? std::round(at) : std::floor(at)), 0, in - 1);
}

// The variant of the IR's resize that takes these taps along both axes; none when there is none.
std::optional<ir::ResizeAttributes> ir_variant(const Rules& rules, const Taps (&taps)[2], const int32_t (&in)[2],
                                               const int32_t (&out)[2], const double (&scale)[2]) {
  if (rules.mode == Mode::cubic || rules.exclude_outside) return std::nullopt;
  if (rules.mode == Mode::linear) {
    const bool whole = scale[0] * in[0] == out[0] && scale[1] * in[1] == out[1];
    if (!whole) return std::nullopt;
    if (rules.coordinates == "align_corners") return ir::ResizeAttributes{true, false};
    if (rules.coordinates == "asymmetric") return ir::ResizeAttributes{false, false};
    const bool half =
        rules.coordinates == "half_pixel" || (rules.coordinates == "pytorch_half_pixel" && out[0] > 1 && out[1] > 1);
    return half ? std::optional(ir::ResizeAttributes{false, true}) : std::nullopt;
  }
  for (const ir::ResizeAttributes variant :
       {ir::ResizeAttributes{false, false}, ir::ResizeAttributes{false, true}, ir::ResizeAttributes{true, false}}) {
    bool same = true;
    for (size_t k = 0; k < 2; ++k) {
      for (int32_t i = 0; i < out[k]; ++i)
        same = same && ir_nearest(variant, i, in[k], out[k]) == taps[k].index[0][static_cast<size_t>(i)];
    }
    if (same) return variant;
  }
  return std::nullopt;
}

Value along(NodeImport& op, const Value& x, size_t axis, const Taps& taps) {
  if (taps.index.size() == 1) return pick(op, x, taps.index[0], static_cast<int32_t>(axis));
  std::optional<Value> sum;
  for (size_t k = 0; k < taps.index.size(); ++k) {
    ir::Shape shape(x.rank() - axis, 1);
    shape[0] = static_cast<int32_t>(taps.index[k].size());
    Constant weights = make_constant(TensorProto::FLOAT, shape, op.where());
    for (int64_t i = 0; i < shape[0]; ++i) weights.set(i, taps.weight[k][static_cast<size_t>(i)]);
    Value factor;
    factor.shape = shape;
    factor.constant = std::make_shared<Constant>(std::move(weights));
    const Value part = op.binary(ir::Op::mul, pick(op, x, taps.index[k], static_cast<int32_t>(axis)), factor);
    sum = sum ? op.binary(ir::Op::add, *sum, part) : part;
  }
  return *sum;
}

struct Sizes {
  ir::Shape out;
  std::vector<double> scale;
};

Sizes sizes_of(NodeImport& op, const ir::Shape& in) {
  const bool upsample = op.is("Upsample"), old = upsample || op.opset() < 11;
  std::vector<int64_t> axes = op.integers("axes");
  if (axes.empty()) axes = counted(in.size());
  Sizes sizes{in, std::vector<double>(in.size(), 1)};
  const auto set = [&](size_t i, double scale, double out) {
    const auto d = static_cast<size_t>(op.axis(axes[i], in.size()));
    op.require(std::isfinite(scale) && scale > 0 && out >= 1 && out <= 1e6, "a scale or size out of range");
    sizes.scale[d] = scale;
    sizes.out[d] = static_cast<int32_t>(out);
  };
  const auto dim = [&](size_t i) { return static_cast<double>(in[static_cast<size_t>(op.axis(axes[i], in.size()))]); };
  const size_t at = old ? 1 : 2;
  std::vector<float> listed;
  if (upsample && op.opset() < 9) {
    listed = op.reals("scales");
  } else if (op.has(at) && op.constant(at, "scales")->count() > 0) {
    const ConstantPtr known = op.constant(at, "scales");
    for (int64_t i = 0; i < known->count(); ++i) listed.push_back(static_cast<float>(known->real(i)));
  }
  if (!listed.empty()) {
    op.require(listed.size() == axes.size(), "a scale for each axis is needed");
    for (size_t i = 0; i < axes.size(); ++i)
      set(i, static_cast<double>(listed[i]), std::floor(dim(i) * static_cast<double>(listed[i])));
    return sizes;
  }
  const std::vector<int64_t> wanted = op.integers(3, "sizes");
  op.require(wanted.size() == axes.size(), "a size for each axis is needed");
  for (size_t i = 0; i < axes.size(); ++i)
    set(i, static_cast<double>(wanted[i]) / dim(i), static_cast<double>(wanted[i]));
  return sizes;
}

Rules rules_of(NodeImport& op) {
  Rules rules;
  const bool upsample = op.is("Upsample"), old = upsample || op.opset() < 11;
  const std::string mode = op.text("mode", "nearest");
  if (mode == "linear" || mode == "bilinear") {
    rules.mode = Mode::linear;
  } else if (mode == "cubic") {
    rules.mode = Mode::cubic;
  } else if (mode != "nearest") {
    op.bad(fmt::format("mode '{}'", mode));
  }
  rules.coordinates = op.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  rules.rounding = op.text("nearest_mode", upsample ? "floor" : (old ? "simple" : "round_prefer_floor"));
  rules.cubic_a = static_cast<double>(op.real("cubic_coeff_a", -0.75f));
  rules.exclude_outside = op.integer("exclude_outside", 0) != 0;
  op.ignore("extrapolation_value");
  if (op.integer("antialias", 0) != 0) op.unsupported("a resize with antialias", "supported: antialias=0");
  if (op.text("keep_aspect_ratio_policy", "stretch") != "stretch")
    op.unsupported("keep_aspect_ratio_policy", "supported: stretch");
  return rules;
}

}  // namespace

void import_resize(NodeImport& op) {
  const Rules rules = rules_of(op);
  Value x = op.stored(0);
  const bool quantized = x.scales && x.constant == nullptr && x.type == TensorProto::FLOAT;
  const auto target = quantized && rules.mode != Mode::cubic ? op.target() : std::nullopt;
  if (rules.mode != Mode::nearest && !target) x = op.input(0);
  if (x.constant != nullptr) op.unsupported("a resize of a constant");
  const Sizes sizes = sizes_of(op, x.shape);
  std::vector<Taps> taps;
  bool image = x.rank() == 4;
  for (size_t d = 0; d < x.rank(); ++d) {
    taps.push_back(taps_of(op, rules, x.shape[d], sizes.out[d], sizes.scale[d]));
    if (d < 2) image = image && sizes.scale[d] == 1;
  }
  if (image) {
    const auto variant = ir_variant(rules, {taps[2], taps[3]}, {x.shape[2], x.shape[3]}, {sizes.out[2], sizes.out[3]},
                                    {sizes.scale[2], sizes.scale[3]});
    if (variant) {
      const Layout layout = channels_last(4);
      const ir::Op kind = rules.mode == Mode::nearest ? ir::Op::resize_nearest : ir::Op::resize_bilinear;
      const ir::TensorId id = op.add(kind, {op.tensor(x, layout)}, *variant, {physical(sizes.out, layout)});
      return op.output(0, op.value_of(id, sizes.out, layout, x));
    }
  }
  if (rules.mode != Mode::nearest) x = op.dequantized(x);
  for (size_t d = 0; d < x.rank(); ++d) {
    if (sizes.scale[d] != 1) x = along(op, x, d, taps[d]);
  }
  op.output(0, x);
}

}  // namespace whit::onnx
