// Which tensors share one scale, and what it is. Used by quantize.cpp.
#pragma once

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "whit/compress/observer.hpp"
#include "whit/compress/quantize_layer.hpp"
#include "whit/ir/graph.hpp"
#include "whit/ir/stored_range.hpp"

namespace whit::compress {

// Tensors that must share one scale, in one type: union-find with the range of each set.
class Groups {
 public:
  explicit Groups(std::vector<Range> ranges) : ranges_(std::move(ranges)), parent_(ranges_.size()) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  size_t find(size_t i) const {
    while (parent_[i] != i) i = parent_[i];
    return i;
  }
  void join(size_t a, size_t b) {
    a = find(a), b = find(b);
    if (a == b) return;
    ranges_[a] = {std::min(ranges_[a].low, ranges_[b].low), std::max(ranges_[a].high, ranges_[b].high)};
    if (fixed_.contains(b)) fixed_.insert({a, fixed_.at(b)});
    parent_[b] = a;
  }
  Range range(size_t i) const { return ranges_[find(i)]; }
  // The range ends at -most and most, whatever the values.
  void limit(size_t i, float most) {
    Range& range = ranges_[find(i)];
    range = {std::max(range.low, -most), std::min(range.high, most)};
  }
  // Tensor `i` comes with these parameters, whatever its range.
  void fix(size_t i, const ir::Quantization& quantization) { fixed_.insert({find(i), quantization}); }

  ir::Quantization parameters(size_t i, ir::DType type) const {
    const size_t group = find(i);
    const Range range = ranges_[group];
    const auto fixed = fixed_.find(group);
    if (fixed != fixed_.end()) {
      const ir::StoredRange stored = ir::stored_range(type);
      const float scale = fixed->second.scale[0];
      const auto zero_point = static_cast<float>(fixed->second.zero_point[0]);
      const bool fits = range.low >= scale * (static_cast<float>(stored.low) - zero_point - 1) &&
                        range.high <= scale * (static_cast<float>(stored.high) - zero_point + 1);
      if (fits) return fixed->second;
    }
    return activation_quantization(range, type);
  }

 private:
  std::vector<Range> ranges_;
  std::vector<size_t> parent_;
  std::map<size_t, ir::Quantization> fixed_;
};

}  // namespace whit::compress
