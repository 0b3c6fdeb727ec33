// `whit make` as a user runs it: a small series, three candidates, a report.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/text_file.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/report/browser_test.hpp"

namespace whit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kRecipe = R"([data]
kind = "table"
path = "series.csv"
columns = ["t_in", "t_out"]
target = "t_in"
time = "time"
[data.window]
stride = 2
horizon_s = 3600
[data.features]
kind = "lags"
list = [{ kind = "value", of = "t_in" }, { kind = "delta", of = "t_in", lag_s = 1800 }, { kind = "value", of = "t_out" }]
[data.split]
by = "chronological"

[[candidate]]
name = "persistence"
baseline = "persistence"
[[candidate]]
name = "linear"
model = { kind = "linear" }
[[candidate]]
name = "net"
model = { architecture = "dense", sizes = [8] }
train = { epochs = EPOCHS, batch_size = 16 }
[[candidate]]
name = "net_int8"
from = "net"

[device]
name = "esp32-c3"
also = ["raspberry-pi-4"]
[choose]
by = "flash"
within = 1.0
[report]
unit = "K"
importance = true
horizons_s = [1800]

[[target]]
title = "beside persistence"
figure = "mae"
of = "persistence"
at_most = LIMIT
gate = true
[[target]]
title = "no network"
figure = "foreign_headers"
at_most = 0
)";

class Make : public testing::Test {
 protected:
  Make() {
    std::string csv = "time,t_in,t_out\n";
    for (int i = 0; i < 1200; ++i) {  // 10 minutes each
      const double phase = i / 144.0 * 6.283;
      csv += fmt::format("2024-01-{:02}T{:02}:{:02}:00,{:.3f},{:.3f}\n", 1 + i / 144, i / 6 % 24, i % 6 * 10,
                         20 + 2 * std::sin(phase) + 0.02 * (i * 7919 % 13), 5 + 6 * std::sin(phase + 1));
    }
    write_file(at("series.csv"), csv);
    write_recipe("3", "0.9");
  }
  fs::path at(const std::string& name) const { return directory_.path() / name; }
  void write_recipe(const std::string& epochs, const std::string& limit) {
    std::string text = kRecipe;
    text.replace(text.find("EPOCHS"), 6, epochs);
    text.replace(text.find("LIMIT"), 5, limit);
    write_file(at("recipe.toml"), text);
  }
  void change(const std::string& from, const std::string& to) {
    std::string text = text_of("recipe.toml");
    text.replace(text.find(from), from.size(), to);
    write_file(at("recipe.toml"), text);
  }
  ProcessResult make(std::vector<std::string> more = {}) const {
    std::vector<std::string> command = {WHIT_BINARY, "make", at("recipe.toml").string(), "-o", at("run").string()};
    command.insert(command.end(), more.begin(), more.end());
    return run_process(command, 300);
  }
  // The steps that were run, not kept.
  static std::vector<std::string> ran(const std::string& output) {
    std::vector<std::string> names;
    for (size_t at = output.find(" ...\n"); at != std::string::npos; at = output.find(" ...\n", at + 1)) {
      const size_t begin = output.rfind('\n', at - 1) + 1;
      names.push_back(output.substr(begin, output.find("  ", begin) - begin));
    }
    return names;
  }
  std::string text_of(const std::string& name) const { return read_text(at(name)); }
  Json json(const std::string& name) const { return Json::parse(read_file(at(name))); }
  TemporaryDirectory directory_;
};

TEST_F(Make, FromARecipeToAReportAndOnlyWhatChangedAgain) {
  const ProcessResult first = make();
  ASSERT_EQ(first.exit_code, 0) << first.output;
  const Json made = json("run/report.json");
  EXPECT_FALSE(made["winner"].get<std::string>().empty());
  EXPECT_EQ(made["sections"][0]["title"], "Targets");
  EXPECT_EQ(made["sections"][0]["tables"][0]["rows"][0]["verdict"], "met");
  EXPECT_EQ(made["sections"][0]["tables"][0]["rows"][1]["verdict"], "met");
  EXPECT_TRUE(fs::exists(at("run/firmware/Makefile")));
  const Json bench = json(fmt::format("run/candidates/{}/bench.json", made["winner"].get<std::string>()));
  for (const Json& layer : bench["layers"]) {
    EXPECT_GT(layer["alive_bytes"], 0);
    EXPECT_LE(layer["alive_bytes"], bench["arena_bytes"]);
  }
  // On the terminal they come last, where they stay in sight.
  EXPECT_GT(first.output.find("== Targets"), first.output.find("== The winner on the device"));
  const std::string html = text_of("run/report.html");
  EXPECT_EQ(html.find("{{"), std::string::npos);
  EXPECT_NE(html.find("Error by horizon"), std::string::npos);
  size_t charts = 0;
  for (const Json& section : made["sections"]) {
    charts += section.contains("charts") ? section["charts"].size() : 0;
  }
  EXPECT_GE(charts, 7u);
  if (program_exists(report::kBrowser)) report::expect_drawn(html, charts);

  const ProcessResult second = make();
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_EQ(ran(second.output), std::vector<std::string>{});
  const ProcessResult again = make({"--from", "importance", "--until", "importance"});
  EXPECT_EQ(ran(again.output), std::vector<std::string>{"importance"});

  write_recipe("4", "0.9");  // of the net alone
  const ProcessResult changed = make();
  EXPECT_EQ(changed.exit_code, 0) << changed.output;
  const std::vector<std::string> net = ran(changed.output);
  EXPECT_NE(std::find(net.begin(), net.end(), "train net"), net.end()) << changed.output;
  for (const std::string& step : net) {
    EXPECT_EQ(step.find("linear"), std::string::npos) << step;
    EXPECT_NE(step, "data persistence");
  }

  write_recipe("4", "0.0001");  // a gate that cannot hold
  const ProcessResult missed = make();
  EXPECT_EQ(missed.exit_code, 1);
  EXPECT_NE(missed.output.find("whit: " + at("recipe.toml").string() + ": missed: beside persistence"),
            std::string::npos);
  EXPECT_EQ(ran(missed.output), std::vector<std::string>{});
}

TEST_F(Make, WhatARecipeNoLongerAsksForIsNotInTheReport) {
  ASSERT_EQ(make().exit_code, 0);
  const auto has = [&](const std::string& title) {
    const Json sections = json("run/report.json")["sections"];
    return std::any_of(sections.begin(), sections.end(),
                       [&](const Json& section) { return section["title"] == title; });
  };
  EXPECT_TRUE(has("Importance of the values"));
  change("importance = true\nhorizons_s = [1800]\n", "");
  const ProcessResult second = make();
  EXPECT_EQ(second.exit_code, 0) << second.output;
  EXPECT_EQ(ran(second.output), std::vector<std::string>{});
  EXPECT_FALSE(has("Importance of the values"));
  EXPECT_FALSE(has("Error by horizon"));
  EXPECT_FALSE(fs::exists(at("run/importance.json")));
  EXPECT_FALSE(json("run/manifest.json")["steps"].contains("importance"));
}

TEST_F(Make, ARecipeWithoutACandidateThatMayWinIsRefused) {
  change("name = \"linear\"\n", "name = \"linear\"\nmay_win = false\n");
  change("name = \"net\"\n", "name = \"net\"\nmay_win = false\n");
  change("name = \"net_int8\"\n", "name = \"net_int8\"\nmay_win = false\n");
  const ProcessResult result = make();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.output.find("recipe.toml: no [[candidate]] may win"), std::string::npos) << result.output;
}

TEST_F(Make, AKillLosesNothingThatWasFinished) {
  write_recipe("100000", "0.9");
  const fs::path checkpoint = at("run/.work/train-net/candidates/net/net.tflite.checkpoint");
  const auto train_until = [&](int signal, const std::function<bool()>& is_reached) {
    fs::remove(at("pid")), fs::remove(at("said"));
    std::thread training([&] {
      run_process({"sh", "-c",
                   fmt::format("echo $$ > {}; exec {} make {} -o {} --until train --jobs 1 > {}", at("pid").string(),
                               WHIT_BINARY, at("recipe.toml").string(), at("run").string(), at("said").string())},
                  300);
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!is_reached() && std::chrono::steady_clock::now() < deadline) usleep(20000);
    EXPECT_TRUE(is_reached());
    kill(static_cast<pid_t>(std::stol(text_of("pid"))), signal);
    training.join();  // the training, which holds the pipe, ends with its parent
  };
  train_until(SIGKILL, [&] { return fs::exists(checkpoint); });
  EXPECT_FALSE(fs::exists(at("run/candidates/net/net.tflite")));
  EXPECT_TRUE(fs::exists(at("run/candidates/linear/linear.tflite")));

  train_until(SIGINT, [&] { return fs::exists(at("said")) && text_of("said").find("train net") != std::string::npos; });
  EXPECT_EQ(ran(text_of("said")), std::vector<std::string>{"train net"});
  EXPECT_TRUE(fs::exists(checkpoint));
}

TEST_F(Make, WhatIsWrongWithACandidateIsSaidBeforeAStepRuns) {
  change("architecture = \"dense\"", "architecture = \"dens\"");
  const ProcessResult result = make();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "whit: " + at("recipe.toml").string() +
                               ": line 24, candidate net: model.architecture is \"dens\"\n"
                               "  try: did you mean dense? It is one of: dense, lstm, gru, cnn1d, ds_cnn, resnet8, "
                               "resnet18, mobilenet_v1, mobilenet_v2, autoencoder\n");
  EXPECT_FALSE(fs::exists(at("run")));
}

TEST_F(Make, WhatIsWrongWithTheDataOfACandidateIsSaidBeforeATrainingBegins) {
  change("name = \"net\"\n",
         "name = \"net\"\ndata = { features = { kind = \"lags\", list = [{ kind = \"vlue\" }] } }\n");
  const ProcessResult result = make();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(
      result.output.find("whit: " + at("recipe.toml").string() + ": line 23: data net: candidates/net/recipe.toml: "),
      std::string::npos)
      << result.output;
  EXPECT_EQ(result.output.find("train"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace whit
