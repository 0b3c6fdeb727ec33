#include "whit/base/toml_draft.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace whit {
namespace {

TEST(TomlDraft, ChangesACopy) {
  TomlDraft draft(TomlTable::parse("[data]\npath = \"a.csv\"\n[data.window]\nlength = 3\n", "base.toml"));
  draft.set("data.split.seed", int64_t{7});
  draft.change("data.path", [](const std::string& path) { return "../" + path; });
  draft.remove("data.window.length");
  const TomlTable result = TomlTable::parse(draft.text(), "draft.toml").table("data");
  EXPECT_EQ(result.text("path"), "../a.csv");
  EXPECT_FALSE(result.table("window").has("length"));
  EXPECT_EQ(result.table("split").integer("seed"), 7);
  EXPECT_EQ(nlohmann::json::parse(draft.json())["data"]["split"]["seed"], 7);
}

TEST(TomlDraft, WhatIsMissingStaysMissing) {
  TomlDraft draft(TomlTable::parse("", "empty.toml"));
  draft.remove("a.b");
  draft.change("a.b", [](const std::string&) { return "x"; });
  EXPECT_FALSE(draft.has("a.b"));
  EXPECT_EQ(draft.text("a"), "");
}

TEST(TomlDraft, KeysThatWereCopiedCountAsKnown) {
  const TomlTable table = TomlTable::parse("[model]\nsizes = [1]\n[[candidate]]\nname = \"x\"\n", "recipe.toml");
  table.table("model").source();
  EXPECT_NO_THROW(table.table("model").refuse_unknown_keys());
}

}  // namespace
}  // namespace whit
