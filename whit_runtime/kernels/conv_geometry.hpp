// Where the taps of a convolution lie: what all convolution kernels and their packing share.
#ifndef WHIT_RUNTIME_KERNELS_CONV_GEOMETRY_HPP_
#define WHIT_RUNTIME_KERNELS_CONV_GEOMETRY_HPP_

#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

// The geometry of a convolution or depthwise convolution over an NHWC map, shared by their kernels.
struct ConvGeometry {
  int32_t batches;
  int32_t input_height, input_width, input_channels;
  int32_t output_height, output_width, output_channels;
  int32_t kernel_height, kernel_width;
  int32_t stride_height, stride_width;
  int32_t dilation_height, dilation_width;
  int32_t pad_top, pad_left;
};

// Bounds within which no index of a convolution overflows 32 bits.
inline bool check_geometry(const ConvGeometry& g) {
  const int32_t dims[] = {g.batches,      g.input_height,    g.input_width,   g.input_channels, g.output_height,
                          g.output_width, g.output_channels, g.kernel_height, g.kernel_width,   g.stride_height,
                          g.stride_width, g.dilation_height, g.dilation_width};
  for (const int32_t dim : dims) {
    if (!within(dim, 1, 32767)) return false;
  }
  return within(g.pad_top, 0, 32767) && within(g.pad_left, 0, 32767) &&
         area(g.batches, g.input_height, g.input_width, g.input_channels) < kConstantBit &&
         area(g.batches, g.output_height, g.output_width, g.output_channels) < kConstantBit &&
         area(g.output_channels, g.kernel_height, g.kernel_width, g.input_channels) < kConstantBit;
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_CONV_GEOMETRY_HPP_
