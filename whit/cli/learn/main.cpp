#include "whit/base/interrupt.hpp"
#include "whit/cli/entry.hpp"
#include "whit/cli/learn/verbs.hpp"

int main(int argc, char** argv) {
  whit::handle_interrupts();
  CLI::App app("whit-learn: the verbs of whit that train. `whit VERB` calls it.", "whit");
  whit::cli::add_train(app);
  whit::cli::add_prune(app);
  whit::cli::add_distill(app);
  whit::cli::add_search(app);
  return whit::cli::run_program(app, argc, argv);
}
