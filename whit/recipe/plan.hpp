// From a recipe to its steps, in their order. The first ones end with what is known of every candidate; the rest is
// about the winner.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "whit/recipe/recipe.hpp"
#include "whit/recipe/step.hpp"

namespace whit::recipe {

// The stages that --from and --until name, in their order.
const std::vector<std::string>& stages();

inline constexpr const char* kControlFile = "control.json";  // in the run folder: the closed loop

// Where in the run folder what was found out of a candidate lies.
std::string evaluation_of(const std::string& candidate, const std::string& part);  // of "validation" or "test"
std::string bench_of(const std::string& candidate);
std::string target_of(const std::string& machine);
std::string fit_of(const std::string& candidate, const std::string& device);

// [data.window] horizon_s of a training recipe; 0 when it does not say.
int64_t horizon_of(const std::string& recipe_file);

struct CandidatePlan {
  std::vector<Step> steps;
  std::map<std::string, std::string> views;  // folder of the data by candidate: equal ones share it
};

// Writes candidates/NAME/recipe.toml into `folder`: what `whit train` and `whit data` read.
CandidatePlan plan_candidates(const Recipe& recipe, const std::filesystem::path& folder);

// Firmware, importance, horizons, control loop and target of the candidate that was chosen.
std::vector<Step> plan_winner(const Recipe& recipe, const std::filesystem::path& folder, const CandidatePlan& plan,
                              const std::string& winner);

}  // namespace whit::recipe
