// The window of a convolution or pool: sizes, strides, dilations and paddings from the node's attributes. Private to
// this folder. Always depth, height and width; those that an image lacks are 1.
#pragma once

#include <vector>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {

struct Window {
  int64_t size[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1};
  int64_t before[3] = {0, 0, 0}, after[3] = {0, 0, 0};  // padding; may be negative, which cuts
};

// auto_pad, dilations, kernel_shape, pads and strides for an image of `size`; `kernel` is empty where the attribute
// must give it. Every value is checked to be in range.
Window window_of(NodeImport& op, const std::vector<int32_t>& size, const std::vector<int32_t>& kernel);

// Height and width as a window of two dimensions; depth as the height of one.
Window plane_of(const Window& window);
Window depth_of(const Window& window);

// What negative paddings cut off `x`; they are 0 afterwards.
Value crop(NodeImport& op, const Value& x, const Window& window);
ir::ConvAttributes conv_attributes(const Window& window);

// [N,C,D,H,W] as images [N*D,C,H,W], and back to [N,C,D,...] for N and D as before.
Value as_images(NodeImport& op, const Value& x);
Value as_volume(NodeImport& op, const Value& images, int32_t n);

}  // namespace whit::onnx
