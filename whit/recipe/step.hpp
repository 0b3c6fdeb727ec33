// One step of a recipe: a command line of whit, what it reads and what it makes. Paths begin at the run folder.
#pragma once

#include <string>
#include <vector>

namespace whit::recipe {

struct Step {
  std::string stage;                 // "train": what --from and --until name
  std::string name;                  // "train lstm"; no two steps share one
  std::vector<std::string> command;  // of whit, without the program
  std::vector<std::string> inputs;   // files and folders; whoever makes one stands before
  std::vector<std::string> outputs;  // files and folders that appear when the step is done
  std::string json;                  // the one of the outputs that is the standard output; empty: none
  bool may_miss_gate = false;        // exit code 1 is a result like another, such as "does not fit"
  bool uses_toolchain = false;       // compilers and emulators decide too
  std::string origin;                // what a failure is looked for at: "recipe.toml: line 57"; may be empty
};

}  // namespace whit::recipe
