#include "whit/ir/resize_positions.hpp"

#include <algorithm>
#include <cmath>

namespace whit::ir {
namespace {

float scale_of(int32_t in, int32_t out, const ResizeAttributes& a) {
  return a.align_corners && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1)
                                    : static_cast<float>(in) / static_cast<float>(out);
}

}  // namespace

std::vector<int32_t> nearest_positions(int32_t in, int32_t out, const ResizeAttributes& a) {
  const float scale = scale_of(in, out, a);
  const float offset = a.half_pixel_centers ? 0.5f : 0.0f;
  std::vector<int32_t> positions;
  for (int32_t i = 0; i < out; ++i) {
    const float at = (static_cast<float>(i) + offset) * scale;
    const auto position = static_cast<int32_t>(a.align_corners ? std::round(at) : std::floor(at));
    positions.push_back(std::clamp(position, 0, in - 1));
  }
  return positions;
}

std::vector<BilinearPosition> bilinear_positions(int32_t in, int32_t out, const ResizeAttributes& a) {
  const float scale = scale_of(in, out, a);
  std::vector<BilinearPosition> positions;
  for (int32_t i = 0; i < out; ++i) {
    const float at =
        a.half_pixel_centers ? (static_cast<float>(i) + 0.5f) * scale - 0.5f : static_cast<float>(i) * scale;
    const int32_t lower = std::clamp(static_cast<int32_t>(std::floor(at)), 0, in - 1);
    const int32_t upper = std::clamp(static_cast<int32_t>(std::ceil(at)), 0, in - 1);
    positions.push_back({lower, upper, at - static_cast<float>(lower)});
  }
  return positions;
}

}  // namespace whit::ir
