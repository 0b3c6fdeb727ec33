// Total cost of ownership of an option as a function of the fleet's size, and where two of them cross.
// Plain sums over the lifetime: no interest, no inflation.
#pragma once

#include <vector>

#include "whit/decide/effect.hpp"

namespace whit::decide {

// US dollars over the lifetime.
struct Cost {
  double development = 0;  // once for the fleet, as are updates
  double updates = 0;
  double device = 0;  // a device, as are the three below
  double link = 0;
  double energy = 0;
  double cloud = 0;        // for inference
  double cloud_floor = 0;  // what the cloud's service costs at least, whatever the fleet

  double once() const { return development + updates; }
  double per_device() const { return device + link + energy; }
  double cloud_of(double devices) const;
  double total(double devices) const;
};

Cost cost_of(const Scenario& scenario, Option option, const Effect& effect);

// From `devices` on (to the next crossing) `cheaper` costs less than the other.
struct Crossing {
  double devices = 0;
  bool first_is_cheaper = false;
};

// Fleet sizes above 1 at which one becomes cheaper than the other, in order; empty when the lines do not cross.
std::vector<Crossing> break_even(const Cost& first, const Cost& second);

}  // namespace whit::decide
