// Fully connected, int8 with int8 or int4 weights, for Armv7E-M: four channels at a time, one multiplier for the layer.
// Same bits as fully_connected_s8. Chosen by the workshop where requant.hpp's preconditions hold.
// Does not handle a scale for each channel.
#ifndef WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_FULLY_CONNECTED_S8_DSP_HPP_
#define WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_FULLY_CONNECTED_S8_DSP_HPP_

#include "whit_runtime/kernels/arch/arm_dsp/gemv_4x1_w4.hpp"

namespace whit::rt {

template <int kBits>  // of a weight, 8 or 4
struct FullyConnectedDsp {
  OpHead head;
  Ref input;    // int8 [batches, input_depth], 4-byte aligned
  Ref output;   // int8 [batches, output_depth]
  Ref stream;   // as gemv_4x1 or gemv_4x1_w4 reads it; both depths filled up with zeros, to multiples of 8 and 4
  Ref scratch;  // input_depth filled up, times 2 bytes; kNoRef: input_depth is a multiple of 8 and is read as it is
  int32_t batches;
  int32_t input_depth;
  int32_t output_depth;
  int32_t multiplier;
  int32_t f;  // see requant.hpp, [0, 15]
  int32_t output_zero_point;
  int32_t output_min;  // fused activation, [-128, 127]
  int32_t output_max;
  static constexpr uint8_t kRefs = 4;
};

template <int kBits>
bool check(const FullyConnectedDsp<kBits>& p, const Extent& e) {
  if (!within(p.input_depth, 1, 1 << 20) || !within(p.output_depth, 1, 1 << 20)) return false;
  const uint64_t units = static_cast<uint64_t>(p.input_depth + 7) / 8;
  const uint64_t groups = static_cast<uint64_t>(p.output_depth + 3) / 4;
  const bool widened = p.scratch != kNoRef;
  return readable(e, p.input, area(p.batches, p.input_depth), widened ? 1 : 4) &&
         writable(e, p.output, area(p.batches, p.output_depth)) &&
         readable(e, p.stream, groups * (16 + 4 * kBits * units), 4) &&
         (widened ? writable(e, p.scratch, 16 * units, 4) : p.input_depth % 8 == 0) && within(p.f, 0, 15) &&
         check_output_s8(p.output_zero_point, p.output_min, p.output_max);
}

namespace dsp {

// Widens `count` bytes into words of int16 pairs in the order of gemv_4x1, filled up with zeros to a multiple of eight.
WHIT_ALWAYS_INLINE void widen_row(const int8_t* source, int32_t count, uint32_t* x) {
  for (; count >= 8; count -= 8, source += 8, x += 4) {
    const uint32_t first = load32(source), second = load32(source + 4);
    x[0] = sxtb16(first);
    x[1] = sxtb16_ror8(first);
    x[2] = sxtb16(second);
    x[3] = sxtb16_ror8(second);
  }
  if (count == 0) return;
  uint32_t bytes[2] = {0, 0};
  for (int32_t i = 0; i < count; ++i) bytes[i >> 2] |= (static_cast<uint32_t>(source[i]) & 255u) << 8 * (i & 3);
  x[0] = sxtb16(bytes[0]);
  x[1] = sxtb16_ror8(bytes[0]);
  x[2] = sxtb16(bytes[1]);
  x[3] = sxtb16_ror8(bytes[1]);
}

}  // namespace dsp

namespace dsp {

template <int kBits>
struct Gemv {
  GemvBlock block;
  GemvBlock& base() { return block; }
  void start(int32_t) {}
  void run() { gemv_4x1(&block); }
};
template <>
struct Gemv<4> {
  GemvW4Block block;
  GemvBlock& base() { return block.base; }
  void start(int32_t sum) { gemv_w4_start(sum, block.start); }
  void run() { gemv_4x1_w4(&block); }
};

// Sum of `units` times eight inputs as gemv_4x1 reads them.
WHIT_NOINLINE int32_t sum_inputs(const GemvBlock& block) {
  const uint32_t* x = static_cast<const uint32_t*>(block.x);
  const uint32_t* end = static_cast<const uint32_t*>(block.x_end);
  const uint32_t ones = halves(1, 1);
  int32_t sum = 0;
  for (; x != end; ++x) {
    sum = block.widened != 0 ? smlad(*x, ones, sum) : smlad(sxtb16_ror8(*x), ones, smlad(sxtb16(*x), ones, sum));
  }
  return sum;
}

}  // namespace dsp

template <int kBits>
WHIT_ALWAYS_INLINE void fully_connected_dsp(const FullyConnectedDsp<kBits>& p, const Memory& m) {
  const int8_t* x = input<int8_t>(m, p.input);
  int8_t* y = output<int8_t>(m, p.output);
  const int32_t units = (p.input_depth + 7) >> 3;
  const int32_t whole = p.output_depth & ~3;
  const int32_t origin = dsp::requant_origin(p.output_zero_point);
  dsp::Gemv<kBits> gemv{};
  dsp::GemvBlock& block = gemv.base();
  block.units = units;
  block.multiplier = p.multiplier;
  block.rounding = dsp::requant_rounding(origin, p.f);
  block.f = p.f | (origin == dsp::kUnsignedOrigin ? 0 : dsp::kGemvSigned);
  block.widened = p.scratch != kNoRef ? 1 : 0;
  for (int32_t b = 0; b < p.batches; ++b, x += p.input_depth, y += p.output_depth) {
    block.stream = input<uint32_t>(m, p.stream);
    block.x = x;
    if (block.widened != 0) {
      uint32_t* wide = output<uint32_t>(m, p.scratch);
      dsp::widen_row(x, p.input_depth, wide);
      block.x = wide;
    }
    block.x_end = static_cast<const uint8_t*>(block.x) + (units << (block.widened != 0 ? 4 : 3));
    if (kBits == 4) gemv.start(dsp::sum_inputs(block));
    block.out = y;
    block.out_end = y + whole;
    if (whole != 0) gemv.run();
    if (whole != p.output_depth) {
      int8_t last[4];
      block.stream += (whole >> 2) * (4 + kBits * units);
      block.out = last;
      block.out_end = last + 4;
      gemv.run();
      for (int32_t i = whole; i < p.output_depth; ++i) y[i] = last[i - whole];
    }
    if (p.output_min > -128 || p.output_max < 127) {
      for (int32_t i = 0; i < p.output_depth; ++i) y[i] = static_cast<int8_t>(clamp(y[i], p.output_min, p.output_max));
    }
  }
}

using FullyConnectedS8Dsp = FullyConnectedDsp<8>;
using FullyConnectedS8W4Dsp = FullyConnectedDsp<4>;

WHIT_KERNEL void fully_connected_s8_dsp(const FullyConnectedS8Dsp& p, const Memory& m) { fully_connected_dsp(p, m); }
WHIT_KERNEL void fully_connected_s8_w4_dsp(const FullyConnectedS8W4Dsp& p, const Memory& m) {
  fully_connected_dsp(p, m);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_ARCH_ARM_DSP_FULLY_CONNECTED_S8_DSP_HPP_
