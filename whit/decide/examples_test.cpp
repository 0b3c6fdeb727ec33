// The scenarios of examples/decide, with the verdicts that the field gives them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/text_file.hpp"
#include "whit/base/file.hpp"
#include "whit/decide/report.hpp"
#include "whit/decide/words.hpp"

namespace whit::decide {
namespace {

struct Example {
  const char* name;
  Option verdict;
};

void PrintTo(const Example& example, std::ostream* stream) { *stream << example.name; }

constexpr Example kExamples[] = {
    {"fall_detection", Option::edge},   {"wake_word", Option::edge},
    {"voice_command", Option::cloud},   {"industrial_anomaly", Option::hybrid},
    {"smart_thermostat", Option::edge}, {"predictive_maintenance", Option::cloud},
};

const std::filesystem::path kFolder = std::filesystem::path(WHIT_SOURCE_DIR) / "examples/decide";

class Examples : public testing::TestWithParam<Example> {
 protected:
  Scenario scenario() const { return read_scenario(kFolder / (std::string(GetParam().name) + ".toml")); }
};

TEST_P(Examples, HasItsVerdictWithAllWeightsEqual) {
  const Scenario given = scenario();
  for (const double weight : given.weights) EXPECT_EQ(weight, 1);
  EXPECT_EQ(decide(given).verdict, GetParam().verdict);
}

TEST_P(Examples, SomethingFlipsItAndEachFlipHoldsOnBothOfItsSides) {
  Scenario given = scenario();
  const std::vector<InputFlips> all = find_flips(given);
  EXPECT_TRUE(all.front().flips());
  for (const Input& input : inputs()) {
    const auto flips = std::find_if(all.begin(), all.end(), [&](const auto& f) { return f.input == input.name(); });
    if (flips == all.end()) continue;
    double& value = *input.find(given);
    const double original = value;
    for (const auto& flip : {flips->down, flips->up}) {
      if (!flip) continue;
      value = flip->value;
      EXPECT_EQ(decide(given).verdict, flip->verdict) << input.name();
      EXPECT_NE(flip->verdict, GetParam().verdict) << input.name();
      value += (original - value) * 1e-4;
      EXPECT_EQ(decide(given).verdict, GetParam().verdict) << input.name();
    }
    value = original;
  }
}

// "`edge.accuracy` 0.95: no option left; `fleet.devices` x 4.4: hybrid": the three inputs that flip nearest.
std::string nearest_flips(const Scenario& scenario) {
  std::string text;
  std::vector<InputFlips> all = find_flips(scenario);
  all.resize(3);
  for (const InputFlips& flips : all) {
    const bool is_down = flips.down && (!flips.up || flips.down->distance < flips.up->distance);
    const Flip& flip = is_down ? *flips.down : *flips.up;
    const std::string factor = flips.is_share ? "" : fmt::format(" (x {})", number(flip.value / flips.value));
    text += fmt::format("{}`{}` {}{}: {}", text.empty() ? "" : "; ", flips.input, number(flip.value), factor,
                        flip.verdict ? name_of(*flip.verdict) : "no option left");
  }
  return text;
}

TEST_P(Examples, TheGuideHasItsVerdictAndNearestFlips) {
  std::istringstream page(read_text(WHIT_SOURCE_DIR "/docs/guide/decide.md"));
  std::string row;
  while (std::getline(page, row) && row.find(std::string("/") + GetParam().name + ".toml) |") == std::string::npos) {
  }
  EXPECT_NE(row.find(fmt::format(".toml) | {} | ", name_of(GetParam().verdict))), std::string::npos) << row;
  const std::string flips = fmt::format(" | {} |", nearest_flips(scenario()));
  EXPECT_TRUE(row.ends_with(flips)) << row << "\nshould end with" << flips;
}

TEST_P(Examples, ASlowerLinkNeverFavoursTheCloud) {
  Scenario given = scenario();
  const double original = given.link.rtt_p99_ms;
  bool left_the_cloud = false;
  double before = 1;
  for (double factor = 1e-3; factor < 1e6; factor *= 1.3) {
    given.link.rtt_p99_ms = original * factor;
    const Decision decision = decide(given);
    EXPECT_LE(of(decision.totals, Option::cloud), before);
    before = of(decision.totals, Option::cloud);
    if (decision.verdict != Option::cloud) left_the_cloud = true;
    EXPECT_FALSE(left_the_cloud && decision.verdict == Option::cloud) << factor;
  }
}

INSTANTIATE_TEST_SUITE_P(Decide, Examples, testing::ValuesIn(kExamples),
                         [](const auto& example) { return example.param.name; });

TEST(Examples, AreAllTested) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) files += entry.path().extension() == ".toml";
  EXPECT_EQ(files, std::size(kExamples));
}

}  // namespace
}  // namespace whit::decide
