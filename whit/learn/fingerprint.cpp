#include "whit/learn/fingerprint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "whit/base/hash.hpp"
#include "whit/ir/text.hpp"
#include "whit/learn/quantization.hpp"

namespace whit::learn {
namespace {

using Json = nlohmann::ordered_json;

std::string digest(const std::vector<float>& values) {
  return hex(sha256({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)}));
}

std::string digest(const std::string& text) {
  return hex(sha256({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
}

// As compress::sparsity_from_text() takes it.
std::string text_of(const compress::Sparsity& s) {
  if (s.group > 0) return fmt::format("{}:{}", s.keep, s.group);
  return s.block > 1 ? fmt::format("1x{}:{}", s.block, s.share) : fmt::format("{}", s.share);
}

Json to_json(const PruneSchedule& o) {
  return {{"sparsity", text_of(o.sparsity)},
          {"initial_sparsity", o.initial},
          {"begin_step", o.begin},
          {"end_step", o.end},
          {"every_steps", o.every}};
}

}  // namespace

Json fingerprint(const Model& model, const data::Samples& training, const data::Samples& validation,
                 const TrainOptions& o) {
  const OptimizerOptions& optimizer = o.optimizer;
  const Augmentation& a = o.augmentation;
  Json all{{"epochs", o.epochs},
           {"batch_size", o.batch_size},
           {"seed", o.seed},
           {"optimizer", kOptimizerNames[static_cast<size_t>(optimizer.kind)]},
           {"momentum", optimizer.momentum},
           {"beta", {optimizer.beta1, optimizer.beta2, optimizer.epsilon}},
           {"weight_decay", optimizer.weight_decay},
           {"learning_rate", o.schedule.rate},
           {"schedule", kScheduleNames[static_cast<size_t>(o.schedule.kind)]},
           {"warmup_epochs", o.schedule.warmup_epochs},
           {"step_factor", o.schedule.factor},
           {"step_epochs", o.schedule.every},
           {"loss", kLossNames[static_cast<size_t>(o.loss)]},
           {"huber_delta", o.huber_delta},
           {"label_smoothing", o.label_smoothing},
           {"class_weights", o.class_weights},
           {"mixup", o.mixup},
           {"clip_norm", o.clip_norm},
           {"patience", o.patience},
           {"noise", a.noise},
           {"flip", a.flip},
           {"shift", {a.shift_first, a.shift_second}},
           {"mask", a.mask}};
  if (o.prune) all["prune"] = to_json(*o.prune);
  if (o.distillation) {
    all["distill"] = {{"temperature", o.distillation->temperature}, {"alpha", o.distillation->alpha}};
    all["the teacher"] = digest(o.distillation->teacher);
  }
  all["the training data"] = digest(training.values) + digest(training.labels);
  all["the validation data"] = digest(validation.values) + digest(validation.labels);
  for (const auto& [key, value] : model.settings) all["model"][key] = value;
  const std::string quantized =
      model.quantization ? ir::print_text(model.quantization->quantized(model.graph), {0}) : "";
  all["the model"] =
      digest(fmt::format("{} {} {}", fmt::join(model.normalised, ","), ir::print_text(model.graph, {0}), quantized));
  return all;
}

}  // namespace whit::learn
