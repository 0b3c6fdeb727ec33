// Edge, cloud or hybrid: constraints rule options out, factors weigh those that are left. No number is hidden: each
// formula stands with its reason in docs/guide/decide.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whit/decide/cost.hpp"

namespace whit::decide {

// How well `amount` keeps within `limit`: 1 for none, 1/2 at the limit, 1/5 at twice, 1/101 at ten times of it.
double keeps_within(double amount, double limit);

// Scores closer than this are no reason to choose: one factor's verdict names all that come this near to its best.
inline constexpr double kAlike = 0.1;

struct FactorScores {
  Factor factor = Factor::latency;
  double weight = 0;
  PerOption<double> scores{};  // 0..1; 0 for an option that the scenario does not describe
};

struct Decision {
  PerOption<Effect> effects;
  PerOption<Cost> costs;
  PerOption<std::vector<std::string>> against;  // the constraints that rule an option out; none: it may be chosen
  std::vector<FactorScores> factors;            // in the order of kFactors
  PerOption<double> totals{};                   // weighted mean of the scores
  std::optional<Option> verdict;                // the highest total of those that may be chosen; none when none may

  bool is_possible(Option option) const { return of(against, option).empty(); }
};

Decision decide(const Scenario& scenario);

// The options that are within kAlike of the factor's best; of `options` that the scenario describes.
std::vector<Option> best_of(const FactorScores& factor, bool has_hybrid);

// Sentences on why `option` cannot be; empty when it can.
std::vector<std::string> constraints_against(const Scenario& scenario, Option option, const Effect& effect);

}  // namespace whit::decide
