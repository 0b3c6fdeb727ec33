#include "whit/decide/flip.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace whit::decide {
namespace {

constexpr double kRange = 1000;
constexpr double kSmallestShare = 1e-6;
constexpr int kSteps = 100;  // each way
constexpr int kBisections = 60;
constexpr double kPrecision = 1e-9;

// The line on which an input moves: logarithms of a quantity, logits of a share.
class Line {
 public:
  Line(const Input& input, double value) : input_(input), value_(value) {
    if (input.is_share()) {
      lowest_ = input.range.lowest;
      highest_ = input.range.highest;
    } else {
      lowest_ = std::max(input.range.lowest, std::max(value, input.smallest) / kRange);
      highest_ = std::min(input.range.highest, std::max(value, input.smallest) * kRange * (value == 0 ? kRange : 1));
      if (value == 0) lowest_ = 0;
    }
  }

  double lowest() const { return lowest_; }
  double highest() const { return highest_; }

  double place_of(double value) const {
    if (!input_.is_share()) return std::log(std::max(value, value_ == 0 ? input_.smallest : lowest_));
    const double inside = std::clamp(value, kSmallestShare, 1 - kSmallestShare);
    return std::log(inside / (1 - inside));
  }

  // The ends of the range exactly, in spite of rounding and of shares that have no logit.
  double value_at(double place) const {
    if (place <= place_of(lowest_)) return lowest_;
    if (place >= place_of(highest_)) return highest_;
    return input_.is_share() ? 1 / (1 + std::exp(-place)) : std::exp(place);
  }

 private:
  const Input& input_;
  double value_;
  double lowest_ = 0;
  double highest_ = 0;
};

std::optional<Flip> search(Scenario scenario, const Input& input, const Line& line, double end) {
  double& moved = *input.find(scenario);
  const double value = moved;
  const auto verdict_at = [&](double place) {
    moved = line.value_at(place);
    return decide(scenario).verdict;
  };
  const std::optional<Option> verdict = decide(scenario).verdict;
  const double start = line.place_of(value);
  double same = start;
  for (int step = 1; step <= kSteps; ++step) {
    double other = step == kSteps ? end : start + (end - start) * step / kSteps;
    std::optional<Option> found = verdict_at(other);
    if (found == verdict) {
      same = other;
      continue;
    }
    for (int i = 0; i < kBisections && std::abs(other - same) > kPrecision; ++i) {
      const double middle = (same + other) / 2;
      const std::optional<Option> there = verdict_at(middle);
      if (there == verdict) {
        same = middle;
      } else {
        other = middle;
        found = there;
      }
    }
    return Flip{line.value_at(other), found, std::abs(other - start)};
  }
  return {};
}

}  // namespace

double InputFlips::nearest() const {
  double distance = std::numeric_limits<double>::infinity();
  for (const auto& flip : {down, up}) {
    if (flip) distance = std::min(distance, flip->distance);
  }
  return distance;
}

InputFlips find_flips(const Scenario& scenario, const Input& input) {
  Scenario moved = scenario;
  const double value = *input.find(moved);
  const Line line(input, value);
  InputFlips flips{input.name(), input.is_share(), value, line.lowest(), line.highest(), {}, {}};
  if (value > line.lowest()) flips.down = search(scenario, input, line, line.place_of(line.lowest()));
  if (value < line.highest()) flips.up = search(scenario, input, line, line.place_of(line.highest()));
  return flips;
}

std::vector<InputFlips> find_flips(const Scenario& scenario) {
  std::vector<InputFlips> all;
  Scenario copy = scenario;
  for (const Input& input : inputs()) {
    if (input.find(copy) != nullptr) all.push_back(find_flips(scenario, input));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const InputFlips& a, const InputFlips& b) { return a.nearest() < b.nearest(); });
  return all;
}

std::vector<Switch> find_switches(const Scenario& scenario) {
  const std::optional<Option> verdict = decide(scenario).verdict;
  std::vector<Switch> switches;
  const auto attempt = [&](const std::string& input, const std::string& value, const auto& change) {
    Scenario other = scenario;
    change(other);
    const std::optional<Option> found = decide(other).verdict;
    if (found != verdict) switches.push_back({input, value, found});
  };
  for (const Criticality value : {Criticality::comfort, Criticality::mission, Criticality::safety}) {
    attempt("task.criticality", name_of(value), [&](Scenario& other) { other.criticality = value; });
  }
  attempt("constraints.must_work_offline", scenario.must_work_offline ? "false" : "true",
          [](Scenario& other) { other.must_work_offline = !other.must_work_offline; });
  attempt("constraints.data_may_leave", scenario.data_may_leave ? "false" : "true",
          [](Scenario& other) { other.data_may_leave = !other.data_may_leave; });
  for (const Sensitivity value :
       {Sensitivity::none, Sensitivity::anonymous, Sensitivity::personal, Sensitivity::regulated}) {
    attempt("data.sensitivity", name_of(value), [&](Scenario& other) { other.data.sensitivity = value; });
  }
  return switches;
}

}  // namespace whit::decide
