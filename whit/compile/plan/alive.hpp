// How full a planned arena is, op by op: for whoever shows it. The plan itself does not need it.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/compile/plan/plan.hpp"

namespace whit::compile {

// By op, bytes of the arena that buffers lie in while it runs; bytes that two of them share count once. `plan` is a
// valid one of `buffers`.
std::vector<int64_t> alive_bytes(const std::vector<PlanBuffer>& buffers, const ArenaPlan& plan, int32_t op_count);

}  // namespace whit::compile
