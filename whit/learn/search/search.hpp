// The search for nets that a device can hold: which of a space fit is measured before anything is trained; those are
// trained in rungs (successive halving), each going on from its checkpoint of the rung below; what is left is
// quantized, measured as it is, and the best of it, the Pareto front, is the result. Knows no files of models and
// prints nothing.
//
// All that is found stands in files of the folder at once, and every decision is taken from them: a search that was
// killed and resumed, or that many processes share, has the result of one that was left alone, bit for bit.
// docs/adr/0011.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "whit/data/data_set.hpp"
#include "whit/learn/search/space.hpp"
#include "whit/learn/search/team.hpp"

namespace whit::learn {

// What a candidate takes on the device; as `whit fit` has it.
struct Footprint {
  double ram_bytes = 0, flash_bytes = 0;
  std::optional<double> latency_s;  // estimated, the middle; none when it is unknown
  bool fits = false;
  std::string violations;  // empty when it fits
  double excess = 0;       // the largest share of a budget that is needed; infinite when something is unknown
};

struct SearchedCandidate {
  Candidate candidate;
  Footprint untrained;         // before training
  std::vector<double> scores;  // by rung that it was in: the metric on the validation samples, as quantized
  // Of those that went through all rungs: the model as written.
  struct Final {
    double validation = 0;
    std::optional<double> test;  // none without test samples
    Footprint footprint;
  };
  std::optional<Final> final;
  bool on_front = false;
};

struct SearchResult {
  std::string metric;  // as of metric_name()
  bool more_is_better = false;
  std::vector<SearchedCandidate> candidates;  // in the order of the space
  std::vector<size_t> front;                  // of `candidates`, the best metric first
};

struct SearchPlan {
  std::string folder;  // exists; gets work/, which all ranks must see
  bool resume = false;
};

struct SearchHooks {
  // Writes the model of a candidate; needed. `file` has no extension.
  std::function<void(const ir::Graph&, const std::string& file)> save;
  std::function<void(const std::string& what, int64_t jobs)> on_stage;
  std::function<void(double share)> on_progress;  // of the stage
};

// `recipe.base` has been through fit_to_data() with `set`, and has what a teacher says. The models of the candidates
// that went through all rungs are at work_file(). Error gate_failed when no candidate fits, which names the one that
// comes nearest, or when none could be trained; bad_input without validation samples, and when the folder holds a
// search that is not resumed, or one of another recipe, other data, or another version of whit or a compiler.
SearchResult search(const SearchRecipe& recipe, const data::DataSet& set, const SearchPlan& plan, Team& team,
                    const SearchHooks& hooks);

// Where search() has the model of a candidate, without extension.
std::string work_file(const SearchPlan& plan, const std::string& name);

}  // namespace whit::learn
