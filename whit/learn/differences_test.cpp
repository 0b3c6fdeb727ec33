#include "whit/learn/differences.hpp"

#include <gtest/gtest.h>

namespace whit::learn {
namespace {

using Json = nlohmann::ordered_json;

TEST(Differences, NameKeysWithOldAndNewValue) {
  const Json old = {{"epochs", 5}, {"model", {{"sizes", {8}}, {"kernel", 5}}}, {"the training data", "1"}};
  EXPECT_EQ(differences(old, old), "");
  Json now = old;
  now["epochs"] = 6, now["model"]["sizes"] = {16, 8};
  EXPECT_EQ(differences(old, now), "epochs was 5, is 6; model.sizes was [8], is [16,8]");
  now = old, now["the training data"] = "2";
  EXPECT_EQ(differences(old, now), "the training data");
}

TEST(Differences, ATableThatOnlyOneHasIsNamedKeyByKey) {
  EXPECT_EQ(differences({{"prune", {{"sparsity", "0.7"}}}}, Json::object()),
            "prune.sparsity was \"0.7\", is not given");
  EXPECT_EQ(differences(Json::object(), {{"budget", {{"ram", "8KB"}}}}), "budget.ram was not given, is \"8KB\"");
}

TEST(Differences, LongValuesAreLeftOut) {
  EXPECT_EQ(differences({{"list", std::string(99, 'a')}}, {{"list", "b"}}), "list");
}

TEST(Differences, TheModelIsNamedWhereNothingExplainsIt) {
  EXPECT_EQ(differences({{"the model", "1"}}, {{"the model", "2"}}), "the model");
  EXPECT_EQ(differences({{"the model", "1"}, {"seed", 1}}, {{"the model", "2"}, {"seed", 2}}), "seed was 1, is 2");
}

}  // namespace
}  // namespace whit::learn
