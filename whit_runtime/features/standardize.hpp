// Brings features to the range that the model was trained on.
#ifndef WHIT_RUNTIME_FEATURES_STANDARDIZE_HPP_
#define WHIT_RUNTIME_FEATURES_STANDARDIZE_HPP_

#include <stdint.h>

namespace whit::rt {

// In place: x[i] = (x[i] - offset[i % period]) * scale[i % period]; `period` > 0 is the last dimension of a sample
// [.., period], or 1.
inline void standardize(float* x, int32_t count, const float* offset, const float* scale, int32_t period) {
  for (int32_t i = 0, k = 0; i < count; ++i) {
    x[i] = (x[i] - offset[k]) * scale[k];
    if (++k == period) k = 0;
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_STANDARDIZE_HPP_
