// A report in headless Chromium, for tests.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "whit/base/file.hpp"
#include "whit/base/process.hpp"

namespace whit::report {

inline constexpr const char* kBrowser = "chromium-headless-shell";

// On a phone and on a desk: `charts` charts that are painted, nothing on the console, and no page that is wider than
// the screen.
inline void expect_drawn(std::string html, size_t charts) {
  html.insert(html.rfind("</body>"), R"(<script>
    const painted = [...document.querySelectorAll("canvas")].filter((canvas) => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      return pixels.some((value, i) => i % 4 === 3 && value > 0);
    });
    document.body.dataset.painted = painted.length;
    document.body.dataset.wide = document.documentElement.scrollWidth > innerWidth;
  </script>)");
  const TemporaryDirectory folder;
  write_file(folder.path() / "report.html", html);
  for (const char* size : {"390,844", "1200,900"}) {
    SCOPED_TRACE(size);
    const ProcessResult result =
        run_process({kBrowser, "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                     fmt::format("--window-size={}", size), "--user-data-dir=" + (folder.path() / "profile").string(),
                     "--dump-dom", "file://" + (folder.path() / "report.html").string()},
                    120);
    EXPECT_NE(result.output.find(fmt::format("data-charts=\"{}\"", charts)), std::string::npos);
    EXPECT_NE(result.output.find(fmt::format("data-painted=\"{}\"", charts)), std::string::npos);
    EXPECT_NE(result.output.find("data-wide=\"false\""), std::string::npos);
    EXPECT_EQ(result.output.find("CONSOLE"), std::string::npos) << result.output.substr(0, 2000);
  }
}

}  // namespace whit::report
