// What changes samples at random while they train: a net sees none of them twice. Knows no torch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "whit/base/random.hpp"

namespace whit::learn {

// noise is for samples of any shape. flip and both shifts are for images [H,W,C]; shift_first and mask for sequences
// [T,F] and spectrograms [T,F,C].
struct Augmentation {
  double noise = 0.0;  // standard deviation of what is added to every value
  bool flip = false;   // every other sample is mirrored along its second dimension
  // Largest number of positions by which a sample is moved along its first and its second dimension, either way; what
  // moves in is 0.
  int64_t shift_first = 0, shift_second = 0;
  int64_t mask = 0;  // up to so many consecutive positions of the first dimension become 0

  bool none() const { return noise == 0 && !flip && shift_first == 0 && shift_second == 0 && mask == 0; }
};

// Changes one sample of `shape` in place. `shape` has two dimensions at least where anything but noise is asked for.
void augment(std::span<float> sample, const std::vector<int64_t>& shape, const Augmentation& augmentation,
             Random& random);

}  // namespace whit::learn
