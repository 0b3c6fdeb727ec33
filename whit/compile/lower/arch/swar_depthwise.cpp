#include "whit/compile/lower/arch/swar_depthwise.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "whit/compile/lower/arch/arm_requant.hpp"
#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit_runtime/kernels/arch/swar/depthwise3x3_s8_swar.hpp"

namespace whit::compile {
namespace {

bool is_for_kernel(const rt::ConvGeometry& g) {
  const auto fits = [&](int32_t in, int32_t out, int32_t pad) {
    return pad <= 1 && (out - 1) * g.stride_height + 3 - pad <= in + 1;
  };
  return g.batches == 1 && g.kernel_height == 3 && g.kernel_width == 3 && g.dilation_height == 1 &&
         g.dilation_width == 1 && g.stride_height == g.stride_width && g.stride_height <= 2 &&
         fits(g.input_height, g.output_height, g.pad_top) && fits(g.input_width, g.output_width, g.pad_left) &&
         g.input_channels == g.output_channels;
}

// A channel whose scale the records cannot hold but whose output is always the same gets no weights and a scale that
// they can: a quarter of the bias, which is 4 times what the output is above the zero point.
bool make_constant(QuantizedLayer& layer, int32_t channel) {
  rt::Requant& requant = layer.requant[static_cast<size_t>(channel)];
  const AccumulatorRange range = accumulator_range(layer, channel);
  if (requant.shift > 0 || requant.multiplier < 0 || range.low < INT32_MIN || range.high > INT32_MAX) return false;
  const int32_t lowest = reference_output(layer, channel, static_cast<int32_t>(range.low));
  if (lowest != reference_output(layer, channel, static_cast<int32_t>(range.high))) return false;
  std::fill_n(layer.weights.begin() + 9 * channel, 9, int8_t{0});
  requant = {4 * (lowest - layer.output_zero_point), 1 << 30, -1};
  return true;
}

int64_t weight_bound(const QuantizedLayer& layer, int32_t channel) {
  int64_t bound = 0;
  for (int32_t i = 0; i < 9; ++i) bound += 128 * std::abs(layer.weights[static_cast<size_t>(9 * channel + i)]);
  return bound;
}

}  // namespace

bool swar_depthwise_transposed(const rt::ConvGeometry& g) {
  return g.output_height > g.output_width && g.output_height == g.input_height && g.output_width == g.input_width;
}

int64_t swar_depthwise_lead_pixels(const rt::ConvGeometry& g) {
  if (swar_depthwise_transposed(g)) return 0;  // a column takes the place of one that is in scratch
  int64_t lead = 0;
  for (int32_t oy = 0; oy < g.output_height; ++oy) {
    const int64_t next_row = int64_t{oy} * g.stride_height - g.pad_top + 3;  // the first that is not in scratch
    if (next_row >= g.input_height) break;
    lead = std::max(lead, int64_t{oy + 1} * g.output_width - next_row * g.input_width);
  }
  return lead;
}

bool try_depthwise_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& original) {
  const rt::ConvGeometry g = conv_geometry(lowering.graph(), node);
  if (!is_for_kernel(g)) return false;
  QuantizedLayer layer = original;
  std::vector<rt::swar::ChannelRecord> records;
  for (int32_t c = 0; c < layer.channels; ++c) {
    auto record = swar_channel(layer.requant[static_cast<size_t>(c)], weight_bound(layer, c));
    if (!record && make_constant(layer, c)) record = swar_channel(layer.requant[static_cast<size_t>(c)], 0);
    if (!record) return false;
    records.push_back(*record);
  }
  rt::Depthwise3x3S8Swar p{};
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = lowering.constant(layer.weights, ConstantKind::weights);
  p.requants = lowering.constant(records, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.transposed = swar_depthwise_transposed(g) ? 1 : 0;
  const int64_t outputs = p.transposed != 0 ? g.output_height : g.output_width;
  p.scratch = lowering.scratch(12 * ((outputs - 1) * g.stride_width + 3));
  p.input_height = g.input_height, p.input_width = g.input_width;
  p.output_height = g.output_height, p.output_width = g.output_width;
  p.channels = layer.channels;
  p.stride = g.stride_height;
  p.pad_top = g.pad_top, p.pad_left = g.pad_left;
  p.input_zero_point = layer.input_zero_point;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min, p.output_max = layer.range.max;
  const int64_t step = kArenaAlignment / std::gcd(kArenaAlignment, int64_t{g.input_channels});
  const int64_t lead = (swar_depthwise_lead_pixels(g) + step - 1) / step * step * g.input_channels;
  lowering.may_overlap(node.outputs[0], node.inputs[0], lead, true);
  lowering.emit(rt::KernelId::depthwise3x3_s8_swar, p);
  return true;
}

}  // namespace whit::compile
