// The arena plan as a puzzle of distances: for every two buffers that meet, how far apart they must lie.
// Between plan.hpp (lifetimes and overlaps) and the search in plan.cpp. Places nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/compile/plan/plan.hpp"

namespace whit::compile {

// A buffer that is alive together with another one. Either this one starts at least `below` bytes before the other, or
// at least `above` bytes after the other's start. Ordinarily `below` is the own size and `above` the other's size; an
// overlap makes one of them smaller. An exact overlap forbids what lies strictly between `below` and `below_apart`, or
// `above` and `above_apart`, as well; otherwise these are 0.
struct PlanNeighbour {
  int32_t buffer = 0;
  int64_t below = 0;
  int64_t above = 0;
  int64_t below_apart = 0;
  int64_t above_apart = 0;
};

struct PlanProblem {
  std::vector<int64_t> size;   // rounded up to kArenaAlignment
  std::vector<int64_t> fixed;  // offset that is given, or -1
  std::vector<std::vector<PlanNeighbour>> neighbours;
};

// True when both buffers are alive during one op at least.
inline bool meet(const PlanBuffer& a, const PlanBuffer& b) {
  return a.first_op <= b.last_op && b.first_op <= a.last_op;
}

inline int64_t aligned(int64_t bytes) { return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment; }

PlanProblem make_plan_problem(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps);

// No plan can be smaller. At an op with one output o and inputs i that it may share memory with, let S be the inputs
// that do: the room is at least max(bytes(o), min lead of S + bytes of S) plus everything else that is alive.
int64_t plan_lower_bound(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps);

}  // namespace whit::compile
