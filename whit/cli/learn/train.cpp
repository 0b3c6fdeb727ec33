// whit train RECIPE -o OUT.tflite [--resume] [--epochs N] [--seed N] [--json]
#include "whit/learn/train.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/progress.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/learn/train_classical.hpp"
#include "whit/cli/learn/verbs.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/learn/recipe.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string recipe, output;
  int64_t epochs = 0, seed = -1;  // as in the recipe
  bool resume = false, json = false;
};

learn::Model model_of(const learn::Recipe& recipe) {
  if (recipe.model_file.empty()) return learn::build(recipe.architecture);
  learn::Model model{load_graph(recipe.model_file), {}};
  compile::run_passes(model.graph);
  return model;
}

void print_epoch(const learn::Epoch& epoch, const Arguments& arguments, const learn::Recipe& recipe, bool validated,
                 const char* metric) {
  if (arguments.json) {
    Json line{{"epoch", epoch.number}, {"learning_rate", epoch.learning_rate}, {"loss", epoch.loss}};
    if (validated) line["validation_loss"] = epoch.validation_loss, line[metric] = epoch.validation_metric;
    fmt::print("{}\n", line.dump());
  } else {
    fmt::print("epoch {:>4}/{}  rate {:<9.3g}  loss {:<9.5g}", epoch.number, recipe.options.epochs, epoch.learning_rate,
               epoch.loss);
    if (validated) {
      fmt::print("  validation loss {:<9.5g}  {} {:.5g}", epoch.validation_loss, metric, epoch.validation_metric);
    }
    fmt::print("\n");
  }
  std::fflush(stdout);
}

void train(const Arguments& arguments) {
  if (const auto classical = learn::read_classical(arguments.recipe)) {
    if (arguments.epochs > 0) {
      throw Error(ErrorCode::usage, "--epochs, but a model of this kind has none", arguments.recipe, "leave it out");
    }
    require_model_file(arguments.output, arguments.recipe);
    return train_classical(*classical, arguments.output, arguments.seed, arguments.json);
  }
  learn::Recipe recipe = learn::read_recipe(arguments.recipe);
  if (arguments.epochs > 0) recipe.options.epochs = arguments.epochs;
  if (arguments.seed >= 0) recipe.options.seed = static_cast<uint64_t>(arguments.seed);
  require_model_file(arguments.output, arguments.recipe);
  data::DataSet set = data::read_data_set(recipe.data);
  learn::fit_to_data(recipe, set);
  const learn::Model model = model_of(recipe);
  const int64_t parameters = learn::trainable_parameters(model);
  const char* metric = learn::metric_name(recipe.options.loss, set.validation());
  if (!arguments.json) {
    fmt::print("{}: {} parameters, {} samples to train with, {} to validate\n", model.graph.name, parameters,
               set.train().count(), set.validation().count());
  }
  ProgressBar bar("train");
  learn::TrainHooks hooks;
  hooks.on_step = [&](int64_t step, int64_t steps) { bar.show(step, steps); };
  hooks.on_epoch = [&](const learn::Epoch& epoch) {
    bar.hide();
    print_epoch(epoch, arguments, recipe, set.validation().count() > 0, metric);
  };
  learn::CheckpointPlan checkpoint;
  checkpoint.file = arguments.output + ".checkpoint";
  checkpoint.resume = arguments.resume;
  const learn::TrainResult result =
      learn::train(model, set.train(), set.validation(), recipe.options, checkpoint, hooks);
  bar.hide();
  save_graph(result.graph, arguments.output);
  if (arguments.json) {
    fmt::print("{}\n", Json{{"model", arguments.output},
                            {"parameters", parameters},
                            {"epochs", result.epochs.size()},
                            {"best_epoch", result.best_epoch},
                            {"resumed_at_step", result.resumed_at}}
                           .dump());
  } else {
    if (result.resumed_at > 0) fmt::print("resumed at step {}\n", result.resumed_at);
    fmt::print("wrote {}, of epoch {}\n", arguments.output, result.best_epoch);
  }
}

}  // namespace

void add_train(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* verb = app.add_subcommand("train", "a recipe becomes a trained float model");
  verb->add_option("recipe", a.recipe, "a .toml file with the tables [data], [model] and, for networks, [train]")
      ->required();
  verb->add_option("-o,--output", a.output, "the file to write, .tflite or .onnx")->required();
  verb->add_flag("--resume", a.resume, "go on from OUTPUT.checkpoint, if there is one, to the same result");
  verb->add_option("--epochs", a.epochs, "instead of the recipe's")->check(CLI::PositiveNumber);
  verb->add_option("--seed", a.seed, "instead of the recipe's")->check(CLI::NonNegativeNumber);
  verb->add_flag("--json", a.json, "one line of JSON for each epoch, and one at the end");
  verb->callback([arguments] { train(*arguments); });
}

}  // namespace whit::cli
