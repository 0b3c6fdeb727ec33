#include "whit/compile/plan/plan.hpp"

#include <algorithm>
#include <numeric>

#include "whit/compile/plan/plan_problem.hpp"

namespace whit::compile {
namespace {

using Order = std::vector<int32_t>;

constexpr int64_t kUnplaced = -1;

// Work of a whole search, in looks at a neighbour: some tens of milliseconds. Bounds the search by steps, not by the
// clock, so that equal models give equal plans on every machine.
constexpr int64_t kWork = 6'000'000;

struct Placement {
  std::vector<int64_t> offsets;
  int64_t top = 0;
};

class Planner {
 public:
  Planner(PlanProblem problem, const std::vector<PlanBuffer>& buffers)
      : problem_(std::move(problem)), buffers_(buffers) {}

  // Places the buffers one after the other, each as low as those before it allow. A plan of minimal size always arises
  // from some order: that of its offsets.
  Placement place(const Order& order) {
    Placement placement;
    placement.offsets.assign(problem_.size.size(), kUnplaced);
    for (size_t b = 0; b < problem_.size.size(); ++b) {
      if (problem_.size[b] == 0) placement.offsets[b] = 0;
      if (problem_.size[b] > 0 && problem_.fixed[b] >= 0) put(placement, static_cast<int32_t>(b), problem_.fixed[b]);
    }
    for (const int32_t b : order) put(placement, b, lowest(placement, b));
    return placement;
  }

  // Improves `best` by moving one buffer in the order at a time, towards `goal` bytes.
  void improve(Order order, Placement& best, int64_t goal, int64_t work);

  bool exhausted() const { return work_ >= kWork; }
  int64_t work() const { return work_; }

 private:
  void put(Placement& placement, int32_t b, int64_t offset) const {
    placement.offsets[b] = offset;
    placement.top = std::max(placement.top, offset + buffers_[b].bytes);
  }

  // The lowest offset for `b` among the buffers that are placed: each forbids one interval of offsets.
  int64_t lowest(const Placement& placement, int32_t b) {
    forbidden_.clear();
    for (const PlanNeighbour& neighbour : problem_.neighbours[b]) {
      const int64_t other = placement.offsets[neighbour.buffer];
      if (other == kUnplaced) continue;
      if (other + neighbour.above > 0) forbidden_.emplace_back(other - neighbour.below, other + neighbour.above);
      if (neighbour.below_apart > neighbour.below) {
        forbidden_.emplace_back(other - neighbour.below_apart, other - neighbour.below);
      }
      if (neighbour.above_apart > neighbour.above) {
        forbidden_.emplace_back(other + neighbour.above, other + neighbour.above_apart);
      }
    }
    work_ += static_cast<int64_t>(problem_.neighbours[b].size()) + 4;
    std::sort(forbidden_.begin(), forbidden_.end());
    int64_t offset = 0;
    for (const auto& [low, high] : forbidden_) {
      if (low >= offset) break;  // fits below this one, and below all that follow
      offset = std::max(offset, high);
    }
    return offset;
  }

  // Buffers that hold the plan up: those that touch the top, those that these rest on, and so on down.
  std::vector<int32_t> critical(const Placement& placement);

  uint32_t random(uint32_t below) {  // xorshift32: the same numbers everywhere
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ % below;
  }

  PlanProblem problem_;
  const std::vector<PlanBuffer>& buffers_;
  std::vector<std::pair<int64_t, int64_t>> forbidden_;
  int64_t work_ = 0;
  uint32_t state_ = 0x9e3779b9u;
};

std::vector<int32_t> Planner::critical(const Placement& placement) {
  std::vector<int32_t> chain;
  std::vector<bool> seen(placement.offsets.size(), false);
  for (size_t b = 0; b < placement.offsets.size(); ++b) {
    if (problem_.size[b] > 0 && placement.offsets[b] + buffers_[b].bytes == placement.top) {
      chain.push_back(static_cast<int32_t>(b));
      seen[b] = true;
    }
  }
  for (size_t next = 0; next < chain.size(); ++next) {
    const int64_t offset = placement.offsets[chain[next]];
    for (const PlanNeighbour& neighbour : problem_.neighbours[chain[next]]) {
      const int64_t other = placement.offsets[neighbour.buffer];
      const bool rests = other + neighbour.above == offset ||
                         (neighbour.below_apart > 0 && other - neighbour.below == offset) ||
                         (neighbour.above_apart > 0 && other + neighbour.above_apart == offset);
      if (seen[neighbour.buffer] || !rests) continue;
      chain.push_back(neighbour.buffer);
      seen[neighbour.buffer] = true;
    }
  }
  std::erase_if(chain, [&](int32_t b) { return problem_.fixed[b] >= 0; });
  return chain;
}

void Planner::improve(Order order, Placement& best, int64_t goal, int64_t work) {
  if (order.size() < 2) return;
  Placement current = place(order);
  std::vector<int32_t> chain = critical(current);
  const int64_t limit = std::min(kWork, work_ + work);
  while (work_ < limit && best.top > goal && !chain.empty()) {
    const int32_t moved = chain[random(static_cast<uint32_t>(chain.size()))];
    const size_t from = static_cast<size_t>(std::find(order.begin(), order.end(), moved) - order.begin());
    const size_t to = random(static_cast<uint32_t>(order.size()));
    Order changed = order;
    changed.erase(changed.begin() + static_cast<int64_t>(from));
    changed.insert(changed.begin() + static_cast<int64_t>(to), moved);
    Placement placement = place(changed);
    if (placement.top > current.top) continue;
    order = std::move(changed);
    current = std::move(placement);
    chain = critical(current);
    if (current.top < best.top) best = current;
  }
}

// Orders that are good to begin with.
std::vector<Order> first_orders(const std::vector<PlanBuffer>& buffers) {
  Order all;
  for (size_t b = 0; b < buffers.size(); ++b) {
    if (buffers[b].bytes > 0 && buffers[b].fixed_offset < 0) all.push_back(static_cast<int32_t>(b));
  }
  const auto span = [&](int32_t b) { return int64_t{1} + buffers[b].last_op - buffers[b].first_op; };
  const auto by = [&](auto key) {
    Order order = all;
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return key(a) > key(b); });
    return order;
  };
  std::vector<Order> orders;
  orders.push_back(by([&](int32_t b) { return buffers[b].bytes; }));
  orders.push_back(by([&](int32_t b) { return buffers[b].bytes * span(b); }));
  orders.push_back(by([&](int32_t b) { return std::pair(span(b), buffers[b].bytes); }));
  orders.push_back(by([&](int32_t b) { return std::pair<int64_t, int64_t>(buffers[b].last_op, buffers[b].bytes); }));
  orders.push_back(by([&](int32_t b) { return std::pair<int64_t, int64_t>(-buffers[b].first_op, buffers[b].bytes); }));
  orders.push_back(by([&](int32_t b) { return std::pair<int64_t, int64_t>(buffers[b].first_op, -buffers[b].bytes); }));
  return orders;
}

}  // namespace

ArenaPlan plan_arena(const std::vector<PlanBuffer>& buffers, const std::vector<PlanOverlap>& overlaps) {
  ArenaPlan plan;
  plan.lower_bound = plan_lower_bound(buffers, overlaps);
  Planner planner(make_plan_problem(buffers, overlaps), buffers);
  std::vector<Order> orders = first_orders(buffers);
  std::vector<std::pair<int64_t, size_t>> ranking;
  Placement best;
  for (size_t i = 0; i < orders.size(); ++i) {
    Placement placement = planner.place(orders[i]);
    ranking.emplace_back(placement.top, i);
    if (i == 0 || placement.top < best.top) best = std::move(placement);
  }
  std::sort(ranking.begin(), ranking.end());
  for (const auto& [top, i] : ranking) {
    planner.improve(orders[i], best, plan.lower_bound, kWork / static_cast<int64_t>(orders.size()));
  }
  plan.offsets = std::move(best.offsets);
  plan.arena_bytes = best.top;
  return plan;
}

}  // namespace whit::compile
