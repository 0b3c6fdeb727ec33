#include "whit/compile/lower/byte_tables.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "whit/compile/lower/quantized.hpp"
#include "whit_runtime/kernels/fixed_point.hpp"

namespace whit::compile {
namespace {

// One side of an op.
struct Side {
  float scale;
  int32_t zero_point, low, high;
};

Side side_of(const ir::Tensor& tensor) {
  const bool is_signed = tensor.type == ir::DType::i8;
  return {tensor.quantization.scale[0], tensor.quantization.zero_point[0], is_signed ? -128 : 0, is_signed ? 127 : 255};
}

int32_t scaled(int32_t x, const QuantizedMultiplier& m) {
  return rt::multiply_by_quantized_multiplier(x, m.multiplier, m.shift);
}

using IntegerFunction = std::function<int32_t(int32_t)>;  // input minus zero point -> output minus zero point
using RealFunction = std::function<float(float)>;

std::vector<uint8_t> tabulate(const Side& in, const Side& out, const IntegerFunction& f) {
  std::vector<uint8_t> table(256);
  for (int32_t x = in.low; x <= in.high; ++x) {
    const int32_t y = std::clamp(f(x - in.zero_point) + out.zero_point, out.low, out.high);
    table[static_cast<uint8_t>(x)] = static_cast<uint8_t>(y);
  }
  return table;
}

// Source: TFLite LUTPopulate, all in float32.
std::vector<uint8_t> tabulate_real(const Side& in, const Side& out, const RealFunction& f) {
  std::vector<uint8_t> table(256);
  const float inverse_scale = 1.0f / out.scale;
  for (int32_t x = in.low; x <= in.high; ++x) {
    const float real = f(in.scale * static_cast<float>(x - in.zero_point));
    const float rounded = std::round(real * inverse_scale) + static_cast<float>(out.zero_point);
    // A NaN gives the lowest value.
    const float bounded = rounded > static_cast<float>(out.low) ? std::min(rounded, static_cast<float>(out.high))
                                                                : static_cast<float>(out.low);
    table[static_cast<uint8_t>(x)] = static_cast<uint8_t>(static_cast<int32_t>(bounded));
  }
  return table;
}

// Real bounds of the output; nothing for none. Source: TFLite activations.cc QuantizedReluX.
std::vector<uint8_t> relu_table(const Side& in, const Side& out, float low, std::optional<float> high) {
  const QuantizedMultiplier scale = quantize_multiplier(in.scale / out.scale);
  Side bounded = out;
  bounded.low = std::max(out.low, out.zero_point + static_cast<int32_t>(std::round(low / out.scale)));
  if (high) bounded.high = std::min(out.high, out.zero_point + static_cast<int32_t>(std::round(*high / out.scale)));
  return tabulate(in, bounded, [&](int32_t x) { return scaled(x, scale); });
}

// Source: TFLite reference_ops::QuantizeLeakyRelu.
std::vector<uint8_t> leaky_relu_table(const Side& in, const Side& out, float alpha) {
  const QuantizedMultiplier positive = quantize_multiplier(in.scale / out.scale);
  const QuantizedMultiplier negative = quantize_multiplier(std::abs(in.scale * alpha / out.scale));
  return tabulate(in, out, [&](int32_t x) {
    if (x >= 0) return scaled(x, positive);
    return alpha < 0 ? -scaled(x, negative) : scaled(x, negative);
  });
}

int16_t saturate16(int64_t x) { return static_cast<int16_t>(std::clamp<int64_t>(x, INT16_MIN, INT16_MAX)); }

// round(a * b / 2^15), saturated.
int16_t high_mul16(int16_t a, int16_t b) {
  const int32_t product = int32_t{a} * b;
  return saturate16((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

int16_t to_int16_multiplier(int32_t multiplier) {
  if (multiplier >= INT32_MAX - (1 << 15)) return INT16_MAX;
  return static_cast<int16_t>((multiplier + (1 << 15)) >> 16);
}

// x * relu6(x + 3) / 6 in int16. Source: TFLite activations.cc HardSwishPrepare, reference_ops::HardSwish.
std::optional<std::vector<uint8_t>> hard_swish_table(const Side& in, const Side& out) {
  const float hires_scale = (1.0f / 128.0f) * in.scale;
  const QuantizedMultiplier output = quantize_multiplier(hires_scale / out.scale);
  const QuantizedMultiplier gate = quantize_multiplier(hires_scale / (3.0f / 32768.0f));
  if (output.shift > 0) return std::nullopt;  // the reference refuses it too
  const int16_t output_multiplier = to_int16_multiplier(output.multiplier);
  const int16_t gate_multiplier = to_int16_multiplier(gate.multiplier);
  return tabulate(in, out, [&](int32_t x) {
    const auto hires = static_cast<int16_t>(x * (1 << 7));
    const int16_t preshift = high_mul16(hires, output_multiplier);
    int16_t g = hires;
    if (gate.shift > 0) g = saturate16(int64_t{g} * (int64_t{1} << (gate.shift - 1)));
    g = high_mul16(g, gate_multiplier);
    if (gate.shift > 0) g = saturate16(int64_t{g} * 2);
    if (gate.shift < 0) g = static_cast<int16_t>(rt::rounding_divide_by_pot(g, -gate.shift));
    g = static_cast<int16_t>((g + (1 << 15)) >> 1);  // [-1, 1] to [0, 1]
    const int16_t product = saturate16(int32_t{g} * preshift / (1 << 15));
    return static_cast<int32_t>(static_cast<int16_t>(rt::rounding_divide_by_pot(product, -output.shift)));
  });
}

// Source: TFLite elementwise.cc AbsEvalQuantized.
std::vector<uint8_t> abs_table(const Side& in, const Side& out) {
  if (in.scale == out.scale) return tabulate(in, out, [](int32_t x) { return std::abs(x); });
  const QuantizedMultiplier scale = quantize_multiplier(in.scale / out.scale);
  return tabulate(in, out, [&](int32_t x) { return scaled(std::abs(x), scale); });
}

// Source: TFLite elementwise.cc SqrtEvalQuantized, which truncates. It fails on negative inputs; here they give 0.
std::vector<uint8_t> sqrt_table(const Side& in, const Side& out) {
  return tabulate(in, out, [&](int32_t x) {
    const float real = std::max(0.0f, in.scale * static_cast<float>(x));
    return static_cast<int32_t>(std::min(std::sqrt(real) / out.scale, 1e6f));
  });
}

// Source: TFLite elementwise.cc RsqrtEvalQuantizedInt8. It fails on negative inputs; here they give the maximum, as 0.
std::vector<uint8_t> rsqrt_table(const Side& in, const Side& out) {
  QuantizedMultiplier scale = quantize_multiplier(1.0 / (std::sqrt(in.scale) * out.scale));
  return tabulate(in, out, [&](int32_t x) {
    if (x <= 0) return out.high - out.zero_point;
    constexpr int32_t kShift = 20;
    int32_t multiplier, shift;
    rt::inverse_sqrt(x, &multiplier, &shift);
    const int32_t data = rt::multiply_by_quantized_multiplier(1, multiplier, shift + kShift);
    return rt::multiply_by_quantized_multiplier(data, scale.multiplier, std::max(scale.shift - kShift, -31));
  });
}

// Ops that TFLite computes in float through a table, or has no 8-bit kernel for.
std::optional<std::vector<uint8_t>> real_table(ir::Op op, const Side& in, const Side& out) {
  using ir::Op;
  const auto table = [&](const RealFunction& f) { return tabulate_real(in, out, f); };
  switch (op) {
    case Op::logistic:
      return table([](float x) { return 1.0f / (1.0f + std::exp(-x)); });
    case Op::tanh:
      return table([](float x) { return std::tanh(x); });
    case Op::elu:
      return table([](float x) { return x < 0.0f ? std::expm1(x) : x; });
    case Op::exp:
      return table([](float x) { return std::exp(x); });
    case Op::log: {
      const float lowest = static_cast<float>(out.low - out.zero_point) * out.scale;
      return table([=](float x) { return x <= 0.0f ? lowest : std::log(x); });
    }
    case Op::neg:
      return table([](float x) { return -x; });
    case Op::square:
      return table([](float x) { return x * x; });
    case Op::sin:
      return table([](float x) { return std::sin(x); });
    case Op::cos:
      return table([](float x) { return std::cos(x); });
    case Op::floor:
      return table([](float x) { return std::floor(x); });
    case Op::ceil:
      return table([](float x) { return std::ceil(x); });
    case Op::round:
      return table([](float x) { return std::nearbyint(x); });
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::vector<uint8_t>> byte_table(const ir::Graph& graph, const ir::Node& node) {
  using ir::Op;
  const Side in = side_of(graph.tensor(node.inputs[0]));
  const Side out = side_of(graph.tensor(node.outputs[0]));
  switch (node.op) {
    case Op::relu:
      return relu_table(in, out, 0.0f, std::nullopt);
    case Op::relu6:
      return relu_table(in, out, 0.0f, 6.0f);
    case Op::relu_n1_to_1:
      return relu_table(in, out, -1.0f, 1.0f);
    case Op::relu_0_to_1:
      return relu_table(in, out, 0.0f, 1.0f);
    case Op::leaky_relu:
      return leaky_relu_table(in, out, ir::attributes<ir::LeakyReluAttributes>(node).alpha);
    case Op::hard_swish:
      return hard_swish_table(in, out);
    case Op::abs:
      return abs_table(in, out);
    case Op::sqrt:
      return sqrt_table(in, out);
    case Op::rsqrt:
      return rsqrt_table(in, out);
    case Op::quantize: {
      const QuantizedMultiplier scale =
          quantize_multiplier(static_cast<double>(in.scale) / static_cast<double>(out.scale));
      return tabulate(in, out, [&](int32_t x) { return scaled(x, scale); });
    }
    default:
      return real_table(node.op, in, out);
  }
}

}  // namespace whit::compile
