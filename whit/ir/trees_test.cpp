// What a tree_ensemble looks like in the graph, and what the verifier says of one that is not sound.
#include "whit/ir/trees.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"
#include "whit/ir/verify.hpp"

namespace whit::ir {
namespace {

const char kForest[] = R"(graph "forest"
input %0 "x": f32 [1,2]
const %1 "trees": i32 [2,2] = {0 0 2 1}
const %2 "features": i32 [3] = {0 1 1}
const %3 "thresholds": f32 [3] = {0.5 1.5 -2}
const %4 "children": i32 [3,2] = {1 -1 -2 -3 -1 -3}
const %5 "leaves": f32 [3,1] = {1 2 3}
const %6 "base": f32 [2] = {0 0.25}
%7 "y": f32 [1,2] = tree_ensemble(%0, %1, %2, %3, %4, %5, %6)
output %7
)";

std::string refusal(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  try {
    verify(parse_text(text));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Trees, TextFormGoesBothWays) {
  const Graph graph = parse_text(kForest);
  verify(graph);
  EXPECT_EQ(print_text(graph), kForest);
}

TEST(Trees, WhatIsNotSoundIsRefused) {
  const struct {
    const char *from, *to, *says;
  } kBad[] = {
      {"{1 -1 -2", "{0 -1 -2", "node 0 has a child 0"},           // itself
      {"{1 -1 -2", "{2 -1 -2", "node 0 has a child 2"},           // another tree
      {"-2 -3 -1 -3}", "-2 -4 -1 -3}", "node 1 has a child -4"},  // no such row
      {"{0 1 1}", "{0 2 1}", "node 1 asks for feature 2"},
      {"{0 0 2 1}", "{0 0 2 2}", "tree 1 adds to outputs"},
      {"{0 0 2 1}", "{0 0 0 1}", "tree 0 has no nodes"},
      {"{0 0 2 1}", "{1 0 2 1}", "does not begin at node 0"},
      {"{0 0 2 1}", "{0 0 3 1}", "tree 1 has no nodes"},
      {"{0.5 1.5 -2}", "{0.5 nan -2}", "no number"},
      {"{1 2 3}", "{1 2 inf}", "no number"},
      {"f32 [1,2] = tree", "f32 [1,3] = tree", "shape"},
      {"\"x\": f32", "\"x\": i32", "tree_ensemble of i32"},
  };
  for (const auto& bad : kBad) {
    EXPECT_NE(refusal(kForest, bad.from, bad.to).find(bad.says), std::string::npos)
        << bad.to << ": " << refusal(kForest, bad.from, bad.to);
  }
}

TEST(Trees, StepsThatAreNoTreeAreRefused) {
  Trees trees;
  const TreeStep cycle[] = {{0, 0, 0, 1}, {-1, 0, 0, 0}}, shared[] = {{0, 0, 1, 1}, {-1, 0, 0, 0}};
  const TreeStep missing[] = {{0, 0, 1, 2}, {-1, 0, 0, 0}};
  EXPECT_FALSE(add_tree(trees, cycle, 0, 0));
  EXPECT_FALSE(add_tree(trees, shared, 0, 0));
  EXPECT_FALSE(add_tree(trees, missing, 0, 0));
  EXPECT_FALSE(add_tree(trees, missing, 3, 0));
}

TEST(Trees, ALeafAloneIsANodeThatGoesNowhereElse) {
  Trees trees;
  const TreeStep leaf[] = {{-1, 0, 4, 0}};
  EXPECT_TRUE(add_tree(trees, leaf, 0, 2));
  EXPECT_EQ(trees.trees, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(trees.children, (std::vector<int32_t>{~4, ~4}));
}

}  // namespace
}  // namespace whit::ir
