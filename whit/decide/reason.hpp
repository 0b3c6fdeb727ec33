// Sentences that say a decision's numbers, for text and Markdown.
#pragma once

#include <string>
#include <vector>

#include "whit/decide/decision.hpp"

namespace whit::decide {

// The options that the scenario describes: all but a hybrid without a table.
std::vector<Option> described_options(const Scenario& scenario);

// "deadline 100 ms: edge 12 ms, cloud 640 ms".
std::string reason_of(const Scenario& scenario, const Decision& decision, Factor factor);

// What runs where and what crosses the link a day, of one option.
std::string work_of(const Scenario& scenario, const Decision& decision, Option option);

// "edge and cloud: edge is cheaper up to 1,200 devices, cloud from there on", one a pair of options.
std::vector<std::string> break_even_sentences(const Scenario& scenario, const Decision& decision);

}  // namespace whit::decide
