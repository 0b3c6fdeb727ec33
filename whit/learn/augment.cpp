#include "whit/learn/augment.hpp"

#include <algorithm>

namespace whit::learn {
namespace {

// A sample as [first, second, rest].
struct Map {
  std::span<float> values;
  int64_t first, second, rest;

  float* at(int64_t i, int64_t j) const { return values.data() + (i * second + j) * rest; }
};

void flip(const Map& map) {
  for (int64_t i = 0; i < map.first; ++i) {
    for (int64_t j = 0; j < map.second / 2; ++j) {
      std::swap_ranges(map.at(i, j), map.at(i, j) + map.rest, map.at(i, map.second - 1 - j));
    }
  }
}

void shift(const Map& map, int64_t down, int64_t right) {
  const std::vector<float> before(map.values.begin(), map.values.end());
  std::fill(map.values.begin(), map.values.end(), 0.0f);
  const int64_t left = std::max<int64_t>(right, 0), width = map.second - std::abs(right);
  for (int64_t i = std::max<int64_t>(down, 0); i < std::min(map.first, map.first + down) && width > 0; ++i) {
    const float* from = before.data() + ((i - down) * map.second + left - right) * map.rest;
    std::copy(from, from + width * map.rest, map.at(i, left));
  }
}

// In [-most, most].
int64_t either_way(Random& random, int64_t most) {
  return static_cast<int64_t>(random.below(2 * static_cast<uint64_t>(most) + 1)) - most;
}

}  // namespace

void augment(std::span<float> sample, const std::vector<int64_t>& shape, const Augmentation& a, Random& random) {
  if (a.flip || a.shift_first > 0 || a.shift_second > 0 || a.mask > 0) {
    const auto size = static_cast<int64_t>(sample.size());
    const Map map{sample, shape.at(0), shape.at(1), size / (shape.at(0) * shape.at(1))};
    if (a.flip && random.below(2) == 1) flip(map);
    if (a.shift_first > 0 || a.shift_second > 0) {
      const int64_t down = either_way(random, a.shift_first);
      shift(map, down, either_way(random, a.shift_second));
    }
    if (a.mask > 0) {
      const auto length = std::min(static_cast<int64_t>(random.below(static_cast<uint64_t>(a.mask) + 1)), map.first);
      const auto begin = static_cast<int64_t>(random.below(static_cast<uint64_t>(map.first - length) + 1));
      std::fill(map.at(begin, 0), map.at(begin, 0) + length * map.second * map.rest, 0.0f);
    }
  }
  if (a.noise > 0) {
    for (float& value : sample) value += static_cast<float>(a.noise * random.normal());
  }
}

}  // namespace whit::learn
