// Which nets a recipe names.
#include "whit/learn/search/space.hpp"

#include <gtest/gtest.h>

#include "whit/base/file.hpp"

namespace whit::learn {
namespace {

class SpaceTest : public testing::Test {
 protected:
  SearchRecipe read(const std::string& model, const std::string& search, const std::string& more = "") {
    const std::filesystem::path file = folder_.path() / "recipe.toml";
    write_file(file, "[data]\n[model]\n" + model + "\n[train]\nepochs = 40\n[search]\ndevice = \"esp32-c3\"\n" +
                         search + "\n" + more);
    return read_search(file.string());
  }
  std::vector<std::string> names(const std::string& model, const std::string& search, const std::string& more = "") {
    std::vector<std::string> names;
    for (const Candidate& candidate : space_of(read(model, search, more)).candidates) names.push_back(candidate.name);
    return names;
  }

  TemporaryDirectory folder_;
};

using Names = std::vector<std::string>;

TEST_F(SpaceTest, SizesAreCutOrRepeatedThenScaled) {
  EXPECT_EQ(names("architecture = \"dense\"\nsizes = [128, 64]", "width = [0.5, 1.0]\ndepth = [1, 3]"),
            (Names{"dense-64-float32", "dense-64-32-32-float32", "dense-128-float32", "dense-128-64-64-float32"}));
  EXPECT_EQ(names("architecture = \"gru\"\nsizes = [3]", "width = [0.01, 0.1, 1.0]"),
            (Names{"gru-1-float32", "gru-3-float32"}))
      << "no layer without units, and no net twice";
}

TEST_F(SpaceTest, NetsWithoutSizesHaveAWidth) {
  EXPECT_EQ(names("architecture = \"resnet8\"\nwidth = 0.5", "width = [0.5, 1.0]"),
            (Names{"resnet8-w0.25-float32", "resnet8-w0.5-float32"}));
  EXPECT_THROW(names("architecture = \"resnet8\"", "depth = [1]"), Error);
  EXPECT_THROW(names("architecture = \"dense\"", "depth = [1]"), Error) << "without sizes there is nothing to scale";
}

TEST_F(SpaceTest, EachNetInEachPrecisionAndSparsity) {
  const SearchRecipe recipe = read("architecture = \"cnn1d\"\nsizes = [8]",
                                   "precision = [\"int8\", \"int8_w4\", \"int8\"]\nsparsity = [\"0\", \"4:16\"]");
  const Space space = space_of(recipe);
  ASSERT_EQ(space.nets.size(), 2u);
  EXPECT_FALSE(space.nets[0].sparsity);
  EXPECT_EQ(space.nets[1].sparsity->group, 16);
  ASSERT_EQ(space.candidates.size(), 4u);
  EXPECT_EQ(space.candidates[3].name, "cnn1d-8-s4_16-int8_w4");
  EXPECT_EQ(space.candidates[3].net, 1u);
}

TEST_F(SpaceTest, PrecisionFollowsFromTheRecipeWhereItIsNotSearched) {
  const std::string dense = "architecture = \"dense\"\nsizes = [8]";
  EXPECT_EQ(names(dense, "width = [1]", "[quantize]\nprecision = \"int8_w4\"\n"), Names{"dense-8-int8_w4"});
  EXPECT_EQ(names(dense, "precision = [\"int16x8\"]", "[quantize]\nepochs = 3\n"), Names{"dense-8-int16x8"});
}

TEST_F(SpaceTest, RungsAndBudgets) {
  const SearchRecipe recipe = read("architecture = \"dense\"\nsizes = [8]", "width = [1]\nrungs = 4\neta = 3",
                                   "[budget]\nram = \"8KB\"\nlatency = \"5ms\"\n");
  EXPECT_EQ(recipe.epochs_of(0), 1);
  EXPECT_EQ(recipe.epochs_of(1), 4);
  EXPECT_EQ(recipe.epochs_of(2), 13);
  EXPECT_EQ(recipe.epochs_of(3), 40);
  EXPECT_EQ(recipe.budgets.ram_bytes, 8192);
  EXPECT_EQ(recipe.budgets.latency_s, 0.005);
  EXPECT_FALSE(recipe.budgets.flash_bytes);
  EXPECT_EQ(recipe.device.name, "esp32-c3");
}

}  // namespace
}  // namespace whit::learn
