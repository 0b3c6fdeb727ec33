#include "whit/compile/plan/plan.hpp"

#include <gtest/gtest.h>

#include <random>

#include "whit/compile/plan/check_plan.hpp"

namespace whit::compile {
namespace {

using Buffers = std::vector<PlanBuffer>;
using Overlaps = std::vector<PlanOverlap>;

ArenaPlan checked(const Buffers& buffers, const Overlaps& overlaps) {
  ArenaPlan plan = plan_arena(buffers, overlaps);
  EXPECT_EQ(check_plan(buffers, overlaps, plan), "");
  return plan;
}

// Buffers 0..n of a chain of n ops; op i reads tensor i and writes tensor i + 1 with the given lead.
void add_chain(const std::vector<int64_t>& sizes, const std::vector<int64_t>& leads, Buffers& buffers,
               Overlaps& overlaps) {
  for (int32_t i = 0; i < static_cast<int32_t>(sizes.size()); ++i) {
    buffers.push_back({"t" + std::to_string(i), sizes[i], i - 1, i, -1});
    if (i > 0) overlaps.push_back({i, i - 1, leads[i - 1]});
  }
}

TEST(Plan, NothingNeedsNothing) {
  const ArenaPlan plan = checked({}, {});
  EXPECT_EQ(plan.arena_bytes, 0);
  EXPECT_EQ(plan.lower_bound, 0);
  const ArenaPlan empty = checked({{"empty", 0, 0, 1, -1}, {"also", 0, 0, 3, -1}}, {});
  EXPECT_EQ(empty.offsets, (std::vector<int64_t>{0, 0}));
}

TEST(Plan, DisjointInTimeShareMemory) {
  const ArenaPlan plan = checked({{"a", 10, 0, 1, -1}, {"b", 7, 1, 2, -1}, {"c", 9, 2, 3, -1}}, {});
  EXPECT_EQ(plan.arena_bytes, 18);  // b first: only what lies last saves its padding
  EXPECT_EQ(plan.lower_bound, 18);
}

TEST(Plan, KeepsFixedPlaces) {
  const ArenaPlan plan = checked({{"state", 64, -1, 3, 0}, {"more", 5, -1, 3, 64}, {"a", 8, 0, 1, -1}}, {});
  EXPECT_EQ(plan.offsets, (std::vector<int64_t>{0, 64, 72}));
  EXPECT_EQ(plan.arena_bytes, 80);
}

TEST(Plan, AnOverlapOfBuffersThatLiveOnIsIgnored) {
  const Buffers buffers = {{"in", 100, -1, 1, -1}, {"out", 100, 0, 1, -1}};
  EXPECT_EQ(checked(buffers, {{1, 0, 0}}).arena_bytes, 200);
}

TEST(Plan, ExpandingConvolutionFitsIntoItsOutput) {
  Buffers buffers;
  Overlaps overlaps;
  add_chain({100, 400}, {300}, buffers, overlaps);
  const ArenaPlan plan = checked(buffers, overlaps);
  EXPECT_EQ(plan.arena_bytes, 400);
  EXPECT_EQ(plan.offsets[0] - plan.offsets[1], 300);
}

// An exact overlap is in place or nowhere: what lies below the input is not enough.
TEST(Plan, ExactOverlapsAreExact) {
  const Buffers buffers = {{"in", 100, -1, 0, -1}, {"out", 100, 0, 1, -1}};
  ArenaPlan plan = checked(buffers, {{1, 0, 0, true}});
  EXPECT_EQ(plan.arena_bytes, 100);
  plan.offsets = {4, 0};
  plan.arena_bytes = 104;
  EXPECT_NE(check_plan(buffers, {{1, 0, 0, true}}, plan), "");
  EXPECT_EQ(checked(buffers, {{1, 0, 8, true}}).arena_bytes, 108);
  EXPECT_EQ(checked(buffers, {{1, 0, 6, true}}).arena_bytes, 200);
  // The input stands on state of 8 bytes: in place means above it as well.
  EXPECT_EQ(checked({{"state", 8, -1, 2, 0}, buffers[0], buffers[1]}, {{2, 1, 0, true}}).arena_bytes, 108);
}

TEST(Plan, InPlaceChainWithScratch) {
  Buffers buffers;
  Overlaps overlaps;
  add_chain({490, 8000, 8000, 8000, 8000, 8000, 8000, 8000, 8000, 8000, 64, 12, 12},
            {8000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, buffers, overlaps);
  for (int32_t op = 0; op < 9; ++op) buffers.push_back({"scratch", op % 2 == 0 ? 1024 : 2000, op, op, -1});
  const ArenaPlan plan = checked(buffers, overlaps);
  EXPECT_EQ(plan.arena_bytes, 10000);
  EXPECT_EQ(plan.lower_bound, 10000);
}

// The first layers of a MobileNet: convolutions that expand and depthwise convolutions that shrink.
TEST(Plan, MobileNetChain) {
  Buffers buffers;
  Overlaps overlaps;
  const std::vector<int64_t> sizes = {27648, 18432, 18432, 36864, 9216, 18432, 18432, 18432, 4608,
                                      9216,  9216,  9216,  2304,  4608, 4608,  4608,  4608,  4608,
                                      4608,  1152,  2304,  2304,  2304, 256,   2,     2};
  std::vector<int64_t> leads;
  for (size_t i = 1; i < sizes.size(); ++i) leads.push_back(std::max<int64_t>(0, sizes[i] - sizes[i - 1]));
  leads[0] = 3 * 48 * 8;
  add_chain(sizes, leads, buffers, overlaps);
  for (int32_t op = 0; op < 24; ++op) buffers.push_back({"scratch", 1100, op, op, -1});
  const ArenaPlan plan = checked(buffers, overlaps);
  EXPECT_EQ(plan.arena_bytes, plan.lower_bound);
  EXPECT_EQ(plan.lower_bound, 36864 + 1100);
}

// Three residual blocks as in the ResNet of image classification. Each 3x3 convolution needs a lead of three rows.
TEST(Plan, ResidualBlocks) {
  Buffers b = {{"input", 3072, -1, 0, -1}, {"x", 16384, 0, 3, -1},
               {"a", 16384, 1, 2, -1},     {"b", 16384, 2, 3, -1},
               {"y", 16384, 3, 6, -1},     {"c", 8192, 4, 5, -1},
               {"d", 8192, 5, 7, -1},      {"shortcut", 8192, 6, 7, -1},
               {"z", 8192, 7, 10, -1},     {"e", 4096, 8, 9, -1},
               {"f", 4096, 9, 11, -1},     {"g", 4096, 10, 11, -1},
               {"w", 4096, 11, 12, -1},    {"pool", 64, 12, 13, -1},
               {"logits", 10, 13, 14, -1}, {"probabilities", 10, 14, 15, -1}};
  Overlaps o = {{1, 0, 16384}, {3, 2, 3 * 512},  {4, 1, 0},  {4, 3, 0},   {6, 5, 3 * 512}, {7, 4, 0},   {8, 6, 0},
                {8, 7, 0},     {10, 9, 3 * 512}, {11, 8, 0}, {12, 10, 0}, {12, 11, 0},     {13, 12, 0}, {14, 13, 64}};
  for (int32_t op = 0; op < 12; ++op) b.push_back({"scratch", 1200, op, op, -1});
  const ArenaPlan plan = checked(b, o);
  EXPECT_EQ(plan.arena_bytes, plan.lower_bound);
  EXPECT_EQ(plan.lower_bound, 2 * 16384 + 3 * 512 + 1200);
}

struct Instance {
  Buffers buffers;
  Overlaps overlaps;
};

Instance random_instance(std::mt19937& random, int32_t ops, int32_t count, int64_t largest) {
  Instance instance;
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int32_t i = 0; i < count; ++i) {
    const int32_t first = static_cast<int32_t>(pick(-1, ops - 1));
    const int32_t last = static_cast<int32_t>(std::min<int64_t>(ops, first + pick(0, pick(0, 4) == 0 ? 8 : 1)));
    instance.buffers.push_back({"b" + std::to_string(i), pick(0, largest), first, last, -1});
  }
  for (int32_t i = 0; i < count; ++i) {
    for (int32_t j = 0; j < count; ++j) {
      if (i == j || instance.buffers[i].first_op != instance.buffers[j].last_op || pick(0, 2) != 0) continue;
      instance.overlaps.push_back({i, j, pick(0, 1) == 0 ? 0 : pick(-largest / 4, largest), pick(0, 3) == 0});
    }
  }
  return instance;
}

TEST(Plan, RandomInstancesAreValidAndTheSameTwice) {
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    const Instance instance = random_instance(random, 6, 1 + i % 12, 1000);
    const ArenaPlan plan = checked(instance.buffers, instance.overlaps);
    EXPECT_EQ(plan.offsets, plan_arena(instance.buffers, instance.overlaps).offsets);
  }
}

// Is there a valid plan of at most `bytes`? Tries every offset for every buffer.
bool exists(const Instance& instance, int64_t bytes, std::vector<int64_t>& offsets) {
  const size_t next = offsets.size();
  if (next == instance.buffers.size()) return true;
  const Buffers placed(instance.buffers.begin(), instance.buffers.begin() + static_cast<int64_t>(next) + 1);
  Overlaps overlaps;
  for (const PlanOverlap& overlap : instance.overlaps) {
    if (overlap.output <= static_cast<int32_t>(next) && overlap.input <= static_cast<int32_t>(next)) {
      overlaps.push_back(overlap);
    }
  }
  for (int64_t offset = 0; offset + placed.back().bytes <= bytes; offset += kArenaAlignment) {
    offsets.push_back(offset);
    ArenaPlan plan{offsets, 0, 0};
    for (size_t b = 0; b <= next; ++b) {
      if (placed[b].bytes > 0) plan.arena_bytes = std::max(plan.arena_bytes, offsets[b] + placed[b].bytes);
    }
    if (check_plan(placed, overlaps, plan).empty() && exists(instance, bytes, offsets)) return true;
    offsets.pop_back();
  }
  return false;
}

TEST(Plan, SmallPlansAreTheSmallest) {
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    Instance instance = random_instance(random, 4, 3 + i % 4, 14);
    for (size_t k = 0; k < instance.overlaps.size(); ++k) {  // leads that are exact are multiples of 4 to be of use
      instance.overlaps[k].exact = k % 3 == 0;
      if (k % 3 == 0) instance.overlaps[k].lead = k % 2 == 0 ? 0 : 4;
    }
    const ArenaPlan plan = checked(instance.buffers, instance.overlaps);
    std::vector<int64_t> offsets;
    EXPECT_FALSE(exists(instance, plan.arena_bytes - 1, offsets)) << "instance " << i;
  }
}

TEST(Plan, TheCheckerFindsFaults) {
  const Buffers buffers = {{"a", 8, 0, 1, -1}, {"b", 8, 1, 2, -1}};
  EXPECT_NE(check_plan(buffers, {}, {{0, 4}, 12, 0}), "");
  EXPECT_NE(check_plan(buffers, {}, {{0, 9}, 17, 0}), "");
  EXPECT_NE(check_plan(buffers, {}, {{0, 8}, 20, 0}), "");
  EXPECT_NE(check_plan(buffers, {}, {{0, 8}, 16, 17}), "");
  EXPECT_NE(check_plan(buffers, {}, {{0}, 8, 0}), "");
  EXPECT_EQ(check_plan(buffers, {}, {{0, 8}, 16, 16}), "");
  EXPECT_NE(check_plan(buffers, {{1, 0, 4}}, {{0, 0}, 8, 8}), "");
  EXPECT_EQ(check_plan(buffers, {{1, 0, 4}}, {{4, 0}, 12, 12}), "");
}

TEST(Plan, LargeModelsPlanWithinATenthOfTheBound) {
  std::mt19937 random(7);
  const Instance instance = random_instance(random, 250, 700, 20000);
  const ArenaPlan plan = checked(instance.buffers, instance.overlaps);
  EXPECT_LE(plan.arena_bytes, plan.lower_bound + plan.lower_bound / 10);
}

}  // namespace
}  // namespace whit::compile
