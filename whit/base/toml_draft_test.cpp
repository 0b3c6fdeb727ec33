#include "whit/base/toml_draft.hpp"

#include <gtest/gtest.h>

namespace whit {
namespace {

TEST(TomlDraft, LaysTablesOverEachOther) {
  const TomlTable base =
      TomlTable::parse("[data]\npath = \"a.csv\"\n[data.window]\nlength = 3\nstride = 1\n", "base.toml");
  const TomlTable own =
      TomlTable::parse("data = { window = { stride = 5 }, features = { list = [1, 2] } }\n", "own.toml");
  TomlDraft draft;
  draft.merge("data", base.table("data"));
  draft.merge("data", own.table("data"));
  draft.set("data.split.seed", int64_t{7});
  draft.change("data.path", [](const std::string& path) { return "../" + path; });
  const TomlTable result = TomlTable::parse(draft.text(), "draft.toml").table("data");
  EXPECT_EQ(result.text("path"), "../a.csv");
  EXPECT_EQ(result.table("window").integer("length"), 3);
  EXPECT_EQ(result.table("window").integer("stride"), 5);
  EXPECT_EQ(result.table("features").integers("list"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(result.table("split").integer("seed"), 7);
}

TEST(TomlDraft, WhatIsMissingStaysMissing) {
  TomlDraft draft;
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
