// whit train|prune|distill RECIPE -o OUT.tflite [--resume] [--epochs N] [--seed N] [--json]
#include "whit/learn/train.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "whit/base/progress.hpp"
#include "whit/cli/graph.hpp"
#include "whit/cli/learn/train_classical.hpp"
#include "whit/cli/learn/verbs.hpp"
#include "whit/cli/number.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/learn/recipe.hpp"
#include "whit/learn/teacher.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::string recipe, output;
  int64_t epochs = 0, seed = -1;  // as in the recipe
  bool resume = false, json = false;
};

void prune_channels(ir::Graph& graph, const compress::ChannelPruning& pruning, bool json) {
  const compress::ChannelsPruned pruned = compress::prune_channels(graph, pruning);
  if (json) {
    fmt::print("{}\n", Json{{"channels_before", pruned.channels_before},
                            {"channels", pruned.channels_after},
                            {"macs_before", pruned.macs_before},
                            {"macs", pruned.macs_after}}
                           .dump());
  } else {
    fmt::print("{} of {} channels stay, {} of {} MACs ({:.1f} %)\n", pruned.channels_after, pruned.channels_before,
               pruned.macs_after, pruned.macs_before,
               100.0 * static_cast<double>(pruned.macs_after) / static_cast<double>(pruned.macs_before));
  }
}

learn::Model model_of(const learn::Recipe& recipe, bool json) {
  if (recipe.model_file.empty()) return learn::build(recipe.architecture);
  learn::Model model{load_graph(recipe.model_file), {}, {}, {}};
  compile::run_passes(model.graph);
  if (recipe.channels) prune_channels(model.graph, *recipe.channels, json);
  return model;
}

// A verb that asks for a table of the recipe.
void require_table(const std::string& verb, const std::string& recipe, bool has) {
  if (has) return;
  throw Error(ErrorCode::bad_input, fmt::format("the recipe has no table [{}]", verb), recipe,
              fmt::format("a table [{}], or whit train", verb));
}

void print_epoch(const learn::Epoch& epoch, const Arguments& arguments, int64_t epochs, bool validated,
                 const char* metric) {
  if (arguments.json) {
    Json line{{"epoch", epoch.number}, {"learning_rate", epoch.learning_rate}, {"loss", epoch.loss}};
    if (validated) line["validation_loss"] = epoch.validation_loss, line[metric] = epoch.validation_metric;
    fmt::print("{}\n", line.dump());
  } else {
    fmt::print("epoch {:>4}/{}  rate {:<9.3g}  loss {:<9.5g}", epoch.number, epochs, epoch.learning_rate, epoch.loss);
    if (validated) {
      fmt::print("  validation loss {:<9.5g}  {} {:.5g}", epoch.validation_loss, metric, epoch.validation_metric);
    }
    fmt::print("\n");
  }
  std::fflush(stdout);
}

// Runs one training with its progress on the terminal. `suffix`: of the checkpoint's name.
template <typename Train>
learn::TrainResult run(const Arguments& arguments, const learn::TrainOptions& options, const data::DataSet& set,
                       const std::string& suffix, const Train& train) {
  const char* metric = learn::metric_name(options.loss, set.validation());
  ProgressBar bar("train");
  learn::TrainHooks hooks;
  hooks.on_step = [&](int64_t step, int64_t steps) { bar.show(step, steps); };
  hooks.on_epoch = [&](const learn::Epoch& epoch) {
    bar.hide();
    print_epoch(epoch, arguments, options.epochs, set.validation().count() > 0, metric);
  };
  learn::CheckpointPlan checkpoint;
  checkpoint.file = arguments.output + suffix;
  checkpoint.resume = arguments.resume;
  learn::TrainResult result = train(checkpoint, hooks);
  bar.hide();
  return result;
}

// The model trained as integers, and what each way to them costs: on the host player, which computes what the device
// does.
learn::TrainResult train_quantized(const Arguments& arguments, const learn::QuantizeRecipe& recipe,
                                   const ir::Graph& real, const data::DataSet& set, Json& report) {
  const learn::QuantizedStart start = learn::begin_quantized(real, recipe.precision, set.train());
  if (!arguments.json) fmt::print("training as {}\n", compress::name_of(recipe.precision));
  learn::TrainResult result =
      run(arguments, recipe.options, set, ".quantize.checkpoint",
          [&](const learn::CheckpointPlan& checkpoint, const learn::TrainHooks& hooks) {
            return learn::train_quantized(start, set.train(), set.validation(), recipe.options, checkpoint, hooks);
          });
  report["precision"] = compress::name_of(recipe.precision);
  const auto add = [&](const char* name, const data::Samples& samples) {
    if (samples.count() == 0) return;
    const std::string metric = learn::metric_name(recipe.options.loss, samples);
    const compress::Evaluation before = compress::evaluate(start.real, samples, metric);
    const compress::Evaluation ptq = compress::evaluate(start.quantized, samples, metric);
    const compress::Evaluation qat = compress::evaluate(result.graph, samples, metric);
    report[name] = {{"metric", metric}, {"float", before.value}, {"post_training", ptq.value}, {"trained", qat.value}};
    if (arguments.json) return;
    fmt::print("{:<10} {}: float {}, quantized after training {}, trained as integers {}\n", name, metric,
               compress::text_of(before), compress::text_of(ptq), compress::text_of(qat));
  };
  add("validation", set.validation());
  add("test", set.test());
  return result;
}

void train(const Arguments& arguments, const std::string& verb) {
  const TomlTable root = TomlTable::read(arguments.recipe);
  if (const auto classical = learn::read_classical(root)) {
    require_table(verb, arguments.recipe, verb == "train");
    if (arguments.epochs > 0) {
      throw Error(ErrorCode::usage, "--epochs, but a model of this kind has none", arguments.recipe, "leave it out");
    }
    require_model_file(arguments.output, arguments.recipe);
    return train_classical(*classical, arguments.output, arguments.seed, arguments.json);
  }
  learn::Recipe recipe = learn::read_recipe(root);
  if (arguments.epochs > 0) recipe.options.epochs = arguments.epochs;
  if (arguments.seed >= 0) recipe.options.seed = static_cast<uint64_t>(arguments.seed);
  require_model_file(arguments.output, arguments.recipe);
  if (verb == "prune") require_table(verb, arguments.recipe, recipe.channels || recipe.options.prune);
  if (verb == "distill") require_table(verb, arguments.recipe, recipe.options.distillation.has_value());
  data::DataSet set = data::read_data_set(recipe.data);
  learn::fit_to_data(recipe, set);
  const learn::Model model = model_of(recipe, arguments.json);
  if (recipe.options.distillation) {
    recipe.options.distillation->teacher =
        learn::teacher_outputs(load_graph(recipe.teacher_file), set.train(), recipe.options.loss, Cache());
    if (recipe.quantize) recipe.quantize->options.distillation = recipe.options.distillation;
  }
  const int64_t parameters = learn::trainable_parameters(model);
  if (!arguments.json) {
    fmt::print("{}: {} parameters, {} samples to train with, {} to validate\n", model.graph.name, parameters,
               set.train().count(), set.validation().count());
  }
  learn::TrainResult result{model.graph, {}, 0, 0};
  if (recipe.options.epochs > 0) {
    result = run(arguments, recipe.options, set, ".checkpoint",
                 [&](const learn::CheckpointPlan& checkpoint, const learn::TrainHooks& hooks) {
                   return learn::train(model, set.train(), set.validation(), recipe.options, checkpoint, hooks);
                 });
  }
  Json report{{"model", arguments.output}, {"parameters", parameters}};
  if (recipe.quantize) result = train_quantized(arguments, *recipe.quantize, result.graph, set, report);
  save_graph(result.graph, arguments.output);
  if (arguments.json) {
    report["epochs"] = result.epochs.size();
    report["best_epoch"] = result.best_epoch;
    report["resumed_at_step"] = result.resumed_at;
    fmt::print("{}\n", report.dump());
  } else {
    if (result.resumed_at > 0) fmt::print("resumed at step {}\n", result.resumed_at);
    fmt::print("wrote {}, of epoch {}\n", arguments.output, result.best_epoch);
  }
}

void add(CLI::App& app, const std::string& name, const std::string& description, const std::string& tables) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* verb = app.add_subcommand(name, description);
  verb->add_option("recipe", a.recipe, "a .toml file with the tables " + tables)->required();
  verb->add_option("-o,--output", a.output, "the file to write, .tflite or .onnx")->required();
  verb->add_flag("--resume", a.resume, "go on from OUTPUT.checkpoint, if there is one, to the same result");
  add_number(*verb, "--epochs", a.epochs, {1, 1'000'000}, "instead of the recipe's");
  add_number(*verb, "--seed", a.seed, kNotNegative, "instead of the recipe's");
  verb->add_flag("--json", a.json, "one line of JSON for each epoch, and one at the end");
  verb->callback([arguments, name] { train(*arguments, name); });
}

}  // namespace

void add_train(CLI::App& app) {
  add(app, "train", "a recipe becomes a trained model", "[data], [model] and, for networks, [train]");
}

void add_prune(CLI::App& app) {
  add(app, "prune", "train, as [prune] of the recipe says: weights or whole channels go",
      "[data], [model], [train] and [prune]");
}

void add_distill(CLI::App& app) {
  add(app, "distill", "train, as [distill] of the recipe says: a teacher's outputs count",
      "[data], [model], [train] and [distill]");
}

}  // namespace whit::cli
