#include "whit/report/document.hpp"

#include <gtest/gtest.h>

#include "whit/base/file.hpp"
#include "whit/base/process.hpp"

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
                             {"y", {{"title", "MAE"}}},
                             {"series", {{{"name", "x</script>"}, {"y", {1, 2.5}}}}}},
                            "Counted."});
  section.charts.push_back(
      {"A day",
       {{"kind", "line"},
        {"x", {{"clock", true}}},
        {"y", {{"title", "degC"}}},
        {"y2", {{"title", "kW"}}},
        {"series",
         {{{"name", "low"}, {"x", {0, 720, 1440}}, {"y", {20, 20, 20}}},
          {{"name", "high"}, {"x", {0, 720, 1440}}, {"y", {24, nullptr, 24}}, {"style", "band"}},
          {{"name", "power"}, {"x", {0, 720, 1440}}, {"y", {0, 4, 0}}, {"style", "area"}, {"axis", "y2"}}}}},
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
  EXPECT_EQ(json["sections"][0]["charts"][1]["spec"]["y2"]["title"], "kW");
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

// In a browser: no message on the console, every canvas painted.
TEST(Document, ABrowserDrawsEveryChart) {
  constexpr const char* kBrowser = "chromium-headless-shell";
  if (!program_exists(kBrowser)) GTEST_SKIP() << "skipped: no chromium-headless-shell";
  std::string html = to_html(example());
  html.insert(html.rfind("</body>"), R"(<script>
    const painted = [...document.querySelectorAll("canvas")].filter((canvas) => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      return pixels.some((value, i) => i % 4 === 3 && value > 0);
    });
    document.body.dataset.painted = painted.length;
  </script>)");
  const TemporaryDirectory folder;
  write_file(folder.path() / "report.html", html);
  const ProcessResult result =
      run_process({kBrowser, "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=800,1200",
                   "--user-data-dir=" + (folder.path() / "profile").string(), "--dump-dom",
                   "file://" + (folder.path() / "report.html").string()},
                  120);
  EXPECT_NE(result.output.find("data-charts=\"2\""), std::string::npos);
  EXPECT_NE(result.output.find("data-painted=\"2\""), std::string::npos);
  EXPECT_EQ(result.output.find("CONSOLE"), std::string::npos) << result.output.substr(0, 2000);
}

}  // namespace
}  // namespace whit::report
