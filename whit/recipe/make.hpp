// All of `whit make`: from a recipe to the run folder with a report.
#pragma once

#include <filesystem>
#include <string>

namespace whit::recipe {

struct MakeOptions {
  std::string recipe;             // TOML
  std::filesystem::path folder;   // the run folder; empty: runs/NAME
  std::filesystem::path program;  // whit
  std::string from, until;        // stages; empty: nothing is done again, and all is done
  int jobs = 1;
  bool is_quiet = false;
};

struct Made {
  std::filesystem::path folder;
  bool is_whole = false;    // false: --until stopped before the report
  std::string text;         // the report for a terminal
  std::string missed_gate;  // titles of targets that are gates and were missed
};

Made make(const MakeOptions& options);

}  // namespace whit::recipe
