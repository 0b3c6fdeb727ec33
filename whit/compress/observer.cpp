#include "whit/compress/observer.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "whit/base/nearest.hpp"

namespace whit::compress {
namespace {

constexpr size_t kBins = 2048;
constexpr std::array kNames = {"min_max", "moving_average", "percentile", "entropy", "mse"};
// Weight of the newest sample in a moving average.
constexpr float kMomentum = 0.01f;

}  // namespace

const char* name_of(Observer observer) { return kNames[static_cast<size_t>(observer)]; }

Observer observer_from_name(const std::string& name) {
  return static_cast<Observer>(index_of_name(name, kNames, "observer"));
}

void RangeObserver::see_extent(std::span<const float> values) {
  Range sample;
  for (const float value : values) {
    if (!std::isfinite(value)) {
      ++not_finite_;
      continue;
    }
    sample.low = std::min(sample.low, value);
    sample.high = std::max(sample.high, value);
  }
  count_ += static_cast<int64_t>(values.size());
  extent_ = {std::min(extent_.low, sample.low), std::max(extent_.high, sample.high)};
  const float weight = seen_ ? kMomentum : 1.0f;
  average_.low += weight * (sample.low - average_.low);
  average_.high += weight * (sample.high - average_.high);
  seen_ = true;
}

void RangeObserver::see_histogram(std::span<const float> values) {
  bins_.resize(kBins);
  const float width = extent_.high - extent_.low;
  if (!(width > 0)) return;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const auto bin = static_cast<int64_t>((value - extent_.low) / width * kBins);
    ++bins_[static_cast<size_t>(std::clamp<int64_t>(bin, 0, kBins - 1))];
  }
}

float RangeObserver::bin_low(size_t bin) const {
  return extent_.low + (extent_.high - extent_.low) * static_cast<float>(bin) / kBins;
}

Range RangeObserver::percentile_range(double percentile) const {
  const double cut = static_cast<double>(count_ - not_finite_) * (1.0 - percentile / 100.0) / 2.0;
  Range range = extent_;
  double below = 0;
  for (size_t bin = 0; bin < kBins && below + static_cast<double>(bins_[bin]) <= cut; ++bin) {
    below += static_cast<double>(bins_[bin]);
    range.low = bin_low(bin + 1);
  }
  double above = 0;
  for (size_t bin = kBins; bin > 0 && above + static_cast<double>(bins_[bin - 1]) <= cut; --bin) {
    above += static_cast<double>(bins_[bin - 1]);
    range.high = bin_low(bin - 1);
  }
  return {std::min(range.low, 0.0f), std::max(range.high, 0.0f)};
}

// Mean squared error of rounding inside the range and clipping outside, from the middle of each bin.
double RangeObserver::squared_error(const Range& range, int32_t levels) const {
  const double step = (range.high - range.low) / (levels - 1.0);
  double error = 0;
  for (size_t bin = 0; bin < kBins; ++bin) {
    if (bins_[bin] == 0) continue;
    const double value = 0.5 * (bin_low(bin) + bin_low(bin + 1));
    const double outside = value < range.low ? range.low - value : value > range.high ? value - range.high : 0.0;
    error += static_cast<double>(bins_[bin]) * (outside > 0 ? outside * outside : step * step / 12.0);
  }
  return error;
}

// KL divergence of bins [first, last) quantized to `levels` from the same bins with everything outside moved to the
// two ends.
double RangeObserver::divergence(size_t first, size_t last, int32_t levels) const {
  std::vector<double> clipped(bins_.begin() + static_cast<ptrdiff_t>(first),
                              bins_.begin() + static_cast<ptrdiff_t>(last));
  const std::vector<double> inside = clipped;
  for (size_t bin = 0; bin < first; ++bin) clipped.front() += static_cast<double>(bins_[bin]);
  for (size_t bin = last; bin < kBins; ++bin) clipped.back() += static_cast<double>(bins_[bin]);
  const size_t width = last - first;
  double divergence = 0, total_clipped = 0, total_inside = 0;
  for (size_t i = 0; i < width; ++i) total_clipped += clipped[i], total_inside += inside[i];
  if (total_inside == 0) return INFINITY;
  for (int32_t level = 0; level < levels; ++level) {
    const size_t begin = width * static_cast<size_t>(level) / static_cast<size_t>(levels);
    const size_t end = width * static_cast<size_t>(level + 1) / static_cast<size_t>(levels);
    double sum = 0;
    int32_t filled = 0;
    for (size_t i = begin; i < end; ++i) sum += inside[i], filled += clipped[i] > 0;
    for (size_t i = begin; i < end; ++i) {
      if (clipped[i] <= 0) continue;
      const double p = clipped[i] / total_clipped;
      const double q = std::max(sum / filled / total_inside, 1e-12);
      divergence += p * std::log(p / q);
    }
  }
  return divergence;
}

template <typename Cost>
Range RangeObserver::search(Cost cost) const {
  // Both ends are shortened in turn, in 64ths of the extent, until neither helps; zero stays inside.
  constexpr int kSteps = 64;
  int low = kSteps, high = kSteps;
  const auto range_at = [&](int l, int h) {
    return Range{extent_.low * static_cast<float>(l) / kSteps, extent_.high * static_cast<float>(h) / kSteps};
  };
  double best = cost(range_at(low, high));
  for (bool better = true; better;) {
    better = false;
    const auto try_at = [&](int l, int h) {
      const double candidate = cost(range_at(l, h));
      if (candidate < best) best = candidate, low = l, high = h, better = true;
    };
    for (int h = 1; h <= kSteps; ++h) try_at(low, h);
    for (int l = 1; l <= kSteps; ++l) try_at(l, high);
  }
  return range_at(low, high);
}

Range RangeObserver::range(Observer observer, int32_t levels, double percentile) const {
  if (observer == Observer::moving_average) return average_;
  if (observer == Observer::min_max || !(extent_.high > extent_.low) || bins_.empty()) return extent_;
  if (observer == Observer::percentile) return percentile_range(percentile);
  if (observer == Observer::mse) {
    return search([&](const Range& range) { return squared_error(range, levels); });
  }
  const float width = extent_.high - extent_.low;
  // Below one bin a level nothing is lost inside the range, so the divergence would say nothing.
  if (static_cast<size_t>(levels) >= kBins) return extent_;
  return search([&](const Range& range) {
    const auto first = static_cast<size_t>(std::lround((range.low - extent_.low) / width * kBins));
    const auto last = std::min(kBins, static_cast<size_t>(std::lround((range.high - extent_.low) / width * kBins)));
    return last - first < static_cast<size_t>(levels) ? INFINITY : divergence(first, last, levels);
  });
}

}  // namespace whit::compress
