#include "whit/compile/plan/alive.hpp"

#include <gtest/gtest.h>

namespace whit::compile {
namespace {

// An input of 8 bytes, worked on in place (4 bytes longer at the front) with 4 bytes of scratch, then 2 bytes of
// output.
TEST(AliveBytes, CountSharedMemoryOnce) {
  const std::vector<PlanBuffer> buffers = {
      {"input", 8, -1, 0, -1}, {"scratch", 4, 0, 0, -1}, {"middle", 12, 0, 1, -1}, {"output", 2, 1, 2, -1}};
  const ArenaPlan plan{{4, 12, 0, 12}, 16, 16};
  EXPECT_EQ(alive_bytes(buffers, plan, 2), (std::vector<int64_t>{16, 14}));
}

TEST(AliveBytes, OfNoOpsAreNone) { EXPECT_TRUE(alive_bytes({}, {}, 0).empty()); }

}  // namespace
}  // namespace whit::compile
