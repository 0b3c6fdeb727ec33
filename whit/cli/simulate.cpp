// whit simulate SUBCOMMAND
#include "whit/cli/simulate.hpp"

#include "whit/cli/verbs.hpp"

namespace whit::cli {

void add_simulate(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("simulate", "a floor of a building, its weather, its people and its heat pump");
  verb->require_subcommand(1);
  add_simulate_data(*verb);
  add_simulate_control(*verb);
  add_simulate_target(*verb);
}

}  // namespace whit::cli
