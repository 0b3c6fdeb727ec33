// `whit search` as its user meets it: the front of a space, killed and resumed, shared by processes, and what it
// refuses.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/learn_cli.hpp"

namespace whit::tests {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const char* const kSpace =
    "device = \"stm32g0b1\"\nwidth = [0.5, 1]\ndepth = [1, 2]\nprecision = [\"float32\", \"int8\"]\n"
    "sparsity = [\"0\", \"0.7\"]\n";

class SearchCli : public LearnCli {
 protected:
  std::string search_recipe(const std::string& search, const std::string& budget = "flash = \"24KB\"\n",
                            const std::string& more = "") const {
    const std::string train = "epochs = 8\nlearning_rate = 0.01\n" + more;
    return recipe(train + "[search]\n" + search + "[budget]\n" + budget);
  }
  std::vector<std::string> search(const std::string& folder, std::vector<std::string> before = {}) const {
    before.insert(before.end(), {WHIT_BINARY, "search", path("recipe.toml"), "-o", path(folder), "--resume", "--json"});
    return before;
  }
  // What a search leaves for its user, by file.
  std::map<std::string, std::vector<uint8_t>> found(const std::string& folder) const {
    std::map<std::string, std::vector<uint8_t>> files;
    for (const auto& entry : fs::directory_iterator(path(folder))) {
      if (entry.is_regular_file()) files[entry.path().filename()] = read_file(entry.path());
    }
    return files;
  }
  static nlohmann::json last_line(const ProcessResult& result) {
    const size_t begin = result.output.rfind("{\"device\"");
    return begin == std::string::npos ? nlohmann::json() : nlohmann::json::parse(result.output.substr(begin));
  }
};

// The models of the front are there, they cost what it says and are as good; what does not fit was never trained; and
// a net that went through all rungs is the one that `whit train` makes of the same recipe.
TEST_F(SearchCli, TheFrontIsWhatItSays) {
  table(600);
  search_recipe(kSpace, "flash = \"40KB\"\nlatency = \"200ms\"\n", "[quantize]\nepochs = 2\n");
  const ProcessResult result = run(search("found"));
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const nlohmann::json json = last_line(result);
  EXPECT_EQ(json.at("device"), "stm32g0b1");
  EXPECT_EQ(json, nlohmann::json::parse(read_file(path("found/search.json"))));
  ASSERT_GE(json.at("front").size(), 2u);
  double last = 1;
  for (const nlohmann::json& each : json.at("front")) {
    EXPECT_LE(each.at("validation_accuracy"), last) << "the best first";
    last = each.at("validation_accuracy");
    const std::string model = path("found/" + each.at("model").get<std::string>());
    const ProcessResult fit =
        run({WHIT_BINARY, "fit", model, "--device", "stm32g0b1", "--flash", "40KB", "--latency", "200ms", "--json"});
    ASSERT_EQ(fit.exit_code, 0) << fit.output;
    const nlohmann::json need = nlohmann::json::parse(fit.output);
    EXPECT_EQ(need.at("flash_bytes"), each.at("flash_bytes"));
    EXPECT_EQ(need.at("ram_bytes"), each.at("ram_bytes"));
    EXPECT_EQ(need.at("latency_s").at("estimated"), each.at("latency_s"));
    const ProcessResult evaluated =
        run({WHIT_BINARY, "evaluate", model, "--data", path("data.csv"), "--split", "test", "--json"});
    EXPECT_EQ(nlohmann::json::parse(evaluated.output).at("value"), each.at("test_accuracy")) << model;
  }
  // 0.5 and 1 of [128] have no layer to prune; of [128, 64] as floats there is too much.
  ASSERT_EQ(json.at("candidates").size(), 16u);
  for (const nlohmann::json& each : json.at("candidates")) {
    EXPECT_EQ(each.at("rungs").empty(), !each.at("fits")) << each;
    EXPECT_EQ(each.contains("needs"), !each.at("fits")) << each;
    if (each.at("name") == "dense-128-64-float32") {
      EXPECT_FALSE(each.at("fits"));
    }
    if (each.at("name") == "dense-64-s0.7-int8") {
      EXPECT_FALSE(each.at("fits"));
    }
  }

  search_recipe("device = \"stm32g0b1\"\nwidth = [1]\n", "");
  ASSERT_EQ(run(search("one")).exit_code, 0);
  ASSERT_EQ(run({WHIT_BINARY, "train", path("recipe.toml"), "-o", path("m.tflite")}).exit_code, 0);
  EXPECT_EQ(read_file(path("one/dense-128-64-float32.tflite")), read_file(path("m.tflite")));
}

TEST_F(SearchCli, KilledAndResumedFindsTheSame) {
  table(1500);
  search_recipe(kSpace, "flash = \"24KB\"\n", "[quantize]\nepochs = 3\n");
  const Clock::time_point begin = Clock::now();
  const ProcessResult alone = run(search("alone"));
  ASSERT_EQ(alone.exit_code, 0) << alone.output;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const auto expected = found("alone");
  Random random(11);
  int kills = 0;
  while (kills < 10 || !fs::exists(path("killed/search.json"))) {
    if (fs::exists(path("killed/search.json"))) {  // it came to its end before ten kills
      EXPECT_EQ(found("killed"), expected);
      fs::remove_all(path("killed"));
    }
    const double moment = kills < 10 ? random.uniform(0, 0.6 * seconds) : 120;
    const ProcessResult result = run(search("killed", {"timeout", "-s", "KILL", std::to_string(moment)}));
    if (result.exit_code == 0) continue;
    ASSERT_EQ(result.exit_code, 137) << result.output;
    ++kills;
  }
  EXPECT_EQ(found("killed"), expected);
}

TEST_F(SearchCli, ProcessesThatShareTheWorkFindTheSame) {
  table(600);
  search_recipe(kSpace);
  ASSERT_EQ(run(search("alone")).exit_code, 0);
  const std::vector<std::string> mpirun = {"env",    "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                                           "mpirun", "--oversubscribe",          "-n"};
  for (const char* ranks : {"2", "3"}) {
    std::vector<std::string> command = mpirun;
    command.push_back(ranks);
    const std::string folder = std::string("shared") + ranks;
    const ProcessResult result = run(search(folder, command));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_EQ(found(folder), found("alone")) << ranks;
    EXPECT_EQ(result.output.find("{\"device\""), result.output.rfind("{\"device\"")) << "one of them prints";
  }
  search_recipe("device = \"stm32g0b1\"\nwidth = [1]\n", "flash = \"1KB\"\n");  // an error of all is said once
  std::vector<std::string> command = mpirun;
  command.emplace_back("2");
  const ProcessResult result = run(search("none", command));
  expect_refusal(result, 1, {"stm32g0b1"});
  EXPECT_EQ(result.output.find("whit: "), result.output.rfind("whit: ")) << result.output;
}

TEST_F(SearchCli, BadInputIsOneClearError) {
  table(50);
  const std::string device = "device = \"stm32g0b1\"\n";
  recipe("epochs = 8\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "[search]"});
  search_recipe(device + "widht = [1]\ndepth = [1]\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "widht", "width"});
  search_recipe(device);
  expect_refusal(run(search("a")), 3, {"recipe.toml", "nothing to search", "width, depth, precision, sparsity"});
  search_recipe(device + "width = []\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "width", "empty"});
  search_recipe(device + "width = [0]\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "width"});
  search_recipe(device + "precision = [\"int7\"]\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "int7", "int8"});
  search_recipe(device + "sparsity = [\"1.5\"]\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "1.5"});
  search_recipe(device + "width = [1]\nrungs = 9\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "8 epochs", "9 rungs"});
  search_recipe("width = [1]\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "device"});
  search_recipe("width = [1]\ndevice = \"stm32g0b2\"\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "stm32g0b2", "stm32g0b1"});
  search_recipe(device + "width = [1]\n", "flash = \"1 parsec\"\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "flash", "parsec", "KB"});
  search_recipe(device + "width = [1]\n", "flahs = \"1KB\"\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "flahs", "flash"});
  search_recipe(device + "precision = [\"int8\"]\n", "", "[quantize]\nprecision = \"int8\"\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "precision", "one of the two"});
  search_recipe(device + "sparsity = [\"0.5\"]\n", "", "[prune]\nsparsity = \"0.5\"\n");
  expect_refusal(run(search("a")), 3, {"recipe.toml", "sparsity", "one of the two"});
  EXPECT_FALSE(fs::exists(path("a")));
  search_recipe(device + "width = [1]\n");
  expect_refusal(run(search("recipe.toml")), 3, {"recipe.toml"});  // a file, not a folder

  // Nothing can meet it, and nothing was trained to see that.
  search_recipe(device + "precision = [\"float32\", \"int8\"]\n", "flash = \"2KB\"\n");
  expect_refusal(
      run(search("b")), 1,
      {"none of 2 candidates fits stm32g0b1", "dense-128-64-int8", "flash", "of 2048 B", "times the budget"});
  EXPECT_TRUE(found("b").empty());
  for (const auto& entry : fs::directory_iterator(path("b/work"))) {
    EXPECT_EQ(entry.path().filename().string().find("checkpoint"), std::string::npos) << entry.path();
  }

  search_recipe(device + "precision = [\"int8\"]\n", "");
  expect_refusal(run(search("b")), 3,
                 {"b: the search in this folder was begun otherwise: budget.flash was \"2KB\", is not given; "
                  "search.precision was [\"float32\",\"int8\"], is [\"int8\"]\n"});
  expect_refusal(run({WHIT_BINARY, "search", path("recipe.toml"), "-o", path("b")}), 3, {"holds a search", "--resume"});

  search_recipe(device + "precision = [\"float32\", \"int8\"]\n", "flash = \"2KB\"\n");
  auto begun = nlohmann::ordered_json::parse(read_file(path("b/work/search.json")));
  begun["the version of whit"] = "another";
  write("b/work/search.json", begun.dump());
  expect_refusal(run(search("b")), 3, {"b: the search in this folder was begun otherwise: the version of whit\n"});
}

}  // namespace
}  // namespace whit::tests
