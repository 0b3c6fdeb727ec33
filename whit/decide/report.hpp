// A decision as text, Markdown and JSON. The JSON is described in docs/guide/decide.md.
#pragma once

#include <string>
#include <vector>

#include "whit/decide/flip.hpp"

namespace whit::decide {

struct Report {
  Scenario scenario;
  Decision decision;
  std::vector<InputFlips> flips;
  std::vector<Switch> switches;
  std::string note;  // where figures come from that are not the scenario's; may be empty
};

// Decides the scenario of `file`. Error bad_input when its constraints leave no option, with what contradicts what.
Report make_report(const Scenario& scenario, const std::string& file);

std::string to_text(const Report& report);
std::string to_markdown(const Report& report);
std::string to_json(const Report& report);

}  // namespace whit::decide
