// `whit fit` as its user meets it. Needs the cross-compilers and the emulators.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/device/profile.hpp"
#include "whit/formats/tflite/test_model.hpp"

namespace whit::tests {
namespace {

constexpr int kGateFailed = 1;
constexpr int kUsage = 2;
constexpr int kBadInput = 3;

class FitVerb : public testing::Test {
 protected:
  void SetUp() override {
    setenv("XDG_CACHE_HOME", (directory_.path() / "cache").c_str(), 1);
    write_file(model(), tflite::small_convnet());
  }
  std::string model() const { return directory_.path() / "m.tflite"; }

  ProcessResult fit(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {WHIT_BINARY, "fit", model()});
    return run_process(arguments, 300);
  }

  std::vector<std::filesystem::path> cached() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path() / "cache/whit")) {
      files.push_back(entry.path());
    }
    return files;
  }

  void expect_refusal(const std::vector<std::string>& arguments, int code,
                      const std::vector<std::string>& words) const {
    const ProcessResult result = fit(arguments);
    EXPECT_EQ(result.exit_code, code) << result.output;
    for (const std::string& word : words)
      EXPECT_NE(result.output.find(word), std::string::npos) << result.output << word;
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(FitVerb, BadInputIsOneClearMessage) {
  expect_refusal({"--device", "stm32l4r6"}, kBadInput, {"stm32l4r6", "did you mean stm32l4r5?"});
  expect_refusal({"--device", "stm32l4r5", "--latency", "50KB"}, kBadInput,
                 {"--latency: 'KB' of '50KB' is not a unit that fits here", "us, ms, s, min, h"});
  expect_refusal({"--device", "stm32l4r5", "--ram", "64"}, kBadInput, {"--ram: '64' has no unit", "KB, KiB, MB"});
  expect_refusal({"--device", "stm32l4r5", "--energy", "-1mJ"}, kBadInput, {"--energy: '-1mJ' is not above zero"});
  expect_refusal({"--device", "stm32l4r5", "--battery", "100mAh"}, kUsage, {"--battery requires --period"});
  expect_refusal({}, kUsage, {"there is no device", "--all-devices"});
}

TEST_F(FitVerb, FitsAndIsRemembered) {
  const std::vector<std::string> arguments = {"--device",  "stm32l4r5", "--period", "1s",
                                              "--battery", "100mAh",    "--json"};
  const ProcessResult first = fit(arguments);
  EXPECT_EQ(first.exit_code, 0) << first.output;
  const auto json = nlohmann::json::parse(first.output);
  EXPECT_EQ(json["fits"], true);
  EXPECT_GT(json["instructions"], 0);
  EXPECT_EQ(json["ram_bytes"], json["arena_bytes"].get<double>() + json["stack_bytes"].get<double>());
  EXPECT_LE(json["latency_s"]["low"], json["latency_s"]["estimated"]);
  EXPECT_LE(json["latency_s"]["estimated"], json["latency_s"]["high"]);
  EXPECT_GT(json["battery_life_s"]["estimated"], 0);

  // The second time nothing is measured, and so nothing written.
  const std::vector<std::filesystem::path> files = cached();
  ASSERT_EQ(files.size(), 1u);
  const auto written = std::filesystem::last_write_time(files[0]);
  EXPECT_EQ(fit(arguments).output, first.output);
  EXPECT_EQ(std::filesystem::last_write_time(files[0]), written);

  write_file(files[0], "damaged");
  EXPECT_EQ(fit(arguments).output, first.output);
  EXPECT_NE(read_file(files[0]).size(), std::string("damaged").size());
  EXPECT_EQ(cached(), files);
}

TEST_F(FitVerb, WhatDoesNotFitFailsWithAdvice) {
  const ProcessResult result = fit({"--device", "stm32l4r5", "--flash", "1KB", "--latency", "1us", "--json"});
  EXPECT_EQ(result.exit_code, kGateFailed);
  const size_t end = result.output.rfind("\n}");
  ASSERT_NE(end, std::string::npos) << result.output;
  const size_t begin = result.output.find("{\n");
  const auto json = nlohmann::json::parse(result.output.substr(begin, end + 2 - begin));
  EXPECT_EQ(json["fits"], false);
  EXPECT_FALSE(json["advice"].empty());
  for (const auto& advice : json["advice"]) EXPECT_TRUE(advice.contains("fits") || advice.contains("note")) << advice;
  EXPECT_NE(result.output.find("does not fit stm32l4r5: flash"), std::string::npos) << result.output;
}

TEST_F(FitVerb, AllDevices) {
  const ProcessResult result = fit({"--all-devices", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  const auto json = nlohmann::json::parse(result.output);
  ASSERT_EQ(json["devices"].size(), device::all_profiles().size());
  for (const auto& entry : json["devices"]) {
    EXPECT_TRUE(entry["fits"].get<bool>()) << entry;
    EXPECT_GT(entry["latency_s"]["estimated"].get<double>(), 0) << entry;
  }
  const std::string markdown = fit({"--all-devices", "--markdown"}).output;
  EXPECT_NE(markdown.find("| stm32l4r5 | cortex-m4 | 120 |"), std::string::npos) << markdown;
  EXPECT_EQ(fit({"--all-devices", "--ram", "1B"}).exit_code, kGateFailed);
}

}  // namespace
}  // namespace whit::tests
