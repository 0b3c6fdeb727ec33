// `whit simulate` as its user meets it.
#include <gtest/gtest.h>

#include "tests/text_file.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/formats/tflite/writer.hpp"
#include "whit/ir/text.hpp"

namespace whit::tests {
namespace {

class SimulateCli : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() / name; }
  static ProcessResult whit(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {WHIT_BINARY, "simulate"});
    return run_process(arguments, 60);
  }
  static void refused(const std::vector<std::string>& arguments, int exit_code, const std::string& word) {
    const ProcessResult result = whit(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.output;
    EXPECT_NE(result.output.find(word), std::string::npos) << result.output;
  }
  static std::string building() { return WHIT_SOURCE_DIR "/examples/hvac/building.toml"; }

 private:
  TemporaryDirectory directory_;
};

TEST_F(SimulateCli, DataIsWrittenAndSaysWhereTheWeatherIsFrom) {
  const ProcessResult result =
      whit({"data", building(), "-o", path("d.csv"), "--days", "2", "--start", "2024-07-01", "--seed", "3"});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("2 days, 2880 rows; weather: "), std::string::npos) << result.output;
  const std::string csv = read_text(path("d.csv"));
  EXPECT_TRUE(csv.starts_with("time,t_in,t_out,occupancy,hvac\n2024-07-01T00:00:00,")) << csv.substr(0, 80);
}

TEST_F(SimulateCli, SaysWhatIsWrong) {
  refused({}, 2, "subcommand is required");
  refused({"data", building()}, 2, "--output is required");
  refused({"data", building(), "-o", path("d.csv"), "--days", "0"}, 2, "--days");
  refused({"data", building(), "-o", path("d.csv"), "--start", "July"}, 3, "--start: 'July' is no date");
  refused({"data", path("none.toml"), "-o", path("d.csv")}, 3, "none.toml");
  EXPECT_FALSE(std::filesystem::exists(path("d.csv")));
}

// A recipe, its data and a model: the room an hour later has changed as in the last half hour.
class ControlCli : public SimulateCli {
 protected:
  void SetUp() override {
    write_model("trend.tflite", "1,2", "{127 0}");
    write_data("data", "hvac", 60);
  }
  void write_model(const std::string& name, const std::string& shape, const std::string& weights) const {
    write_file(path(name),
               tflite::write_tflite(ir::parse_text("graph \"trend\"\n"
                                                   "input %0 \"x\": i8 [" +
                                                   shape +
                                                   "] scale 0.0625 zero_point 0\n"
                                                   "const %1 \"w\": i8 [" +
                                                   shape + "] scale 0.0078125 zero_point 0 = " + weights + R"(
const %2 "b": i32 [1] scale 0.00048828125 zero_point 0 = {0}
%3 "y": i8 [1,1] scale 0.0625 zero_point 0 = fully_connected(%0, %1, %2)
output %3
)")));
  }
  // What `whit data -o` writes into `name`. `fourth`: the name of the last column; `every_s`: between rows.
  void write_data(const std::string& name, const std::string& fourth, int every_s,
                  const std::string& target = "t_in") const {
    std::string csv = "time,t_in,t_out,occupancy," + fourth + "\n";
    for (int i = 0; i < 6000; ++i) {
      const int s = i * every_s;
      char time[32];
      snprintf(time, sizeof time, "2024-05-%02dT%02d:%02d:00", 6 + s / 86400, s / 3600 % 24, s / 60 % 60);
      csv += std::string(time) + "," + std::to_string(20 + i % 7) + "," + std::to_string(i % 11) + ",1,0\n";
    }
    write_file(path("room.csv"), csv);
    write_file(path("recipe.toml"),
               "[data]\nkind = \"table\"\npath = \"room.csv\"\n"
               "columns = [\"t_in\", \"" +
                   fourth + "\"]\ntarget = \"" + target + R"("
time = "time"
[data.window]
horizon_s = 3600
target_is = "change"
[data.features]
kind = "lags"
list = [{ kind = "delta", of = "t_in", lag_s = 1800 }, { kind = "day_cos" }]
[data.split]
by = "chronological"
)");
    const ProcessResult made = run_process({WHIT_BINARY, "data", path("recipe.toml"), "-o", path(name)}, 60);
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }
  std::vector<std::string> control(const std::string& verb, std::vector<std::string> more = {},
                                   const std::string& model = "trend.tflite", const std::string& data = "data",
                                   const std::string& toml = building()) const {
    more.insert(more.begin(), {verb, toml, "--model", path(model), "--data", path(data)});
    return more;
  }
};

TEST_F(ControlCli, ComparesOnSeedsThatNobodyLearnedFrom) {
  const ProcessResult result = whit(control("control", {"--seeds", "2", "--days", "1", "-o", path("c.json")}));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("2 seeds (101 to 102)"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("a year: the mean of the seasons"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("from 2 seeds: the energy is known to within "), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("more seeds: --seeds 10"), std::string::npos) << result.output;
  EXPECT_NE(read_text(path("c.json")).find("\"payback_months\""), std::string::npos);
  const ProcessResult alone = whit(control("control", {"--seeds", "1", "--days", "1", "--seasons", "heating"}));
  EXPECT_EQ(alone.exit_code, 0) << alone.output;
  EXPECT_EQ(alone.output.find("in brackets"), std::string::npos) << alone.output;
  EXPECT_NE(alone.output.find("from one seed: "), std::string::npos) << alone.output;
}

TEST_F(ControlCli, SaysWhatIsWrong) {
  write_data("humid", "humidity", 60);
  write_data("slow", "hvac", 300);
  write_data("other", "hvac", 60, "hvac");
  write_model("wide.tflite", "1,3", "{1 2 3}");
  std::string without = read_text(building());
  write_file(path("without.toml"), without.substr(0, without.find("\n[control]")) + "\n");
  for (const std::string verb : {"control", "target"}) {
    SCOPED_TRACE(verb);
    refused(control(verb, {}, "none.tflite"), 3, "none.tflite");
    refused(control(verb, {}, "recipe.toml"), 3, "recipe.toml");
    refused(control(verb, {}, "wide.tflite"), 3, "the model takes 3 numbers, the data has 2 features");
    refused(control(verb, {}, "trend.tflite", "none"), 3, "none");
    refused(control(verb, {}, "trend.tflite", "humid"), 3, "the controller has no sensor 'humidity'");
    refused(control(verb, {}, "trend.tflite", "slow"), 3, "rows every 300 s");
    refused(control(verb, {}, "trend.tflite", "other"), 3, "the model predicts 'hvac', not the room's temperature");
    refused(control(verb, {}, "trend.tflite", "data", path("none.toml")), 3, "none.toml");
    refused(control(verb, {}, "trend.tflite", "data", path("without.toml")), 3, "control");
    refused(control(verb, {"--days", "0"}), 2, "--days");
    refused({verb, building()}, 2, "--model is required");
  }
  refused(control("control", {"--seasons", "heating,coolin"}), 2, "there is no season 'coolin'");
  refused(control("control", {"--seasons", "coolin"}), 2, "did you mean 'cooling'?");
  refused(control("control", {"--seeds", "0"}), 2, "--seeds");
  refused(control("target", {"--season", "summer"}), 2, "there is no season 'summer'");
  refused(control("target", {"--target", "qemu-cortex"}), 2, "qemu-cortex");
}

TEST_F(ControlCli, BuildWritesTheController) {
  const auto build = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {WHIT_BINARY, "build", path("trend.tflite"), "--target",
                                          "host",      "-o",    path("firmware")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_process(arguments, 60);
  };
  const ProcessResult alone = build({"--control", building()});
  EXPECT_EQ(alone.exit_code, 2) << alone.output;
  EXPECT_NE(alone.output.find("--features"), std::string::npos) << alone.output;
  const ProcessResult unknown = build({"--features", path("data"), "--control", path("recipe.toml")});
  EXPECT_EQ(unknown.exit_code, 3) << unknown.output;
  write_data("other", "hvac", 60, "hvac");
  const ProcessResult other = build({"--features", path("other"), "--control", building()});
  EXPECT_EQ(other.exit_code, 3) << other.output;
  EXPECT_NE(other.output.find("the model predicts 'hvac'"), std::string::npos) << other.output;
  EXPECT_FALSE(std::filesystem::exists(path("firmware")));

  const ProcessResult built = build({"--features", path("data"), "--control", building()});
  EXPECT_EQ(built.exit_code, 0) << built.output;
  EXPECT_NE(read_text(path("firmware/trend_control.hpp")).find("int trend_control_minute("), std::string::npos);
  const ProcessResult made = run_process({"make", "-C", path("firmware")}, 300);
  EXPECT_EQ(made.exit_code, 0) << made.output;
  EXPECT_TRUE(std::filesystem::exists(path("firmware/trend_control.o"))) << made.output;
  // The same again, in its place.
  EXPECT_EQ(build({"--features", path("data"), "--control", building()}).exit_code, 0);
}

TEST_F(ControlCli, BuildSaysWhatTheWholeCosts) {
  if (!program_exists("arm-none-eabi-g++") || !program_exists("qemu-system-arm")) {
    GTEST_SKIP() << "skipped: no cross-compiler or emulator";
  }
  const auto build = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {WHIT_BINARY, "build",          path("trend.tflite"), "--target",  "cortex-m4",
                                          "-o",        path("firmware"), "--features",         path("data")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_process(arguments, 60).output;
  };
  const auto bytes_of = [](const std::string& output, const std::string& line) {
    const size_t at = output.find("\n" + line + " ");
    return at == std::string::npos ? 0 : std::stoi(output.substr(at + 1 + line.size()));
  };
  const std::string model = build({}), whole = build({"--control", building()});
  EXPECT_NE(whole.find(" window of readings, "), std::string::npos) << whole;
  EXPECT_NE(whole.find("not your board: 4 MB flash ("), std::string::npos) << whole;
  EXPECT_NE(whole.find("verified  on qemu-cortex-m4: 1440 of 1440 decisions"), std::string::npos) << whole;
  EXPECT_GT(bytes_of(model, "flash"), 0) << model;
  EXPECT_GT(bytes_of(whole, "flash"), bytes_of(model, "flash") + 4000) << model << whole;
  EXPECT_GT(bytes_of(whole, "RAM"), bytes_of(model, "RAM") + 400) << model << whole;
}

}  // namespace
}  // namespace whit::tests
