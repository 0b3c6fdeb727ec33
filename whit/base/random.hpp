// Random numbers that are the same on every machine and with every standard library: splitmix64 (Steele, Lea, Flood,
// 2014) and what follows from it. Not for secrets.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

namespace whit {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  // A stream of its own for each list of numbers, such as {seed, epoch, step}: what is drawn in one place never depends
  // on how much was drawn in another, so that work may begin again in the middle.
  Random(std::initializer_list<uint64_t> stream) {
    for (const uint64_t number : stream) {
      state_ ^= number;
      state_ = next();
    }
  }

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In [0, 1), in steps of 2^-53.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // In [0, count); count is far below 2^64.
  uint64_t below(uint64_t count) { return next() % count; }
  // Mean 0, standard deviation 1 (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }
  // 0, 1, ... count - 1 in any order, all alike likely.
  std::vector<int64_t> permutation(int64_t count) {
    std::vector<int64_t> order(static_cast<size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
    return order;
  }

 private:
  uint64_t state_ = 0;
};

}  // namespace whit
