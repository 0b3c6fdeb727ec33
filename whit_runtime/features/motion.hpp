// 27 features of a window of the six axes of an accelerometer and a gyroscope, for recognising activities.
// Of each axis mean, standard deviation, minimum and maximum (24), then three that do not depend on how the device is
// worn: the standard deviation of the length of the acceleration (walking shakes), the turn rate about the vertical
// (turning round), and how far the direction of gravity moves from the first half to the second (sitting down, standing
// up). The vertical is the mean acceleration: over a second or more most of it is gravity.
#ifndef WHIT_RUNTIME_FEATURES_MOTION_HPP_
#define WHIT_RUNTIME_FEATURES_MOTION_HPP_

#include <math.h>
#include <stdint.h>

#include "whit_runtime/features/statistics.hpp"

namespace whit::rt {

constexpr int32_t kMotionAxes = 6;
constexpr int32_t kMotionFeatures = 27;

inline float length_of(const float* vector) {
  return sqrtf(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]);
}

// window: [rows, 6], acceleration x, y, z, then turn rate x, y, z; rows >= 2.
// out: [27]: four of each axis in the window's order, then the three above, in the units of the window.
inline void motion_features(const float* window, int32_t rows, float* out) {
  float mean[kMotionAxes];
  for (int32_t axis = 0; axis < kMotionAxes; ++axis) {
    const float* x = window + axis;
    mean[axis] = mean_of(x, rows, kMotionAxes);
    out[4 * axis] = mean[axis];
    out[4 * axis + 1] = std_of(x, rows, kMotionAxes, mean[axis]);
    out[4 * axis + 2] = min_of(x, rows, kMotionAxes);
    out[4 * axis + 3] = max_of(x, rows, kMotionAxes);
  }
  const float count = static_cast<float>(rows);
  float length = 0;
  for (int32_t i = 0; i < rows; ++i) length += length_of(window + i * kMotionAxes);
  length /= count;
  float spread = 0;
  for (int32_t i = 0; i < rows; ++i) {
    const float away = length_of(window + i * kMotionAxes) - length;
    spread += away * away;
  }
  out[24] = sqrtf(spread / count);
  const float gravity = length_of(mean);
  const float turn = mean[0] * mean[3] + mean[1] * mean[4] + mean[2] * mean[5];
  out[25] = gravity > 0 ? fabsf(turn) / gravity : 0;
  float moved[3];
  for (int32_t axis = 0; axis < 3; ++axis) {
    const int32_t half = rows / 2;
    moved[axis] = mean_of(window + half * kMotionAxes + axis, rows - half, kMotionAxes) -
                  mean_of(window + axis, half, kMotionAxes);
  }
  out[26] = length_of(moved);
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_MOTION_HPP_
