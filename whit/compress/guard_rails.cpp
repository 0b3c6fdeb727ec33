#include "whit/compress/guard_rails.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "whit/data/leakage.hpp"

namespace whit::compress {
namespace {

constexpr int64_t kFewestSamples = 100;

}  // namespace

std::vector<std::string> calibration_problems(const data::Samples& calibration, const std::string& split,
                                              int64_t classes, const data::Samples& test) {
  std::vector<std::string> problems;
  if (split == "train" || split == "training") {
    problems.push_back("the calibration data is the training split: ranges fitted to it look better than they are");
  }
  if (calibration.count() < kFewestSamples) {
    problems.push_back(
        fmt::format("{} samples are too few to calibrate with, {} are the least", calibration.count(), kFewestSamples));
  }
  std::set<float> seen(calibration.labels.begin(), calibration.labels.end());
  if (!calibration.labels.empty() && static_cast<int64_t>(seen.size()) < classes) {
    for (int64_t label = 0; label < classes; ++label) {
      if (!seen.contains(static_cast<float>(label))) {
        problems.push_back(fmt::format("class {} does not occur in the calibration data", label));
        break;
      }
    }
  }
  const auto wrong = std::count_if(calibration.values.begin(), calibration.values.end(),
                                   [](float value) { return !std::isfinite(value); });
  if (wrong > 0) problems.push_back(fmt::format("{} values of the calibration data are NaN or infinite", wrong));
  const auto shared = data::shared_samples(calibration, test);
  if (!shared.empty()) {
    problems.push_back(
        fmt::format("{} samples of the calibration data are in the test data as well (sample {} is {} there)",
                    shared.size(), shared[0].first, shared[0].second));
  }
  return problems;
}

}  // namespace whit::compress
