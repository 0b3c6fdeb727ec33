// `whit simulate` as its user meets it.
#include <gtest/gtest.h>

#include "whit/base/file.hpp"
#include "whit/base/process.hpp"

namespace whit::tests {
namespace {

class SimulateCli : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() / name; }
  static ProcessResult whit(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {WHIT_BINARY, "simulate"});
    return run_process(arguments, 60);
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
  const std::vector<uint8_t> bytes = read_file(path("d.csv"));
  const std::string csv(bytes.begin(), bytes.end());
  EXPECT_TRUE(csv.starts_with("time,t_in,t_out,occupancy,hvac\n2024-07-01T00:00:00,")) << csv.substr(0, 80);
}

TEST_F(SimulateCli, SaysWhatIsWrong) {
  const auto refused = [](const std::vector<std::string>& arguments, int exit_code, const std::string& word) {
    const ProcessResult result = whit(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.output;
    EXPECT_NE(result.output.find(word), std::string::npos) << result.output;
  };
  refused({}, 2, "subcommand is required");
  refused({"data", building()}, 2, "--output is required");
  refused({"data", building(), "-o", path("d.csv"), "--days", "0"}, 2, "--days");
  refused({"data", building(), "-o", path("d.csv"), "--start", "July"}, 3, "--start: 'July' is no date");
  refused({"data", path("none.toml"), "-o", path("d.csv")}, 3, "none.toml");
  EXPECT_FALSE(std::filesystem::exists(path("d.csv")));
}

}  // namespace
}  // namespace whit::tests
