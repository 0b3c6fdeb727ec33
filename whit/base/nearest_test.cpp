#include "whit/base/nearest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "whit/base/error.hpp"

namespace whit {
namespace {

TEST(Nearest, IsTheNameWithTheFewestChanges) {
  EXPECT_EQ(nearest("cortexm4", {"cortex-m3", "cortex-m4", "riscv32"}), "cortex-m4");
  EXPECT_EQ(nearest("x", {"ab", "cd"}), "ab") << "the first of several";
}

TEST(Nearest, IsNearlyANameThatWasMistyped) {
  EXPECT_TRUE(is_nearly("epohcs", "epochs"));
  EXPECT_TRUE(is_nearly("nmae", "name"));
  EXPECT_FALSE(is_nearly("in", "of"));
  EXPECT_FALSE(is_nearly("low", "high"));
}

TEST(IndexOfName, FindsANameOrListsThoseThatThereAre) {
  constexpr std::array kNames = {"min_max", "mse"};
  EXPECT_EQ(index_of_name("mse", kNames, "observer"), 1u);
  try {
    index_of_name("rms", kNames, "observer");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::usage);
    const std::string text = error.what();
    EXPECT_NE(text.find("there is no observer 'rms'"), std::string::npos) << text;
    EXPECT_NE((text + error.hint()).find("min_max, mse"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace whit
