#include "whit/learn/search/selection.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace whit::learn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  bool is_better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    is_better = is_better || a[i] < b[i];
  }
  return is_better;
}

std::vector<size_t> front_of(const Points& points, const std::vector<size_t>& among) {
  std::vector<size_t> front;
  for (const size_t i : among) {
    if (std::none_of(among.begin(), among.end(), [&](size_t j) { return dominates(points[j], points[i]); }))
      front.push_back(i);
  }
  return front;
}

// By member of `front`: the sum over the figures of the distance between its neighbours, as a share of the range.
std::vector<double> room_round(const Points& points, const std::vector<size_t>& front) {
  std::vector<double> room(front.size(), 0.0);
  for (size_t figure = 0; figure < points[front[0]].size(); ++figure) {
    const auto value = [&](size_t member) { return points[front[member]][figure]; };
    std::vector<size_t> order(front.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return value(a) < value(b); });
    const double range = value(order.back()) - value(order.front());
    if (!(range > 0 && range < kInfinity)) continue;
    room[order.front()] = room[order.back()] = kInfinity;
    for (size_t i = 1; i + 1 < order.size(); ++i) {
      room[order[i]] += (value(order[i + 1]) - value(order[i - 1])) / range;
    }
  }
  return room;
}

}  // namespace

std::vector<size_t> pareto_front(const Points& points) {
  std::vector<size_t> all(points.size());
  std::iota(all.begin(), all.end(), 0);
  return front_of(points, all);
}

std::vector<size_t> survivors(const Points& points, size_t count) {
  std::vector<size_t> left(points.size()), chosen;
  std::iota(left.begin(), left.end(), 0);
  while (chosen.size() < count && !left.empty()) {
    const std::vector<size_t> front = front_of(points, left);
    const std::vector<double> room = room_round(points, front);
    std::vector<size_t> order(front.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return room[a] > room[b]; });
    order.resize(std::min(order.size(), count - chosen.size()));
    for (const size_t member : order) chosen.push_back(front[member]);
    std::erase_if(left, [&](size_t i) { return std::find(front.begin(), front.end(), i) != front.end(); });
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace whit::learn
