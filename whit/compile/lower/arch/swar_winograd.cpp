#include <algorithm>
#include <limits>

#include "whit/compile/lower/arch/swar.hpp"
#include "whit/compile/lower/arch/swar_pack.hpp"
#include "whit_runtime/kernels/arch/swar/winograd_s8.hpp"

namespace whit::compile {
namespace {

// Transformed filters take 32 bytes instead of 9: in flash only where a layer is small and its map large, so that
// transforming them at run time would cost much work or much RAM.
constexpr int32_t kMostWeightsInFlash = 4096;

bool fits(const rt::ConvGeometry& g) {
  return g.batches == 1 && g.kernel_height == 3 && g.kernel_width == 3 && g.stride_height == 1 && g.stride_width == 1 &&
         g.dilation_height == 1 && g.dilation_width == 1 && g.pad_top <= 1 && g.pad_left <= 1 &&
         g.input_channels % 4 == 0 && g.output_channels % 4 == 0 && g.input_channels >= 8 && g.output_channels >= 8 &&
         g.output_height >= 4 && g.output_width >= 4;
}

// int16 [O/4,I,16,4]: 2G g (2G)^T of each filter.
std::vector<int16_t> transformed_filters(const QuantizedLayer& layer, int32_t input_channels) {
  const int32_t block = rt::swar::winograd_block(input_channels);
  std::vector<int16_t> filters(static_cast<size_t>(layer.channels / 4) * block);
  for (int32_t c = 0; c < layer.channels; ++c) {
    rt::swar::transform_filters(layer.weights.data() + static_cast<size_t>(c) * layer.depth, input_channels,
                                filters.data() + static_cast<size_t>(c / 4) * block + c % 4);
  }
  return filters;
}

// As swar_conv_lead(), for tiles of 2x2 outputs, `together` of which are read before the first of them is written.
int64_t winograd_lead(const rt::ConvGeometry& g, int32_t together) {
  const int32_t columns = (g.output_width + 1) / 2;
  const int32_t count = columns * ((g.output_height + 1) / 2);
  int64_t lowest_read = std::numeric_limits<int64_t>::max();
  int64_t lead = 0;
  for (int32_t tile = count - 1; tile >= together; --tile) {
    const int64_t y = std::max(tile / columns * 2 - g.pad_top, 0);
    const int64_t x = std::max(tile % columns * 2 - g.pad_left, 0);
    lowest_read = std::min(lowest_read, (y * g.input_width + x) * g.input_channels);
    if (tile % together != 0) continue;
    // The last byte of the tiles before: of the one just before, or of the end of the row above it.
    const int64_t last_y = std::min((tile - 1) / columns * 2 + 1, g.output_height - 1);
    const int64_t last_x = std::min((tile - 1) % columns * 2 + 1, g.output_width - 1);
    lead = std::max(lead, (last_y * g.output_width + last_x + 1) * g.output_channels - lowest_read);
  }
  return lead;
}

}  // namespace

bool try_winograd_swar(Lowering& lowering, const ir::Node& node, const QuantizedLayer& layer) {
  const rt::ConvGeometry g = conv_geometry(lowering.graph(), node);
  if (lowering.kernels() != KernelSet::rv32 || lowering.optimize() == Optimize::size || !fits(g)) return false;
  const auto channels = swar_channels(layer);
  if (!channels) return false;
  rt::WinogradS8 p{};
  p.geometry = g;
  p.transformed = static_cast<int32_t>(layer.weights.size()) <= kMostWeightsInFlash ? 1 : 0;
  p.tiles = p.transformed != 0 ? 4 : 8;
  p.input = lowering.tensor(node.inputs[0]);
  p.output = lowering.tensor(node.outputs[0]);
  p.weights = p.transformed != 0
                  ? lowering.constant(transformed_filters(layer, g.input_channels), ConstantKind::weights)
                  : lowering.constant(layer.weights, ConstantKind::weights);
  p.channels = lowering.constant(*channels, ConstantKind::other);
  lowering.count_as_weights(4 * layer.channels);
  p.scratch = lowering.scratch(rt::swar::winograd_scratch_bytes(g.input_channels, p.tiles, p.transformed != 0));
  p.input_zero_point = layer.input_zero_point;
  p.output_zero_point = layer.output_zero_point;
  p.output_min = layer.range.min;
  p.output_max = layer.range.max;
  lowering.may_overlap(node.outputs[0], node.inputs[0], winograd_lead(g, p.tiles));
  lowering.emit(rt::KernelId::winograd_s8, p);
  return true;
}

}  // namespace whit::compile
