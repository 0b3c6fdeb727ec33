#include "whit/base/toml.hpp"

#include <gtest/gtest.h>

namespace whit {
namespace {

// The Error of `use` on `text` as "where: what / hint".
template <typename Use>
std::string error_of(const char* text, const Use& use) {
  try {
    use(TomlTable::parse(text, "a.toml"));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    return error.where() + ": " + error.what() + (error.hint().empty() ? "" : " / " + error.hint());
  }
  return "no error";
}

TEST(Toml, reads_each_type) {
  const TomlTable root = TomlTable::parse(R"(
name = "m4"
clock = 120_000_000
volts = 3.3
fpu = true
isa = ["dsp", "fpu"]
units = [128, 64]
[memory]
ram = 640
[[stage]]
name = "first"
[[stage]]
name = "second"
)",
                                          "a.toml");
  EXPECT_EQ(root.text("name"), "m4");
  EXPECT_EQ(root.choice("name", {"m3", "m4"}), "m4");
  EXPECT_EQ(root.integer("clock"), 120000000);
  EXPECT_EQ(root.number("clock"), 120e6);  // an integer is a number
  EXPECT_EQ(root.number("volts", {0, 5}), 3.3);
  EXPECT_TRUE(root.boolean("fpu"));
  EXPECT_EQ(root.texts("isa"), (std::vector<std::string>{"dsp", "fpu"}));
  EXPECT_EQ(root.integers("units"), (std::vector<int64_t>{128, 64}));
  EXPECT_EQ(root.table("memory").integer("ram"), 640);
  std::string names;
  for (const TomlTable& stage : root.tables("stage")) names += stage.text("name") + " ";
  EXPECT_EQ(names, "first second ");
  EXPECT_EQ(root.line_of("none"), 0);
  root.refuse_unknown_keys();
}

TEST(Toml, a_missing_key_is_its_fallback) {
  const TomlTable root = TomlTable::parse("", "a.toml");
  EXPECT_EQ(root.text("name", "none"), "none");
  EXPECT_EQ(root.number("volts", kNotNegative, 1.5), 1.5);
  EXPECT_EQ(root.integer("count", kNotNegative, 3), 3);
  EXPECT_FALSE(root.boolean("fpu", false));
  EXPECT_TRUE(root.texts("isa").empty());
  EXPECT_FALSE(root.find_table("memory").has_value());
}

TEST(Toml, an_error_names_file_line_and_key) {
  const auto number = [](const TomlTable& root) { root.table("power").number("volts", {0, 5}); };
  EXPECT_EQ(error_of("[power]\nvolts = -1\n", number), "a.toml: line 2: power.volts is -1; it must be from 0 to 5");
  EXPECT_EQ(error_of("[power]\nvolts = nan\n", number), "a.toml: line 2: power.volts is nan; it must be from 0 to 5");
  EXPECT_EQ(error_of("[power]\nvolts = '3'\n", number), "a.toml: line 2: power.volts is a text, not a number");
  EXPECT_EQ(error_of("[power]\n", number), "a.toml: line 1: power.volts is missing / add volts = ...");
  EXPECT_EQ(error_of("[power]\nvlots = 1\n", number),
            "a.toml: line 1: power.volts is missing / did you mean it by vlots on line 2?");
  EXPECT_EQ(error_of("power = 3\n", number), "a.toml: line 1: power is an integer, not a table");
  EXPECT_EQ(error_of("\n", number), "a.toml: line 1: power is missing / add the table [power]");
  EXPECT_EQ(error_of("a = [1, -2]", [](const TomlTable& root) { root.integers("a", kNotNegative); }),
            "a.toml: line 1: a is -2; it must be 0 or more");
  EXPECT_EQ(error_of("a = 1.5", [](const TomlTable& root) { root.integer("a"); }),
            "a.toml: line 1: a is a number, not an integer");
  EXPECT_EQ(error_of("kind = 'mcx'",
                     [](const TomlTable& root) {
                       root.choice("kind", {"mcu", "linux"});
                     }),
            "a.toml: line 1: kind is \"mcx\" / did you mean mcu? It is one of: mcu, linux");
}

TEST(Toml, a_key_that_nobody_asked_for_is_refused) {
  const auto read = [](const TomlTable& root) {
    root.table("power").number("volts");
    root.refuse_unknown_keys();
  };
  EXPECT_EQ(error_of("[power]\nvolts = 1\nvolt = 2\n", read),
            "a.toml: line 3: there is no key power.volt / did you mean volts? Keys here are: volts");
  EXPECT_EQ(error_of("[power]\nvolts = 1\n[pover]\n", read),
            "a.toml: line 3: there is no table [pover] / did you mean [power]? There are: power");
  EXPECT_EQ(error_of("[power]\nvolts = 1\n[[pover]]\n", read),
            "a.toml: line 3: there is no table [[pover]] / did you mean [[power]]? There are: power");
  EXPECT_EQ(error_of("[pover]\n",
                     [](const TomlTable& root) {
                       root.allow_only({"data", "power"});
                     }),
            "a.toml: line 1: there is no table [pover] / did you mean [power]? There are: data, power");
  EXPECT_EQ(error_of("[stage]\n", [](const TomlTable& root) { root.tables("stage"); }),
            "a.toml: line 1: stage is one table, not a list of them / [[stage]]");
}

TEST(Toml, keys_of_a_merged_table_keep_their_lines) {
  const auto merged = [](const TomlTable& root) {
    return root.tables("own")[0].only({"data", "model"}).over(root.only({"data", "model", "train"}));
  };
  const std::string text =
      "[data]\npath = 'a.csv'\nwindow = { length = 3, stride = 1 }\n[train]\nepochs = 3\n[[own]]\nname = 'x'\n"
      "[own.data]\nkind = 'table'\nwindow = { stride = 5 }\nlist = [{ of = 'y' }]\n";
  const TomlTable root = TomlTable::parse(text, "a.toml"), table = merged(root);
  EXPECT_EQ(table.keys(), (std::vector<std::string>{"data", "train"}));
  const TomlTable data = table.table("data"), window = data.table("window");
  EXPECT_EQ(data.text("path"), "a.csv");
  EXPECT_EQ(window.integer("length"), 3);
  EXPECT_EQ(window.integer("stride"), 5);
  EXPECT_EQ(data.line_of("path"), 2);
  EXPECT_EQ(data.line_of("kind"), 9);
  EXPECT_EQ(window.line_of("length"), 3);
  EXPECT_EQ(window.line_of("stride"), 10);
  EXPECT_EQ(table.table("train").line_of("epochs"), 5);
  EXPECT_EQ(data.tables("list")[0].error("of", "is wrong").where(), "a.toml: line 11");
  EXPECT_EQ(TomlTable::parse(table.source(), "copy").table("data").table("window").integer("stride"), 5);
  EXPECT_EQ(error_of(text.c_str(), [&](const TomlTable& t) { merged(t).table("data").text("column"); }),
            "a.toml: line 8: data.column is missing / add column = ...");
  EXPECT_EQ(error_of(text.c_str(),
                     [&](const TomlTable& t) {
                       const TomlTable both = merged(t);
                       both.table("data").refuse_unknown_keys();
                     }),
            "a.toml: line 9: there is no key data.kind");
  root.tables("own")[0].text("name");
  EXPECT_NO_THROW(root.refuse_unknown_keys());  // what was copied counts as known
}

TEST(Toml, a_syntax_error_names_its_line) {
  const std::string error = error_of("a = 1\nb = = 2\n", [](const TomlTable&) {});
  EXPECT_EQ(error.rfind("a.toml: line 2: ", 0), 0u) << error;
  EXPECT_EQ(error_of("a = 1\na = 2\n", [](const TomlTable&) {}).rfind("a.toml: line 2: ", 0), 0u);
}

TEST(Toml, a_file_that_cannot_be_read_is_named) { EXPECT_THROW(TomlTable::read("/nonexistent/a.toml"), Error); }

}  // namespace
}  // namespace whit
