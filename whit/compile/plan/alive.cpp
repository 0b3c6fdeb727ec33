#include "whit/compile/plan/alive.hpp"

#include <algorithm>
#include <utility>

namespace whit::compile {

std::vector<int64_t> alive_bytes(const std::vector<PlanBuffer>& buffers, const ArenaPlan& plan, int32_t op_count) {
  std::vector<std::vector<std::pair<int64_t, int64_t>>> ranges_of(static_cast<size_t>(op_count));  // [first, end)
  for (size_t b = 0; b < buffers.size(); ++b) {
    const int32_t last = std::min(buffers[b].last_op, op_count - 1);
    for (int32_t op = std::max(buffers[b].first_op, 0); op <= last; ++op) {
      ranges_of[static_cast<size_t>(op)].emplace_back(plan.offsets[b], plan.offsets[b] + buffers[b].bytes);
    }
  }
  std::vector<int64_t> alive;
  for (auto& ranges : ranges_of) {
    std::sort(ranges.begin(), ranges.end());
    int64_t bytes = 0, covered = 0;  // covered: all below it is counted
    for (const auto& [first, end] : ranges) {
      bytes += std::max<int64_t>(0, end - std::max(first, covered));
      covered = std::max(covered, end);
    }
    alive.push_back(bytes);
  }
  return alive;
}

}  // namespace whit::compile
