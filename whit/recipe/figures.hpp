// What the steps found out, read from the run folder: a row for each candidate, and the single figures that targets are
// about. Computes nothing but ratios.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "whit/recipe/plan.hpp"
#include "whit/recipe/recipe.hpp"

namespace whit::recipe {

struct DeviceFigures {
  std::string device, title;
  bool is_mcu = true;
  std::optional<double> latency_s, latency_low_s, latency_high_s;  // none: unknown
  std::optional<bool> fits;
  int64_t ram_bytes = 0, flash_bytes = 0;
  std::map<std::string, double> budgets;  // by resource, as `whit fit` names it: "RAM", "latency"
};

struct CandidateFigures {
  std::string name;
  std::string metric;                                           // "mae", "accuracy"
  std::string unit;                                             // of errors; may be empty
  std::optional<double> validation, test, rmse, p95;            // of the metric; p95 of the absolute error
  int64_t samples = 0;                                          // of the test
  std::optional<int64_t> flash_bytes, ram_bytes, instructions;  // none of persistence
  std::vector<DeviceFigures> devices;

  // The value of a metric as an error: an accuracy becomes its rest.
  double error() const;     // on the validation samples
  bool fits_first() const;  // the device of the recipe; true without one
};

// Names of what a target may be about.
const std::vector<std::string>& figure_names();

// What `of` of a target sets the figure against. model: another candidate. change: another controller, which it always
// is set against. whole: nothing, it is about the firmware or the loop as a whole.
enum class FigureKind { model, change, whole };
FigureKind kind_of(const std::string& figure);  // one of figure_names()

struct Figure {
  double value = 0;
  std::string unit;  // "B", "s", "K", ""; "%": a change, as a share; "share": of a whole
  std::string how;   // how it was obtained
};

nlohmann::json read_json(const std::filesystem::path& file);  // Error bad_input when it is none

CandidateFigures figures_of(const Recipe& recipe, const std::filesystem::path& folder, const CandidatePlan& plan,
                            const Candidate& candidate);

struct Choice {
  std::string winner;
  std::vector<std::string> reasons;  // a sentence each
};

// The candidate that the rule of the recipe picks: of those that fit and lose no more than `within`, the least. Error
// gate_failed when none fits.
Choice choose(const Recipe& recipe, const std::vector<CandidateFigures>& candidates);

// By figure_names(); one that was not measured is not there.
std::map<std::string, Figure> winner_figures(const Recipe& recipe, const std::filesystem::path& folder,
                                             const CandidateFigures& winner);

// How a target came out. No value: not measured.
struct Outcome {
  const Target* target;
  std::optional<Figure> figure;
  bool is_met = false, is_aim_met = false;
};
std::vector<Outcome> judge(const Recipe& recipe, const std::filesystem::path& folder,
                           const std::vector<CandidateFigures>& candidates, const std::string& winner);

}  // namespace whit::recipe
