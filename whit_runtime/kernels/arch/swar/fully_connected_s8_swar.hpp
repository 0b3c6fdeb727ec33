// Fully connected, int8, for cores without DSP instructions: four output channels at a time, two weights in a word.
// The words stand in flash, because one pixel is not enough work to pay for packing them at run time.
// Does not handle weights with a zero point, nor a depth that is not a multiple of 8. Same bits as fully_connected_s8.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_SWAR_FULLY_CONNECTED_S8_SWAR_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_SWAR_FULLY_CONNECTED_S8_SWAR_HPP_

#include "whit_runtime/kernels/arch/swar/dot.hpp"
#include "whit_runtime/kernels/arch/swar/requant.hpp"

namespace whit::rt {

struct FullyConnectedS8Swar {
  OpHead head;
  Ref input;        // int8 [batches, input_depth]
  Ref output;       // int8 [batches, output_depth]
  Ref weights;      // int32 [output_depth / 4 rounded up, input_depth, 2]: channels 4b + 65536 (4b+1), then 4b+2, 4b+3
  Ref channels;     // swar::ChannelRecord[output_depth]
  Ref corrections;  // int32 [correction_count]
  int32_t batches;
  int32_t input_depth;  // a multiple of swar::kDepthUnit
  int32_t output_depth;
  int32_t chunk;  // 4 or 8: products added before the halves are taken apart
  int32_t correction_count;
  int32_t output_zero_point;
  int32_t output_min;  // fused activation, [-128, 127]
  int32_t output_max;
  static constexpr uint8_t kRefs = 5;
};

inline bool check(const FullyConnectedS8Swar& p, const Extent& e) {
  return within(p.input_depth, swar::kDepthUnit, 1 << 22) && p.input_depth % swar::kDepthUnit == 0 &&
         within(p.output_depth, 1, 1 << 22) && readable(e, p.input, area(p.batches, p.input_depth)) &&
         writable(e, p.output, area(p.batches, p.output_depth)) &&
         readable(e, p.weights, area((p.output_depth + 3) / 4, p.input_depth, 8), 4) &&
         swar::check_channels(e, p.channels, p.output_depth) &&
         swar::check_corrections(e, p.channels, p.output_depth, p.corrections, p.correction_count, p.input_depth) &&
         (p.chunk == 4 || p.chunk == 8) && check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace swar {

// What the channels of one batch share, and how far it has come.
struct Row {
  const int8_t* x;
  int8_t* y;
  const ChannelRecord* record;
  const int32_t* corrections;
  OutputRange range;
};

// Corrects, requantizes and stores `count` channels.
WHIT_NOINLINE void finish_channels(const Sums* sums, int32_t count, Row& row) {
  for (int32_t i = 0; i < count; ++i) {
    const Sums& four = sums[i >> 2];
    int32_t sum = i % 4 == 0 ? four.low0 : i % 4 == 1 ? four.high0 : i % 4 == 2 ? four.low1 : four.high1;
    bool more = has_corrections(*row.record);
    while (more) {
      sum += correction_weight(*row.corrections) * row.x[correction_index(*row.corrections)];
      more = !correction_is_last(*row.corrections++);
    }
    *row.y++ = static_cast<int8_t>(requantize(sum, scaling_of(*row.record++, row.range), row.range));
  }
}

template <int kChunk>
WHIT_NOINLINE void fully_connect(const FullyConnectedS8Swar& p, const Memory& m, const int8_t* x, int8_t* y) {
  Row row{x,
          y,
          input<ChannelRecord>(m, p.channels),
          input<int32_t>(m, p.corrections),
          {2 * p.output_zero_point + 1, p.output_min, p.output_max}};
  const int32_t* weights = input<int32_t>(m, p.weights);
#if WHIT_SWAR_MANY_REGISTERS
  constexpr int32_t kBlocks = 2;
#else
  constexpr int32_t kBlocks = 1;
#endif
  for (int32_t left = p.output_depth; left > 0; left -= 4 * kBlocks, weights += 2 * kBlocks * p.input_depth) {
    Sums sums[2];
    if (kBlocks == 2) {
      dot_two<kChunk, Shared::bytes>(x, weights, p.input_depth, left > 4 ? 2 * p.input_depth : 0, sums);
    } else {
      dot<kChunk>(x, weights, p.input_depth, sums);
    }
    finish_channels(sums, left < 4 * kBlocks ? left : 4 * kBlocks, row);
  }
}

}  // namespace swar

WHIT_KERNEL void fully_connected_s8_swar(const FullyConnectedS8Swar& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_depth, y += p.output_depth) {
    if (p.chunk == 8) {
      swar::fully_connect<8>(p, m, x, y);
    } else {
      swar::fully_connect<4>(p, m, x, y);
    }
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_SWAR_FULLY_CONNECTED_S8_SWAR_HPP_
