// How far each input may move, all else equal, before the verdict is another.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whit/decide/decision.hpp"

namespace whit::decide {

struct Flip {
  double value = 0;               // the first, going away from the scenario's, at which the verdict differs
  std::optional<Option> verdict;  // there; none: no option is left
  double distance = 0;            // natural logarithm of value / scenario's; for a share, of the quotient of the odds
};

struct InputFlips {
  std::string input;  // "link.rtt_p99_ms"
  bool is_share = false;
  double value = 0;   // in the scenario
  double lowest = 0;  // searched range
  double highest = 0;
  std::optional<Flip> down;  // none: the verdict stands down to `lowest`
  std::optional<Flip> up;

  bool flips() const { return down || up; }
  double nearest() const;  // distance of the nearer one; infinite when there is none
};

// A quantity is searched from 1/1000 to 1000 times its value (within what it may be), a share from 0 to 1. Steps of
// about 1/30 decade, then bisection to 1e-9: a verdict that flips and flips back within one step is not seen.
InputFlips find_flips(const Scenario& scenario, const Input& input);

// All inputs that the scenario gives, the one that flips nearest first, those that never flip last.
std::vector<InputFlips> find_flips(const Scenario& scenario);

// A setting that is no number, with another value than the scenario's, and the verdict then.
struct Switch {
  std::string input;  // "task.criticality"
  std::string value;  // "safety"
  std::optional<Option> verdict;
};

// Those that change the verdict.
std::vector<Switch> find_switches(const Scenario& scenario);

}  // namespace whit::decide
