#include "whit/learn/search/selection.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace whit::learn {
namespace {

using Indices = std::vector<size_t>;

TEST(ParetoFront, HasWhatNoOtherIsBetterThan) {
  EXPECT_EQ(pareto_front({{1, 5}, {2, 2}, {3, 3}, {5, 1}, {5, 5}}), (Indices{0, 1, 3}));
  EXPECT_EQ(pareto_front({{1, 5}, {1, 6}, {1, 5}}), (Indices{0, 2})) << "equals are no better than each other";
  EXPECT_EQ(pareto_front({}), Indices{});
}

TEST(Survivors, FrontsGoBeforeOthers) {
  const Points points = {{5, 5}, {1, 4}, {4, 1}, {2, 5}, {5, 2}};
  EXPECT_EQ(survivors(points, 2), (Indices{1, 2}));
  EXPECT_EQ(survivors(points, 4), (Indices{1, 2, 3, 4}));
  EXPECT_EQ(survivors(points, 9), (Indices{0, 1, 2, 3, 4}));
}

// Of one front the ends of each figure stay, then what stands alone.
TEST(Survivors, AreSpreadOverAFront) {
  const Points front = {{0, 10}, {1, 9}, {1.5, 8.5}, {6, 4}, {10, 0}};
  EXPECT_EQ(survivors(front, 2), (Indices{0, 4}));
  EXPECT_EQ(survivors(front, 3), (Indices{0, 3, 4}));
}

TEST(Survivors, WhatIsTheSameOrUnknownForAllDecidesNothing) {
  const double unknown = std::numeric_limits<double>::infinity();
  EXPECT_EQ(survivors({{2, 7, unknown}, {1, 7, unknown}, {3, 7, unknown}}, 1), (Indices{1}));
  EXPECT_EQ(survivors({{1, 1}, {1, 1}, {1, 1}}, 2), (Indices{0, 1}));
}

}  // namespace
}  // namespace whit::learn
