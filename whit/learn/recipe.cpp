#include "whit/learn/recipe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "whit/base/error.hpp"

namespace whit::learn {
namespace {

constexpr Range kShare = {0.0, 1.0};
constexpr Range kPositive = {1e-12};

template <typename Enum>
Enum choice(const TomlTable& table, const std::string& key, const std::vector<std::string>& names, Enum fallback) {
  const std::string name = table.choice(key, names, names[static_cast<size_t>(fallback)]);
  return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

// Beside the recipe.
std::string path_of(const TomlTable& table, const std::string& key) {
  return (std::filesystem::path(table.file()).parent_path() / table.text(key)).string();
}

void read_model(const TomlTable& table, Recipe& recipe) {
  if (table.has("file")) {
    recipe.model_file = path_of(table, "file");
    return;
  }
  ArchitectureOptions& model = recipe.architecture;
  const std::string name = table.choice("architecture", kArchitectureNames);
  model.kind = static_cast<Architecture>(std::find(kArchitectureNames.begin(), kArchitectureNames.end(), name) -
                                         kArchitectureNames.begin());
  model.sizes = table.integers("sizes", {1, 65536});
  model.width = table.number("width", {0.01, 16}, 1.0);
  model.kernel = static_cast<int32_t>(table.integer("kernel", {1, 1024}, 5));
  model.batch_norm = table.boolean("batch_norm", false);
}

void read_train(const TomlTable& table, Recipe& recipe, bool quantizes) {
  TrainOptions& o = recipe.options;
  o.epochs = table.integer("epochs", {quantizes && !recipe.model_file.empty() ? 0.0 : 1.0, 1'000'000});
  o.batch_size = table.integer("batch_size", {1, 1 << 20}, 32);
  o.seed = static_cast<uint64_t>(table.integer("seed", kNotNegative, 1));
  if (table.has("loss")) recipe.loss = choice(table, "loss", kLossNames, Loss::mse);
  o.huber_delta = table.number("huber_delta", kPositive, 1.0);
  o.label_smoothing = table.number("label_smoothing", kShare, 0.0);
  o.class_weights = table.numbers("class_weights", kNotNegative);
  recipe.balance_classes = table.boolean("balance_classes", false);
  if (recipe.balance_classes && !o.class_weights.empty()) {
    throw table.error("balance_classes", "is given beside class_weights", "one of the two");
  }
  o.mixup = table.number("mixup", kNotNegative, 0.0);
  Augmentation& a = o.augmentation;
  a.noise = table.number("noise", kNotNegative, 0.0);
  a.flip = table.boolean("flip", false);
  const std::vector<int64_t> shift = table.integers("shift", {0, 1 << 20});
  if (shift.size() > 2)
    throw table.error("shift", "has more than two numbers", "one or two: along the first and second dimension");
  if (!shift.empty()) a.shift_first = shift[0];
  if (shift.size() == 2) a.shift_second = shift[1];
  a.mask = table.integer("mask", {0, 1 << 20}, 0);
  o.clip_norm = table.number("clip_norm", kNotNegative, 0.0);
  o.patience = table.integer("patience", kNotNegative, 0);
  o.optimizer.kind = choice(table, "optimizer", kOptimizerNames, OptimizerKind::adam);
  o.optimizer.momentum = table.number("momentum", {0.0, 0.9999}, 0.9);
  o.optimizer.weight_decay = table.number("weight_decay", kNotNegative, 0.0);
  o.schedule.rate = table.number("learning_rate", kPositive, 1e-3);
  o.schedule.kind = choice(table, "schedule", kScheduleNames, ScheduleKind::constant);
  o.schedule.warmup_epochs = table.number("warmup_epochs", kNotNegative, 0.0);
  o.schedule.every = table.number("step_epochs", kPositive, 30.0);
  o.schedule.factor = table.number("step_factor", kPositive, 0.1);
}

void read_weight_pruning(const TomlTable& table, Recipe& recipe) {
  PruneSchedule schedule;
  try {
    schedule.sparsity = compress::sparsity_from_text(table.text("sparsity"));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::usage) throw;
    throw table.error("sparsity", fmt::format("is \"{}\": {}", table.text("sparsity"), error.what()), error.hint());
  }
  const compress::Sparsity& s = schedule.sparsity;
  const double last = s.group > 0 ? 1.0 - static_cast<double>(s.keep) / s.group : s.share;
  schedule.initial = table.number("initial_sparsity", {0.0, last}, 0.0);
  schedule.begin = table.integer("begin_step", kNotNegative, 0);
  schedule.end = table.integer("end_step", {1}, 0);
  schedule.every = table.integer("every_steps", {1}, 100);
  if (schedule.end > 0 && schedule.begin > schedule.end) {
    throw table.error("begin_step", "is after end_step", "begin_step up to end_step");
  }
  recipe.options.prune = schedule;
}

void read_prune(const TomlTable& table, Recipe& recipe) {
  const bool weights = table.has("sparsity"), share = table.has("channels"), macs = table.has("macs");
  if (weights + share + macs != 1) {
    throw table.error("sparsity", weights + share + macs == 0 ? "is missing" : "does not stand alone",
                      "one of sparsity = \"0.7\" (weights), channels = 0.25 (share that goes) and macs = 0.5 (share of "
                      "the MACs that stays)");
  }
  if (weights) return read_weight_pruning(table, recipe);
  compress::ChannelPruning channels;
  constexpr double kLeast = 1e-6;
  if (share) channels.share = table.number("channels", {kLeast, 1.0 - kLeast});
  if (macs) channels.macs = table.number("macs", {kLeast, 1.0 - kLeast});
  channels.norm = choice(table, "norm", compress::kChannelNormNames, compress::ChannelNorm::l2);
  if (recipe.model_file.empty()) {
    throw table.error(share ? "channels" : "macs", "ranks channels by trained weights, and [model] has none",
                      "train the architecture first, then name it: [model] file");
  }
  recipe.channels = channels;
}

void read_distill(const TomlTable& table, Recipe& recipe) {
  recipe.teacher_file = path_of(table, "teacher");
  Distillation distillation;
  distillation.temperature = table.number("temperature", {0.01, 1000}, distillation.temperature);
  distillation.alpha = table.number("alpha", kShare, distillation.alpha);
  recipe.options.distillation = distillation;
}

// Of a recipe that is complete otherwise. `searched`: [search] says which precisions there are.
void read_quantize(const TomlTable& table, bool searched, Recipe& recipe) {
  QuantizeRecipe& q = recipe.quantize.emplace();
  if (searched && table.has("precision")) {
    throw table.error("precision", "is said by [search] precision already", "one of the two");
  }
  if (!searched) q.precision = compress::precision_from_name(table.choice("precision", {"int8", "int8_w4", "int16x8"}));
  q.options = recipe.options;
  q.options.epochs = table.integer("epochs", {1, 1'000'000}, 10);
  q.options.schedule.rate = table.number("learning_rate", kPositive, 0.1 * recipe.options.schedule.rate);
  q.options.schedule.warmup_epochs = 0;
  if (std::optional<PruneSchedule>& prune = q.options.prune) {  // what is zero by then stays zero
    const compress::Sparsity& s = prune->sparsity;
    prune->initial = s.group > 0 ? 1.0 - static_cast<double>(s.keep) / s.group : s.share;
    prune->begin = 0, prune->end = 1;
  }
}

}  // namespace

Recipe read_recipe(const TomlTable& root) {
  root.allow_only({"data", "model", "train", "prune", "distill", "quantize", "search", "budget"});
  Recipe recipe{root.table("data"), "", {}, {}, false, {}, {}, "", {}};
  const TomlTable model = root.table("model"), train = root.table("train");
  read_model(model, recipe);
  const std::optional<TomlTable> quantize = root.find_table("quantize");
  read_train(train, recipe, quantize.has_value());
  model.refuse_unknown_keys();
  train.refuse_unknown_keys();
  if (const std::optional<TomlTable> prune = root.find_table("prune")) {
    read_prune(*prune, recipe);
    prune->refuse_unknown_keys();
  }
  if (const std::optional<TomlTable> distill = root.find_table("distill")) {
    read_distill(*distill, recipe);
    distill->refuse_unknown_keys();
  }
  if (quantize) {
    const std::optional<TomlTable> search = root.find_table("search");
    read_quantize(*quantize, search && search->has("precision"), recipe);
    quantize->refuse_unknown_keys();
  }
  return recipe;
}

}  // namespace whit::learn
