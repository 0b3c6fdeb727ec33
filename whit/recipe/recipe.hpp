// The recipe of `whit make` (docs/guide/make.md): which data, candidates, device, targets and loop. Knows what each
// table means to the order of steps, and asks those who take them whether the rest can be: all that can be known before
// a step runs is. Only what [data] says of its files shows when they are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "whit/base/toml.hpp"

namespace whit::recipe {

// [[candidate]]: one model that may win.
struct Candidate {
  std::string name;
  bool is_persistence = false;   // baseline = "persistence": nothing is trained, the target is taken not to change
  std::string from;              // quantizes the model of this candidate; empty: trained
  std::string precision;         // with `from`
  bool trains_integers = false;  // [quantize]: what training writes is quantized
  bool may_win = true;
  int line = 0;  // of the recipe; 0: of a candidate that the recipe does not name
};

// [[target]]: what the result must show.
struct Target {
  std::string title, figure;  // figure: a name of figures.hpp
  // The figure is divided by that of this candidate, or of the "parent" that was quantized; of a change in the control
  // loop: set against this controller, "deadband" if empty.
  std::string of;
  std::string season;  // of the control loop; empty: the worst
  std::optional<double> at_most, at_least, aim;
  bool is_gate = false;  // a miss fails `whit make`
};

enum class ChooseBy { error, flash, ram, latency };

struct Recipe {
  std::string file;
  std::string name, title;

  // [simulate]: makes the table that [data] then reads as its path.
  std::string building;  // empty: nothing is simulated
  int64_t days = 30, seed = 1;
  std::vector<std::string> starts;  // first days: so many days from each; empty: from the building's

  bool is_regression = false;
  std::string unit;  // of the value that is predicted: "K"; may be empty
  std::vector<Candidate> candidates;

  std::string target = "qemu-cortex-m4";  // the emulated machine that is counted on
  std::vector<std::string> devices;       // the first is the one that must fit
  // [budget]: options of `whit fit`, such as "--ram" "8KB".
  std::vector<std::string> budget;

  ChooseBy choose_by = ChooseBy::error;
  double within = 0;  // share of the lowest error that a candidate may lose and still win

  std::vector<int64_t> horizons_s;  // [horizons]: the error of the winner and of persistence at each
  bool importance = false;

  bool controls = false;  // [control]
  int64_t control_seeds = 10, control_days = 28;
  std::vector<std::string> control_targets;  // emulated machines that run whole days

  std::vector<Target> targets;

  const Candidate& find(const std::string& candidate) const;  // which must exist
  // The model that `candidate` ends with, in the run folder.
  static std::string model_of(const Candidate& candidate);
};

// Error bad_input, with file, line and key.
Recipe read_recipe(const std::string& file);

// The recipe of one candidate alone, for `whit train` and `whit data`: the tables of `recipe_file` with those of
// [[candidate]] laid over them. Its paths begin at `folder`, where it will lie. `data_path`: the table that a
// simulation makes, beginning there; empty: as the recipe says. `horizon_s` over 0 replaces the one of the data.
std::string candidate_recipe(const std::string& recipe_file, const std::string& candidate, const std::string& folder,
                             const std::string& data_path, int64_t horizon_s = 0);

}  // namespace whit::recipe
