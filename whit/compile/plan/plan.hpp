// The arena plan: an offset for every buffer of a Program, so that the arena is as small as can be.
// Called by compile/lower once all ops are known. Knows nothing of ops but the times at which buffers are alive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whit::compile {

// A buffer is alive from the start of op `first_op` to the end of op `last_op`, both included. Inputs of the model have
// first_op -1, outputs last_op = number of ops. Two buffers that are alive at the same time must not share a byte,
// unless a PlanOverlap allows it.
struct PlanBuffer {
  std::string name;  // for messages
  int64_t bytes = 0;
  int32_t first_op = 0;
  int32_t last_op = 0;
  int64_t fixed_offset = -1;  // >= 0: the place is given (state)
};

// The op at which buffer `input` dies and buffer `output` is born writes `output` so late that they may share memory
// whenever offset(output) + lead <= offset(input), that is: `output` starts at least `lead` bytes before `input`.
// lead 0: in place. Without sharing they must be disjoint as any two. `exact`: only at this very distance, for ops that
// work on some channels of the whole map at a time and so read and write in no order of addresses.
struct PlanOverlap {
  int32_t output = 0;  // indices of buffers
  int32_t input = 0;
  int64_t lead = 0;
  bool exact = false;
};

struct ArenaPlan {
  std::vector<int64_t> offsets;  // one for each buffer, each a multiple of kArenaAlignment
  int64_t arena_bytes = 0;       // max of offset + bytes
  int64_t lower_bound = 0;       // no plan can be smaller: max over time of what is alive, overlaps taken into account
};

inline constexpr int64_t kArenaAlignment = 4;

// A valid plan; deterministic. Buffers of 0 bytes get offset 0.
ArenaPlan plan_arena(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps);

}  // namespace whit::compile
