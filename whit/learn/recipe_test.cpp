// What a recipe says of pruning and distillation, and what it may not say.
#include "whit/learn/recipe.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"

namespace whit::learn {
namespace {

class RecipeTest : public testing::Test {
 protected:
  Recipe read(const std::string& tables, const std::string& model = "architecture = \"dense\"") {
    return read_recipe(
        TomlTable::parse("[data]\n[model]\n" + model + "\n[train]\nepochs = 1\n" + tables, "folder/recipe.toml"));
  }
  void expect_refusal(const std::string& tables, const std::vector<std::string>& words) {
    try {
      read(tables);
      FAIL() << tables;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input);
      const std::string text = error.where() + ": " + error.what() + "; " + error.hint();
      for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << text << " lacks " << word;
    }
  }
};

TEST_F(RecipeTest, ReadsPruningAndDistillation) {
  const Recipe weights = read("[prune]\nsparsity = \"4:16\"\ninitial_sparsity = 0.5\nend_step = 90\n");
  ASSERT_TRUE(weights.options.prune);
  EXPECT_EQ(weights.options.prune->sparsity.group, 16);
  EXPECT_EQ(weights.options.prune->initial, 0.5);
  EXPECT_EQ(weights.options.prune->end, 90);
  EXPECT_FALSE(weights.channels);
  EXPECT_FALSE(weights.options.distillation);
  const Recipe channels = read("[prune]\nmacs = 0.5\nnorm = \"l1\"\n", "file = \"m.onnx\"");
  ASSERT_TRUE(channels.channels);
  EXPECT_EQ(channels.channels->macs, 0.5);
  EXPECT_EQ(channels.channels->norm, compress::ChannelNorm::l1);
  EXPECT_FALSE(channels.options.prune);
  const Recipe student = read("[distill]\nteacher = \"t.onnx\"\nalpha = 0.9\n");
  EXPECT_EQ(student.teacher_file, "folder/t.onnx");
  ASSERT_TRUE(student.options.distillation);
  EXPECT_EQ(student.options.distillation->alpha, 0.9);
}

TEST_F(RecipeTest, RefusesWhatCannotBe) {
  expect_refusal("[prune]\nsparsity = \"1.7\"\n", {"recipe.toml", "1.7", "4:16"});
  expect_refusal("[prune]\n", {"sparsity", "channels", "macs"});
  expect_refusal("[prune]\nsparsity = \"0.7\"\nmacs = 0.5\n", {"one of"});
  expect_refusal("[prune]\nsparsity = \"0.7\"\nend_stepp = 5\n", {"end_stepp", "end_step"});
  expect_refusal("[prune]\nsparsity = \"0.7\"\ninitial_sparsity = 0.8\n", {"initial_sparsity"});
  expect_refusal("[prune]\nsparsity = \"0.7\"\nbegin_step = 9\nend_step = 8\n", {"begin_step", "end_step"});
  expect_refusal("[prune]\nsparsity = \"0.7\"\nnorm = \"l1\"\n", {"norm"});
  expect_refusal("[prune]\nmacs = 0.5\n", {"macs", "file"});
  expect_refusal("[prune]\nchannels = 1.0\n", {"channels"});
  expect_refusal("[distill]\ntemperature = 2\n", {"teacher"});
  expect_refusal("[distill]\nteacher = \"t.onnx\"\nalpha = 2\n", {"alpha"});
  expect_refusal("[distil]\nteacher = \"t.onnx\"\n", {"[distil]", "[distill]"});
}

}  // namespace
}  // namespace whit::learn
