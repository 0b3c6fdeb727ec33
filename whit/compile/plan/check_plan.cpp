#include "whit/compile/plan/check_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace whit::compile {
namespace {

bool may_touch(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps, size_t a, size_t b,
               const std::vector<int64_t>& offsets) {
  for (const PlanOverlap& overlap : overlaps) {
    const size_t output = static_cast<size_t>(overlap.output);
    const size_t input = static_cast<size_t>(overlap.input);
    if (!((output == a && input == b) || (output == b && input == a))) continue;
    if (buffers[output].first_op != buffers[input].last_op) continue;
    const int64_t distance = offsets[input] - offsets[output];
    if (overlap.exact ? distance == overlap.lead : distance >= overlap.lead) return true;
  }
  return false;
}

}  // namespace

std::string check_plan(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps,
                       const ArenaPlan& plan) {
  if (plan.offsets.size() != buffers.size()) return "a plan needs one offset for each buffer";
  int64_t top = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const int64_t offset = plan.offsets[i];
    const std::string& name = buffers[i].name;
    if (offset < 0 || offset % kArenaAlignment != 0) return fmt::format("{} is misplaced at {}", name, offset);
    if (buffers[i].bytes == 0) continue;
    if (buffers[i].fixed_offset >= 0 && offset != buffers[i].fixed_offset) return fmt::format("{} has moved", name);
    top = std::max(top, offset + buffers[i].bytes);
    for (size_t j = 0; j < i; ++j) {
      const bool in_time = buffers[i].first_op <= buffers[j].last_op && buffers[j].first_op <= buffers[i].last_op;
      const bool in_space = offset < plan.offsets[j] + buffers[j].bytes && plan.offsets[j] < offset + buffers[i].bytes;
      if (buffers[j].bytes == 0 || !in_time || !in_space) continue;
      if (!may_touch(buffers, overlaps, i, j, plan.offsets)) return fmt::format("{} hits {}", name, buffers[j].name);
    }
  }
  if (top != plan.arena_bytes) return fmt::format("the arena is said to be {}, not {}", plan.arena_bytes, top);
  if (plan.lower_bound > plan.arena_bytes) return fmt::format("the bound {} is not one", plan.lower_bound);
  return "";
}

}  // namespace whit::compile
