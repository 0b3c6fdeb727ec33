#include "whit/report/document.hpp"

#include <gtest/gtest.h>

#include "whit/report/browser_test.hpp"

namespace whit::report {
namespace {

Document example() {
  Document document{"A <title> & more", "from \"a\" recipe", {}};
  Section section{"One", {"A sentence."}, {}, {}};
  section.tables.push_back(
      {"Sizes", {{{"what"}, {"bytes", true}, {"fits"}}, {{"flash", "10", "yes"}}}, "Of the image."});
  section.charts.push_back({"Bars",
                            {{"kind", "bar"},
                             {"horizontal", true},
                             {"x", {{"labels", {"a", "b"}}}},
                             {"y", {{"title", "MAE"}, {"log", true}}},
                             {"lines", {{{"at", 2}, {"name", "limit"}, {"is_limit", true}}}},
                             {"series", {{{"name", "x</script>"}, {"y", {1, 2.5}}, {"texts", {"1 K", "2.5 K"}}}}}},
                            "Counted."});
  section.charts.push_back(
      {"A day",
       {{"kind", "line"},
        {"x", {{"clock", true}}},
        {"y", {{"title", "degC"}}},
        {"y2", {{"title", "pump"}, {"states", {"off", "heat"}}}},
        {"series",
         {{{"name", "low"}, {"x", {0, 720, 1440}}, {"y", {20, 20, 20}}},
          {{"name", "high"}, {"x", {0, 720, 1440}}, {"y", {24, nullptr, 24}}, {"style", "band"}},
          {{"name", "runs"}, {"x", {0, 720, 1440}}, {"y", {0, 1, 0}}, {"style", "area"}, {"axis", "y2"}},
          {{"name", "people"}, {"x", {0, 720, 1440}}, {"y", {0, 1, 0}}, {"style", "area"}, {"axis", "behind"}}}}},
       "Simulated."});
  document.sections.push_back(section);
  return document;
}

TEST(Document, TextAndJsonHoldEveryFigure) {
  const std::string text = to_text(example());
  EXPECT_NE(text.find("== One\nA sentence.\n\nSizes\nwhat   bytes  fits\nflash     10  yes\nOf the image."),
            std::string::npos)
      << text;
  const nlohmann::ordered_json json = to_json(example());
  EXPECT_EQ(json["sections"][0]["tables"][0]["rows"][0]["bytes"], "10");
  EXPECT_EQ(json["sections"][0]["charts"][1]["spec"]["y2"]["title"], "pump");
}

TEST(Document, ThePageNeedsNoNetworkAndTakesTextAsText) {
  const std::string html = to_html(example());
  EXPECT_NE(html.find("A &lt;title&gt; &amp; more"), std::string::npos);
  EXPECT_EQ(html.find("{{"), std::string::npos);
  EXPECT_EQ(html.find("x</script>"), std::string::npos);
  for (const char* outside : {"src=", "<link rel=\"stylesheet\"", "@import", "fetch("}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  }
}

TEST(Document, TablesSuitAPhone) {
  Document document{"Title", "", {{"One", {}, {}, {}}}};
  document.sections[0].tables.push_back({"", {{{"change", true}}, {{"-1 (-2 to 0)"}}}, ""});
  document.sections[0].tables.push_back(
      {"", {{{"a"}, {"how"}}, {{"met", "a sentence that is too long for a column"}}}, ""});
  const std::string html = to_html(document);
  EXPECT_NE(html.find("<table>\n<tr><th class=\"number\">change</th></tr>\n"
                      "<tr><td class=\"number\">-1 <span>(-2 to 0)</span></td></tr>"),
            std::string::npos);
  EXPECT_NE(html.find("<table class=\"long\">"), std::string::npos);
  EXPECT_NE(html.find("<td class=\"good\" data-title=\"a\">met</td><td data-title=\"how\">"), std::string::npos);
}

TEST(Document, ABrowserDrawsEveryChart) {
  if (!program_exists(kBrowser)) GTEST_SKIP() << "skipped: no chromium-headless-shell";
  expect_drawn(to_html(example()), 2);
}

}  // namespace
}  // namespace whit::report
