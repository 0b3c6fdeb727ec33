// What a run found out, as a report: targets, candidates, the winner's layers and memory, and what a control loop
// saved.
#pragma once

#include <filesystem>
#include <vector>

#include "whit/recipe/figures.hpp"
#include "whit/report/document.hpp"

namespace whit::recipe {

struct Results {
  const Recipe& recipe;
  std::filesystem::path folder;
  const CandidatePlan& plan;
  std::vector<CandidateFigures> candidates;
  Choice choice;
  std::vector<Outcome> outcomes;

  const CandidateFigures& winner() const;
};

inline constexpr const char* kTargetsTitle = "Targets";

report::Document document_of(const Results& results);

// Parts of it, each empty when the recipe asks for nothing of the kind.
report::Section targets_section(const Results& results);
report::Section candidates_section(const Results& results);
report::Section sizes_section(const Results& results);
report::Section horizons_section(const Results& results);
report::Section importance_section(const Results& results);
report::Section control_section(const Results& results);
report::Section firmware_section(const Results& results);
report::Section winner_section(const Results& results);  // layers, memory, devices

}  // namespace whit::recipe
