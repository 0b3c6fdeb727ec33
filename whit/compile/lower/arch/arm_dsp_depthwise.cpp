#include "whit/compile/lower/arch/arm_dsp_depthwise.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "whit/compile/lower/arch/arm_requant.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/depthwise3x3_s8.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/depthwise_planes.hpp"

namespace whit::compile {
namespace {

using rt::dsp::kSweepShift;

// Where the reference's output begins to be what it is: it is at least `output` from accumulator `begin` on.
struct Level {
  int32_t output;
  int64_t begin;
};

// The levels of a channel in [range.low, range.high], the first at range.low. Monotone: the multiplier is not negative.
std::vector<Level> levels_of(const QuantizedLayer& layer, int32_t channel, AccumulatorRange range) {
  const auto reference = [&](int64_t acc) { return reference_output(layer, channel, static_cast<int32_t>(acc)); };
  std::vector<Level> levels{{reference(range.low), range.low}};
  const int32_t last = reference(range.high);
  while (levels.back().output < last) {
    int64_t below = levels.back().begin, begin = range.high;
    while (begin - below > 1) {
      const int64_t middle = below + (begin - below) / 2;
      (reference(middle) > levels.back().output ? begin : below) = middle;
    }
    levels.push_back({reference(begin), begin});
  }
  return levels;
}

int64_t divide_up(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

// Completes the bias of a scale whose s and multiplier are given: out = SSAT8((high(x * m) + r) >> E) with
// x = sum << (s + 1) + bias is at least k from x = ceil((k * 2^E - r) * 2^32 / m) on. Every level bounds the bias from
// below and from above; false when no bias (a multiple of 8, or of 4 for s = 1) is within all of them.
bool find_bias(const QuantizedLayer& layer, int32_t channel, const std::vector<Level>& levels, AccumulatorRange range,
               DepthwiseScale& scale) {
  const int64_t unit = int64_t{2} << scale.s;
  const int64_t rounding = (1 << scale.s >> 1) + (2 * layer.output_zero_point + 1) * (1 << (kSweepShift - 1));
  const auto least_x = [&](int64_t output) {
    return divide_up(((output << kSweepShift) - rounding) * (int64_t{1} << 32), scale.multiplier);
  };
  int64_t low = INT64_MIN / 4, high = INT64_MAX / 4;
  for (size_t i = 0; i < levels.size(); ++i) {
    const Level& level = levels[i];
    if (i > 0 || level.output > layer.range.min) low = std::max(low, least_x(level.output) - level.begin * unit);
    // All outputs up to the level begin with it; a jump over some of them does not happen where the slope is below 1.
    if (i > 0) high = std::min(high, least_x(levels[i - 1].output + 1) - (level.begin - 1) * unit - 1);
  }
  if (levels.back().output < layer.range.max) {
    high = std::min(high, least_x(levels.back().output + 1) - range.high * unit - 1);
  }
  const int64_t step = scale.s == 1 ? 4 : 8;
  const int64_t change = low > 0 || high < 0 ? divide_up(low, step) * step : 0;
  if (change < low || change > high) return false;
  const int64_t bias = layer.requant[static_cast<size_t>(channel)].bias * unit + change;
  const int64_t largest = std::max(std::abs(range.low), std::abs(range.high)) * unit + std::abs(change);
  if (largest >= int64_t{1} << 30 || std::abs(bias) >= int64_t{1} << 30) return false;
  scale.bias = static_cast<int32_t>(bias);
  return true;
}

DepthwiseScale constant_scale(const QuantizedLayer& layer, int32_t output) {
  // x * 2^30 / 2^32, rounded by 2^E to the difference from the zero point.
  return {(output - layer.output_zero_point) * (4 << kSweepShift), 1 << 30, 2, true};
}

// Sizes along one axis of the planes.
struct Axis {
  int32_t in, out, pad;
};

// Pixel number of the input (or output) in memory order.
struct PixelOrder {
  bool transposed;
  int32_t width, height;  // along the planes' rows and across
  int64_t number(int64_t x, int64_t y) const { return transposed ? x * height + y : y * width + x; }
};

// Pixels by which the output must start before the input so that no tile overwrites what a later one reads.
int64_t lead_pixels(Axis across, Axis along, int32_t stride, const DepthwiseTiles& tiles) {
  const PixelOrder in{tiles.transposed, along.in, across.in};
  const PixelOrder out{tiles.transposed, along.out, across.out};
  int64_t lead = 0;
  int64_t written = 0;  // end of what earlier tiles wrote
  for (int32_t y = 0; y < across.out; y += tiles.height) {
    for (int32_t x = 0; x < along.out; x += tiles.width) {
      const int64_t first = in.number(std::max(0, x * stride - along.pad), std::max(0, y * stride - across.pad));
      if (written > 0) lead = std::max(lead, written - first);
      const int64_t last_x = std::min(x + tiles.width, along.out) - 1;
      const int64_t last_y = std::min(y + tiles.height, across.out) - 1;
      written = std::max(written, out.number(last_x, last_y) + 1);
    }
  }
  return lead;
}

// About the instructions of one channel, as measured: a pair of outputs 23.
int64_t channel_instructions(int32_t columns, int32_t rows, int32_t stride) {
  const int64_t sweep = 70 + int64_t{rows} * (12 + columns / 2 * (22 + 3 * stride) + columns % 2 * 16);
  const int64_t in_rows = (rows - 1) * stride + 3;
  const int64_t fill = 30 + in_rows * (20 + ((columns - 1) * stride + 4) / 2 * 15);
  return sweep + fill / 4;
}

void add_tilings(Axis along, Axis across, int32_t stride, bool transposed, int32_t channels,
                 std::vector<DepthwiseTiles>& tilings) {
  constexpr int32_t kColumns = rt::dsp::kPlaneColumns;
  const int32_t columns = (along.out - 1) * stride + 3;
  const bool shared = columns == kColumns + 1 && along.pad == 1 && along.in == kColumns - 1;
  int32_t width = along.out;
  if (columns > kColumns && !shared) {
    const int32_t most = ((kColumns - 3) / stride + 1) & ~1;
    const int32_t count = (along.out + most - 1) / most;
    width = ((along.out + count - 1) / count + 1) & ~1;
  }
  for (int32_t count = 1; count <= across.out; ++count) {
    DepthwiseTiles tiles;
    tiles.transposed = transposed;
    tiles.width = width;
    tiles.height = (across.out + count - 1) / count;
    if (!tilings.empty() && tilings.back().transposed == transposed && tilings.back().height == tiles.height) continue;
    tiles.scratch_bytes = rt::depthwise3x3_scratch_bytes(stride, tiles.height);
    const int64_t step = kArenaAlignment / std::gcd(kArenaAlignment, int64_t{channels});
    tiles.lead_bytes = (lead_pixels(across, along, stride, tiles) + step - 1) / step * step * channels;
    for (int32_t y = 0; y < across.out; y += tiles.height) {
      for (int32_t x = 0; x < along.out; x += width) {
        tiles.instructions +=
            channel_instructions(std::min(width, along.out - x), std::min(tiles.height, across.out - y), stride);
      }
    }
    tiles.instructions *= channels;
    tilings.push_back(tiles);
  }
}

// Bytes that the model needs at some time whatever is done with this layer.
int64_t arena_floor(const ir::Graph& graph) {
  int64_t floor = 0;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (!tensor.is_constant) floor = std::max(floor, ir::bytes_of(tensor));
  }
  return floor;
}

// The fastest that hardly adds to the arena, else the smallest.
DepthwiseTiles choose_tiles(const Lowering& lowering, const ir::Node& node,
                            const std::vector<DepthwiseTiles>& tilings) {
  const int64_t in = ir::bytes_of(lowering.tensor_of(node.inputs[0]));
  const int64_t out = ir::bytes_of(lowering.tensor_of(node.outputs[0]));
  // A small arena may grow by the planes of a small map, a large one by hardly anything.
  const int64_t floor = arena_floor(lowering.graph());
  const int64_t limit = floor + (floor <= 16384 ? 1500 : 1120);
  const auto need = [&](const DepthwiseTiles& t) { return std::max(out, in + t.lead_bytes) + t.scratch_bytes; };
  return *std::min_element(tilings.begin(), tilings.end(), [&](const DepthwiseTiles& a, const DepthwiseTiles& b) {
    const int64_t excess_a = std::max(int64_t{0}, need(a) - limit), excess_b = std::max(int64_t{0}, need(b) - limit);
    return std::pair(excess_a, a.instructions) < std::pair(excess_b, b.instructions);
  });
}

void emit(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer, const DepthwiseTiles& tiles,
          const std::vector<DepthwiseScale>& scales) {
  const rt::ConvGeometry g = conv_geometry(lowering.graph(), node);
  std::vector<int8_t> weights;
  std::vector<rt::Depthwise3x3Scale> scale_words;
  for (int32_t c = 0; c < layer.channels; ++c) {
    const DepthwiseScale& scale = scales[static_cast<size_t>(c)];
    for (int32_t i = 0; i < 9; ++i) {
      const int32_t tap = tiles.transposed ? i % 3 * 3 + i / 3 : i;
      weights.push_back(scale.zero_weights ? int8_t{0} : layer.weights[static_cast<size_t>(9 * c + tap)]);
    }
    const int32_t field = scale.s > 1 ? scale.s : (scale.bias & 4) / 4;
    scale_words.push_back({(scale.bias & ~7) + field, scale.multiplier});
  }
  const auto size = [&](int32_t width, int32_t height) {
    return tiles.transposed ? height | width << 16 : width | height << 16;
  };
  const auto byte = [](int32_t value, int32_t index) { return (value & 0xff) << 8 * index; };
  rt::Depthwise3x3Dsp p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(weights, ConstantKind::weights);
  p.scale = lowering.constant(scale_words, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.scratch = lowering.scratch(tiles.scratch_bytes);
  p.channels = layer.channels;
  p.input_size = size(g.input_width, g.input_height);
  p.output_size = size(g.output_width, g.output_height);
  p.tile_size = tiles.width | tiles.height << 16;
  p.layout = byte(tiles.transposed ? g.pad_top : g.pad_left, 0) | byte(tiles.transposed ? g.pad_left : g.pad_top, 1) |
             byte(tiles.transposed ? 1 : 0, 2);
  p.values = byte(layer.input_zero_point, 0) | byte(layer.output_zero_point, 1) | byte(layer.range.min, 2) |
             byte(layer.range.max, 3);
  lowering.may_overlap(node.outputs[0], node.inputs[0], tiles.lead_bytes, true);
  static_assert(static_cast<uint16_t>(rt::KernelId::depthwise3x3_s8_stride2_dsp) == rt::kDepthwise3x3Stride2);
  lowering.emit(
      g.stride_height == 1 ? rt::KernelId::depthwise3x3_s8_stride1_dsp : rt::KernelId::depthwise3x3_s8_stride2_dsp, p);
}

}  // namespace

std::vector<DepthwiseTiles> depthwise_tilings(const rt::ConvGeometry& g) {
  std::vector<DepthwiseTiles> tilings;
  const int32_t stride = g.stride_height;
  const Axis across{g.input_height, g.output_height, g.pad_top};
  const Axis along{g.input_width, g.output_width, g.pad_left};
  const auto fits = [&](Axis axis) { return axis.pad <= 1 && (axis.out - 1) * stride + 3 - axis.pad <= axis.in + 1; };
  if (g.batches != 1 || g.kernel_height != 3 || g.kernel_width != 3 || g.dilation_height != 1 ||
      g.dilation_width != 1 || g.stride_width != stride || stride < 1 || stride > 2 || !fits(across) || !fits(along) ||
      g.input_channels != g.output_channels || g.input_channels < 4) {
    return tilings;
  }
  add_tilings(along, across, stride, false, g.input_channels, tilings);
  add_tilings(across, along, stride, true, g.input_channels, tilings);
  return tilings;
}

std::optional<DepthwiseScale> depthwise_scale(const QuantizedLayer& layer, int32_t channel) {
  const rt::Requant& requant = layer.requant[static_cast<size_t>(channel)];
  const AccumulatorRange range = accumulator_range(layer, channel);
  if (requant.multiplier < 0 || range.low < INT32_MIN / 4 || range.high > INT32_MAX / 4) return std::nullopt;
  if (requant.shift <= 0) {  // otherwise the reference may wrap, and is not monotone
    const int32_t lowest = reference_output(layer, channel, static_cast<int32_t>(range.low));
    if (lowest == reference_output(layer, channel, static_cast<int32_t>(range.high))) {
      return constant_scale(layer, lowest);
    }
  } else {
    return std::nullopt;
  }
  int32_t largest = 0;  // -128 fits as well as 127 does
  for (int32_t i = 0; i < layer.depth; ++i) {
    const int32_t w = layer.weights[static_cast<size_t>(channel * layer.depth + i)];
    largest = std::max({largest, w, -w - 1});
  }
  const std::vector<Level> levels = levels_of(layer, channel, range);
  const int32_t exact = kSweepShift + requant.shift;  // the s for which the multiplier keeps all its bits
  for (int32_t s = std::max(exact, 1); s <= 7 && largest << (s + 1) <= INT16_MAX; ++s) {
    const int32_t lost = s - exact;
    if (lost > 24) break;
    for (const int32_t change : {0, 1, -1, 2, -2, 3, -3}) {
      const int64_t rounded = (int64_t{requant.multiplier} + (int64_t{1} << lost >> 1)) >> lost;
      DepthwiseScale scale{0, static_cast<int32_t>(std::clamp<int64_t>(rounded + change, 1, INT32_MAX)), s, false};
      if (find_bias(layer, channel, levels, range, scale)) return scale;
    }
  }
  return std::nullopt;
}

bool try_depthwise_arm_dsp(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  const rt::ConvGeometry g = conv_geometry(lowering.graph(), node);
  const std::vector<DepthwiseTiles> tilings = depthwise_tilings(g);
  if (tilings.empty()) return false;
  std::vector<DepthwiseScale> scales;
  for (int32_t c = 0; c < layer.channels; ++c) {
    const auto scale = depthwise_scale(layer, c);
    if (!scale) return false;
    scales.push_back(*scale);
  }
  const DepthwiseTiles tiles = choose_tiles(lowering, node, tilings);
  emit(lowering, node, layer, tiles, scales);
  return true;
}

}  // namespace whit::compile
