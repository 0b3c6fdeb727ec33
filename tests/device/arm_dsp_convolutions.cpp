// Runs the arm_dsp convolution and fully connected kernels on random shapes, weights and requantizations, and prints a
// checksum of each case's outputs and of the canaries round them. Built twice, with the assembly and with the portable
// bodies, it must print the same (tests/device_test.cpp); unit tests hold the portable bodies against the references.
#include "tests/device/random.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/conv2d_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/fully_connected_s8_dsp.hpp"
#include "whit_runtime/kernels/arch/arm_dsp/pointwise8_s8_dsp.hpp"

namespace {

using namespace whit::rt;
using namespace whit::tests;

alignas(16) uint8_t arena[48 * 1024];
alignas(16) uint32_t stream[16 * 1024];

// A layer without meaning but with every bit pattern: multipliers that are extreme, every shift.
void randomize() {
  for (uint32_t& word : stream) word = random_word();
  fill_random(arena, sizeof arena);
}

template <typename Params>
void randomize_output(Params& p) {
  p.output_zero_point = pick(0, 1) != 0 ? -128 : pick(-128, 127);
  p.output_min = -128;
  p.output_max = 127;
  if (pick(0, 3) == 0) {
    p.output_min = pick(-128, 0);
    p.output_max = pick(1, 127);
  }
}

const Extent kExtent = {sizeof arena, sizeof stream, reinterpret_cast<const uint8_t*>(stream)};
const Memory kMemory = {arena, reinterpret_cast<const uint8_t*>(stream)};

template <int kBits>
void pointwise_case() {
  PointwiseDsp<kBits> p{};
  p.pixels = pick(1, 20);
  p.input_channels = 4 * pick(1, 20);
  p.output_channels = pick(2, 33);
  p.input = static_cast<Ref>(pick(0, 40));
  p.output = p.input + 2048 + static_cast<Ref>(pick(0, 40));
  p.stream = kConstantBit;
  p.scratch = 16384;
  randomize_output(p);
  if (!check(p, kExtent)) whit_write("refused\n");
  pointwise_dsp(p, kMemory);
  print_checksum("pointwise ", arena, sizeof arena);
}

void pointwise8_case() {
  Pointwise8S8Dsp p{};
  p.pixels = pick(1, 30);
  p.output_channels = 4 * pick(1, 8);
  p.input = static_cast<Ref>(4 * pick(0, 10));
  p.output = 2048 + static_cast<Ref>(pick(0, 40));
  p.stream = kConstantBit;
  p.output_min = pick(-128, 0);
  p.output_max = 127;
  if (!check(p, kExtent)) whit_write("refused\n");
  pointwise8_s8_dsp(p, kMemory);
  print_checksum("pointwise8 ", arena, sizeof arena);
}

template <int kBits>
void conv2d_case() {
  Conv2dDsp<kBits> p{};
  ConvGeometry& g = p.geometry;
  g.batches = pick(1, 2);
  g.input_channels = pick(1, 20), g.output_channels = pick(2, 17);
  g.kernel_height = pick(1, 4), g.kernel_width = pick(1, 4);
  g.stride_height = pick(1, 3), g.stride_width = pick(1, 3);
  g.dilation_height = pick(1, 2), g.dilation_width = pick(1, 2);
  g.input_height = pick(1, 8), g.input_width = pick(1, 8);
  g.output_height = pick(1, 8), g.output_width = pick(1, 8);  // windows may lie wholly outside
  g.pad_top = pick(0, 3), g.pad_left = pick(0, 3);
  p.input = static_cast<Ref>(pick(0, 40));
  p.output = 4096 + static_cast<Ref>(pick(0, 40));
  p.stream = kConstantBit;
  p.scratch = 16384;
  p.input_zero_point = pick(-128, 127);
  randomize_output(p);
  if (!check(p, kExtent)) whit_write("refused\n");
  conv2d_dsp(p, kMemory);
  print_checksum("conv2d ", arena, sizeof arena);
}

template <int kBits>
void fully_connected_case() {
  FullyConnectedDsp<kBits> p{};
  const bool widen = pick(0, 1) != 0;
  p.batches = pick(1, 3);
  p.input_depth = widen ? pick(1, 200) : 8 * pick(1, 25);
  p.output_depth = pick(1, 40);
  p.input = static_cast<Ref>(widen ? pick(0, 40) : 4 * pick(0, 10));
  p.output = 4096 + static_cast<Ref>(pick(0, 40));
  p.stream = kConstantBit;
  p.scratch = widen ? 16384 : kNoRef;
  p.multiplier = static_cast<int32_t>(random_word());
  p.f = pick(0, 15);
  randomize_output(p);
  if (!check(p, kExtent)) whit_write("refused\n");
  fully_connected_dsp(p, kMemory);
  print_checksum("fully_connected ", arena, sizeof arena);
}

}  // namespace

int main() {
  for (int i = 0; i < 100; ++i) {
    randomize();
    pointwise_case<8>();
    pointwise_case<4>();
    pointwise8_case();
    randomize();
    conv2d_case<8>();
    conv2d_case<4>();
    randomize();
    fully_connected_case<8>();
    fully_connected_case<4>();
  }
  return 0;
}
