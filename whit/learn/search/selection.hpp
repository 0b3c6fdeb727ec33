// Which candidates are worth going on with, when less is better in several respects at once. Pure functions.
#pragma once

#include <cstddef>
#include <vector>

namespace whit::learn {

// By candidate its figures, as many for each; less is better in all. Infinity is the worst; NaN is not allowed.
using Points = std::vector<std::vector<double>>;

// Those that no other is better than: as good in every figure, and better in one. In the order of the points.
std::vector<size_t> pareto_front(const Points& points);

// `count` of them, in the order of the points: front after front; of the last front that is needed those that have the
// most room round them (non-dominated sorting with crowding distance: Deb et al. 2002, NSGA-II), so that both ends of
// each figure stay. Of equals the first ones.
std::vector<size_t> survivors(const Points& points, size_t count);

}  // namespace whit::learn
