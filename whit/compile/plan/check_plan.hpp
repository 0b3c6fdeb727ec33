// Is an arena plan valid? Independent of how plan_arena finds one: compares every pair of buffers by its definition.
// Used by tests and by whoever gets a plan from elsewhere. Does not judge how good a plan is.
#pragma once

#include <string>
#include <vector>

#include "whit/compile/plan/plan.hpp"

namespace whit::compile {

// Empty when `plan` is valid, else one sentence on the first thing that is wrong.
std::string check_plan(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps,
                       const ArenaPlan& plan);

}  // namespace whit::compile
