#include "whit/ir/half_weights.hpp"

#include <gtest/gtest.h>

#include "whit/ir/text.hpp"

namespace whit::ir {
namespace {

// A fully connected layer of [8,16] weights, the first of them `first`, all others 0.5; `more` follows.
Graph layer(const std::string& first, const std::string& more = "output %2\n") {
  std::string weights = first;
  for (int i = 1; i < 128; ++i) weights += " 0.5";
  return parse_text("graph \"g\"\ninput %0 \"x\": f32 [1,16]\nconst %1 \"w\": f32 [8,16] = {" + weights +
                    "}\n%2 \"y\": f32 [1,8] = fully_connected(%0, %1, -)\n" + more);
}

TEST(HalfWeights, AreThoseOfHalvesOnly) {
  EXPECT_EQ(half_weights(layer("1")), (std::vector<bool>{false, true, false}));
  EXPECT_FALSE(half_weights(layer("0.1"))[1]);
  EXPECT_FALSE(half_weights(layer("70000"))[1]);
  EXPECT_FALSE(half_weights(layer("1e-9"))[1]);
}

TEST(HalfWeights, AreReadByLayersOnly) {
  EXPECT_TRUE(half_weights(layer("1", "%3 \"z\": f32 [1,8] = fully_connected(%0, %1, -)\noutput %2\noutput %3\n"))[1]);
  EXPECT_FALSE(half_weights(layer("1", "%3 \"z\": f32 [8,16] = add(%0, %1)\noutput %2\noutput %3\n"))[1]);
  EXPECT_FALSE(half_weights(layer("1", "output %2\noutput %1\n"))[1]);
}

TEST(HalfWeights, FewStayAsTheyAre) {
  const Graph graph = parse_text(R"(graph "g"
input %0 "x": f32 [1,3]
const %1 "w": f32 [2,3] = {1 2 3 4 5 6}
%2 "y": f32 [1,2] = fully_connected(%0, %1, -)
output %2
)");
  EXPECT_FALSE(half_weights(graph)[1]);
  EXPECT_TRUE(holds_halves(graph.tensor(1)));
  EXPECT_EQ(halves_of(graph.tensor(1).data),
            (std::vector<uint8_t>{0, 0x3c, 0, 0x40, 0, 0x42, 0, 0x44, 0, 0x45, 0, 0x46}));
}

}  // namespace
}  // namespace whit::ir
