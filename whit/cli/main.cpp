#include "whit/base/interrupt.hpp"
#include "whit/cli/entry.hpp"
#include "whit/cli/learn_program.hpp"
#include "whit/cli/verbs.hpp"

int main(int argc, char** argv) {
  whit::end_with_parent();
  if (argc > 1 && whit::cli::is_learn_verb(argv[1])) {
    try {
      whit::cli::become_learn_program(argv);
    } catch (const whit::Error& error) {
      return whit::cli::report(error);
    }
  }
  whit::handle_interrupts();
  CLI::App app("whit puts machine learning models on microcontrollers: from .tflite or .onnx to verified firmware.",
               "whit");
  whit::cli::add_inspect(app);
  whit::cli::add_build(app);
  whit::cli::add_run(app);
  whit::cli::add_compile(app);
  whit::cli::add_bench(app);
  whit::cli::add_import(app);
  whit::cli::add_export(app);
  whit::cli::add_quantize(app);
  whit::cli::add_evaluate(app);
  whit::cli::add_compare(app);
  whit::cli::add_blame(app);
  whit::cli::add_fit(app);
  whit::cli::add_devices(app);
  whit::cli::add_data(app);
  whit::cli::add_decide(app);
  whit::cli::add_simulate(app);
  whit::cli::add_make(app);
  whit::cli::add_learn_verbs(app);
  return whit::cli::run_program(app, argc, argv);
}
