#include "whit/decide/decision.hpp"

#include <algorithm>
#include <limits>

namespace whit::decide {
namespace {

// What one byte of such data costs in privacy when it leaves the device, against one of regulated data at 0.9.
double harm(Sensitivity sensitivity) {
  constexpr double kHarms[] = {0, 0.1, 0.6, 0.9};
  return kHarms[static_cast<size_t>(sensitivity)];
}

// A deeper answer has a deadline of its own and counts as much as the first; without one, the answers that the cloud
// gives are some of the same answers, and count by their share.
double latency_score(const Scenario& scenario, const Effect& effect) {
  const double first = keeps_within(effect.first_answer_ms, scenario.deadline_ms);
  if (scenario.hybrid && scenario.hybrid->deeper) {
    return (first + keeps_within(effect.last_answer_ms, scenario.hybrid->deeper->deadline_ms)) / 2;
  }
  return (1 - effect.asked_share) * first +
         effect.asked_share * keeps_within(effect.last_answer_ms, scenario.deadline_ms);
}

double privacy_score(const Scenario& scenario, const Effect& effect) {
  const double all = scenario.data.inferences_per_day * scenario.data.bytes;
  return 1 - harm(scenario.data.sensitivity) * std::min(1.0, effect.exposed_bytes / all);
}

double fit_score(const Scenario& scenario, const Effect& effect) {
  return std::min({keeps_within(effect.flash_share, 1), keeps_within(effect.ram_share, 1),
                   keeps_within(1 - effect.accuracy, 1 - scenario.accuracy_min)});
}

double energy_score(const Scenario& scenario, const Effect& effect) {
  if (!scenario.power.battery) return 1;
  return keeps_within(scenario.power.battery->days, effect.battery_days);
}

double score(const Scenario& scenario, Factor factor, const Effect& effect, double cost, double cheapest) {
  switch (factor) {
    case Factor::latency:
      return latency_score(scenario, effect);
    case Factor::privacy:
      return privacy_score(scenario, effect);
    case Factor::bandwidth:
      return keeps_within(effect.link_share, 0.5);
    case Factor::connectivity:
      return keeps_within(effect.missed_share, tolerated_misses(scenario.criticality));
    case Factor::model_fit:
      return fit_score(scenario, effect);
    case Factor::energy:
      return energy_score(scenario, effect);
    case Factor::learning:
      return keeps_within(effect.learning_years, scenario.fleet.lifetime_years);
    case Factor::cost:
      return cost <= cheapest ? 1 : cheapest / cost;
  }
  return 0;
}

}  // namespace

double keeps_within(double amount, double limit) {
  const double ratio = amount / limit;
  return 1 / (1 + ratio * ratio);
}

Decision decide(const Scenario& scenario) {
  Decision decision;
  double cheapest = std::numeric_limits<double>::max();
  for (const Option option : kOptions) {
    if (option == Option::hybrid && !scenario.hybrid) {
      of(decision.against, option) = {"the scenario has no table [hybrid] that says what would go to the cloud"};
      continue;
    }
    const Effect& effect = of(decision.effects, option) = effect_of(scenario, option);
    of(decision.costs, option) = cost_of(scenario, option, effect);
    of(decision.against, option) = constraints_against(scenario, option, effect);
    if (decision.is_possible(option)) {
      cheapest = std::min(cheapest, of(decision.costs, option).total(scenario.fleet.devices));
    }
  }
  double weights = 0;
  for (const Factor factor : kFactors) {
    FactorScores& scores = decision.factors.emplace_back();
    scores.factor = factor;
    scores.weight = scenario.weights[static_cast<size_t>(factor)];
    weights += scores.weight;
    for (const Option option : kOptions) {
      if (option == Option::hybrid && !scenario.hybrid) continue;
      of(scores.scores, option) = score(scenario, factor, of(decision.effects, option),
                                        of(decision.costs, option).total(scenario.fleet.devices), cheapest);
      of(decision.totals, option) += scores.weight * of(scores.scores, option);
    }
  }
  for (const Option option : kOptions) {
    of(decision.totals, option) /= weights;
    if (!decision.is_possible(option)) continue;
    if (!decision.verdict || of(decision.totals, option) > of(decision.totals, *decision.verdict)) {
      decision.verdict = option;
    }
  }
  return decision;
}

std::vector<Option> best_of(const FactorScores& factor, bool has_hybrid) {
  std::vector<Option> best;
  const double highest = *std::max_element(factor.scores.begin(), factor.scores.end());
  for (const Option option : kOptions) {
    if (option == Option::hybrid && !has_hybrid) continue;
    if (of(factor.scores, option) >= highest - kAlike) best.push_back(option);
  }
  return best;
}

}  // namespace whit::decide
