#include "whit/learn/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>

#include "whit/base/error.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/learn/checkpoint.hpp"
#include "whit/learn/differences.hpp"
#include "whit/learn/fingerprint.hpp"
#include "whit/learn/loss.hpp"
#include "whit/learn/module.hpp"
#include "whit/learn/quantization.hpp"

namespace whit::learn {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int64_t kValidationBatch = 256;

std::span<float> numbers(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

compress::Metric metric_of(Loss loss, const data::Samples& samples) {
  if (loss == Loss::cross_entropy) return compress::Metric::accuracy;
  return samples.labels.empty() ? compress::Metric::reconstruction : compress::Metric::mae;
}

Json to_json(const Epoch& epoch) {
  return {epoch.number, epoch.learning_rate, epoch.loss, epoch.validation_loss, epoch.validation_metric};
}

Epoch epoch_from(const Json& json) {
  return {json.at(0).get<int64_t>(), json.at(1).get<double>(), json.at(2).get<double>(), json.at(3).get<double>(),
          json.at(4).get<double>()};
}

// After backward(). A parameter that the loss does not depend on has no gradient, and does not decay.
std::vector<Slot> slots_of(const std::vector<Parameter>& parameters) {
  std::vector<Slot> slots;
  for (const Parameter& parameter : parameters) {
    const bool trained = parameter.value.grad().defined();
    if (!trained) parameter.value.mutable_grad() = at::zeros_like(parameter.value);
    slots.push_back({numbers(parameter.value), numbers(parameter.value.grad()), trained && parameter.value.dim() > 1});
  }
  return slots;
}

std::vector<Pruner::Layer> prunable_layers(const ir::Graph& graph, const Module& module) {
  std::vector<Pruner::Layer> layers;
  for (const ir::Node& node : graph.nodes) {
    const ir::TensorId id = compress::prunable_weights(graph, node);
    for (const Parameter& each : module.parameters()) {
      if (id == ir::kNoTensor || each.constant != id) continue;
      layers.push_back({numbers(each.value), static_cast<size_t>(each.value.numel() / each.value.size(0))});
    }
  }
  return layers;
}

// For each sample the tensor of the loss and, where outputs are rounded and so may tie, the output itself.
Module module_of(const Model& model, Loss loss) {
  std::vector<ir::TensorId> wanted = {loss_tensor(model.graph, loss)};
  if (!model.quantization) return Module(model.graph, model.normalised, wanted);
  wanted.push_back(model.graph.outputs.at(0));
  return Module(model.graph, model.normalised, wanted,
                [&](const Site& site) { return model.quantization->function_of(site); });
}

class Training {
 public:
  Training(const Model& model, const data::Samples& training, const data::Samples& validation,
           const TrainOptions& options, const CheckpointPlan& plan, const TrainHooks& hooks)
      : options_(options),
        plan_(plan),
        hooks_(hooks),
        validation_samples_(validation),
        quantization_(model.quantization),
        module_(module_of(model, options.loss)),
        outputs_(ir::elements(model.graph.tensor(model.graph.outputs.at(0)).shape)),
        training_(training, model.graph, outputs_, options),
        optimizer_(options.optimizer, elements(module_.parameters())),
        fingerprint_(plan.file.empty() ? Json() : fingerprint(model, training, validation, options)) {
    at::set_num_threads(1);
    if (quantization_) {
      for (const Parameter& state : quantization_->state()) module_.statistics().push_back(state);
    }
    if (module_.parameters().empty()) {
      throw Error(ErrorCode::bad_input, "the model has no float32 weights to train", model.graph.name,
                  "train the float32 model, then quantize it");
    }
    if (validation.count() > 0) validation_.emplace(validation, model.graph, outputs_, options);
    if (options.batch_size < 2 && !model.normalised.empty()) {
      throw Error(ErrorCode::usage, "batch norm needs batches of two samples at least", "", "a larger batch_size");
    }
    // A last sample alone, of which batch norm could learn no variance, joins the batch before.
    const int64_t rest = training_.count() % options.batch_size;
    steps_per_epoch_ = std::max<int64_t>(1, training_.count() / options.batch_size + (rest > 1 ? 1 : 0));
    if (options.batch_size == 1) steps_per_epoch_ = training_.count();
    if (options.distillation) training_.set_teacher(*options.distillation);
    if (options.prune) pruner_.emplace(*options.prune, prunable_layers(model.graph, module_), total_steps());
  }

  TrainResult run() {
    if (plan_.resume && std::filesystem::exists(plan_.file)) load();
    TrainResult result;
    result.resumed_at = step_;
    if (hooks_.on_epoch) std::for_each(epochs_.begin(), epochs_.end(), hooks_.on_epoch);
    saved_ = Clock::now();
    while (!finished()) {
      run_epoch();
    }
    if (!plan_.file.empty() && step_ != result.resumed_at) save();
    if (validation_) restore(best_);
    result.graph = module_.graph();
    result.best_epoch = validation_ ? best_epoch_ : static_cast<int64_t>(epochs_.size());
    result.epochs = std::move(epochs_);
    return result;
  }

 private:
  static size_t elements(const std::vector<Parameter>& parameters) {
    size_t sum = 0;
    for (const Parameter& parameter : parameters) sum += static_cast<size_t>(parameter.value.numel());
    return sum;
  }

  compress::Metric metric() const { return metric_of(options_.loss, validation_samples_); }
  int64_t total_steps() const { return options_.epochs * steps_per_epoch_; }
  bool finished() const {
    const bool stopped =
        options_.patience > 0 && static_cast<int64_t>(epochs_.size()) >= best_epoch_ + options_.patience;
    const bool paused = plan_.pause_after > 0 && step_ >= plan_.pause_after * steps_per_epoch_;
    return step_ >= total_steps() || stopped || paused;
  }

  // Is the model of this epoch such as the end of the training should give?
  bool settled(int64_t epoch) const { return epoch > 0 && (!pruner_ || pruner_->finished(epoch * steps_per_epoch_)); }

  // From step_, which may stand in the middle of the epoch, to its end.
  void run_epoch() {
    const int64_t epoch = step_ / steps_per_epoch_;
    const auto e = static_cast<uint64_t>(epoch);
    const std::vector<int64_t> order = Random({options_.seed, e}).permutation(training_.count());
    double rate = 0;
    while (step_ < (epoch + 1) * steps_per_epoch_) {
      const int64_t first = step_ % steps_per_epoch_ * options_.batch_size;
      const bool last = step_ + 1 == (epoch + 1) * steps_per_epoch_;
      const int64_t end = last ? training_.count() : first + options_.batch_size;
      rate = learning_rate(options_.schedule, static_cast<double>(step_) / static_cast<double>(steps_per_epoch_),
                           static_cast<double>(options_.epochs));
      run_step({order.begin() + first, order.begin() + end},
               Random({options_.seed, e, static_cast<uint64_t>(first) + 1}), rate);
      ++step_;
      if (step_ < (epoch + 1) * steps_per_epoch_) save_now_and_then();
      if (hooks_.on_step) hooks_.on_step(step_, total_steps());
    }
    end_epoch(epoch, rate);
    save_now_and_then();
  }

  void run_step(const std::vector<int64_t>& rows, Random random, double rate) {
    const Batch batch = training_.augmented(rows, random);
    const at::Tensor loss = loss_of(module_.forward(batch.inputs, true)[0], batch, options_);
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw Error(ErrorCode::gate_failed, fmt::format("the loss is no number any more after {} steps", step_), "",
                  "a lower learning_rate, a warm-up, or clip_norm = 1");
    }
    loss_ += value;
    for (const Parameter& parameter : module_.parameters()) parameter.value.mutable_grad().reset();
    loss.backward();
    const std::vector<Slot> slots = slots_of(module_.parameters());
    if (options_.clip_norm > 0) clip_gradients(slots, options_.clip_norm);
    if (pruner_) pruner_->before_step();
    optimizer_.step(slots, rate);
    if (pruner_) pruner_->after_step(step_ + 1);
  }

  void end_epoch(int64_t epoch, double rate) {
    Epoch report{epoch + 1, rate, loss_ / static_cast<double>(steps_per_epoch_)};
    loss_ = 0;
    if (quantization_) quantization_->end_epoch(2 * (epoch + 1) <= options_.epochs);
    if (validation_) validate(report);
    if (validation_ && (!settled(best_epoch_) || report.validation_loss < best_loss_)) {
      best_loss_ = report.validation_loss;
      best_epoch_ = report.number;
      best_ = current();
    }
    epochs_.push_back(report);
    if (hooks_.on_epoch) hooks_.on_epoch(report);
  }

  void validate(Epoch& report) {
    const at::NoGradGuard guard;
    LossSum sum;
    std::vector<float> outputs;
    for (int64_t first = 0; first < validation_->count(); first += kValidationBatch) {
      std::vector<int64_t> rows(static_cast<size_t>(std::min(kValidationBatch, validation_->count() - first)));
      std::iota(rows.begin(), rows.end(), first);
      const Batch batch = validation_->rows(rows);
      const Tensors results = module_.forward(batch.inputs, false);
      const LossSum part = loss_sum(results[0], batch.targets, options_);
      at::Tensor y = results.back();
      sum.loss += part.loss, sum.weight += part.weight;
      if (options_.loss == Loss::cross_entropy && outputs_ == 1 && !quantization_) y = at::sigmoid(y);
      y = y.contiguous();
      outputs.insert(outputs.end(), numbers(y).begin(), numbers(y).end());
    }
    report.validation_loss = sum.mean();
    report.validation_metric = compress::metric_value(metric(), validation_samples_, outputs);
  }

  // Parameters, then statistics.
  std::vector<std::pair<std::string, at::Tensor>> tensors() {
    std::vector<std::pair<std::string, at::Tensor>> all;
    for (const auto* list : {&module_.parameters(), &module_.statistics()}) {
      for (const Parameter& each : *list) all.emplace_back(fmt::format("{}/{}", all.size(), each.name), each.value);
    }
    return all;
  }

  std::vector<std::vector<float>> current() {
    std::vector<std::vector<float>> values;
    for (const auto& [name, tensor] : tensors()) values.emplace_back(numbers(tensor).begin(), numbers(tensor).end());
    return values;
  }

  void restore(const std::vector<std::vector<float>>& values) {
    size_t i = 0;
    for (const auto& [name, tensor] : tensors())
      std::copy(values.at(i).begin(), values.at(i).end(), numbers(tensor).begin()), ++i;
    if (quantization_) quantization_->restored();
  }

  void save_now_and_then() {
    const Clock::time_point begin = Clock::now();
    const auto since = [](Clock::time_point time) {
      return std::chrono::duration<double>(Clock::now() - time).count();
    };
    const double wait = plan_.every_seconds > 0 ? std::max(plan_.every_seconds, 20 * saving_seconds_) : 0;
    if (plan_.file.empty() || since(saved_) < wait) return;
    save();
    saving_seconds_ = since(begin);
    saved_ = Clock::now();
  }

  void save() {
    Checkpoint checkpoint;
    Json epochs = Json::array();
    for (const Epoch& epoch : epochs_) epochs.push_back(to_json(epoch));
    checkpoint.state = {
        {"of", fingerprint_},         {"step", step_},           {"loss", loss_},
        {"best_epoch", best_epoch_},  {"best_loss", best_loss_}, {"optimizer_steps", optimizer_.state().steps},
        {"epochs", std::move(epochs)}};
    const std::vector<std::vector<float>> values = current();
    size_t i = 0;
    for (const auto& [name, tensor] : tensors()) {
      checkpoint.arrays.emplace_back(name, values[i]);
      if (!best_.empty()) checkpoint.arrays.emplace_back("best/" + name, best_[i]);
      ++i;
    }
    checkpoint.arrays.emplace_back("optimizer/first", optimizer_.state().first);
    checkpoint.arrays.emplace_back("optimizer/second", optimizer_.state().second);
    write_checkpoint(checkpoint, plan_.file);
  }

  void load() {
    const Checkpoint checkpoint = read_checkpoint(plan_.file);
    try {
      take(checkpoint);
    } catch (const Error& error) {
      throw error.at(plan_.file);
    } catch (const nlohmann::json::exception& error) {
      throw Error(ErrorCode::bad_input, fmt::format("the checkpoint is damaged: {}", error.what()), plan_.file,
                  "start again without --resume");
    }
  }

  void take(const Checkpoint& checkpoint) {
    const Json& state = checkpoint.state;
    if (const Json& of = state.at("of"); of != fingerprint_) {
      throw Error(ErrorCode::bad_input,
                  of.is_object() ? "it was begun otherwise: " + differences(of, fingerprint_)
                                 : std::string("it was begun by another version of whit"),
                  "", "as it was begun, or start again without --resume");
    }
    step_ = state.at("step").get<int64_t>();
    loss_ = state.at("loss").get<double>();
    best_epoch_ = state.at("best_epoch").get<int64_t>();
    best_loss_ = state.at("best_loss").get<double>();
    for (const Json& epoch : state.at("epochs")) epochs_.push_back(epoch_from(epoch));
    std::vector<std::vector<float>> values;
    for (const auto& [name, tensor] : tensors()) {
      const auto size = static_cast<size_t>(tensor.numel());
      values.push_back(checkpoint.array(name, size));
      if (best_epoch_ > 0) best_.push_back(checkpoint.array("best/" + name, size));
    }
    restore(values);
    Optimizer::State& optimizer = optimizer_.state();
    optimizer.steps = state.at("optimizer_steps").get<int64_t>();
    optimizer.first = checkpoint.array("optimizer/first", optimizer.first.size());
    optimizer.second = checkpoint.array("optimizer/second", optimizer.second.size());
  }

  const TrainOptions& options_;
  const CheckpointPlan& plan_;
  const TrainHooks& hooks_;
  const data::Samples& validation_samples_;
  std::shared_ptr<Quantization> quantization_;
  Module module_;
  int64_t outputs_;
  Batches training_;
  std::optional<Batches> validation_;
  std::optional<Pruner> pruner_;
  Optimizer optimizer_;
  Json fingerprint_;
  int64_t steps_per_epoch_ = 0;
  Clock::time_point saved_;  // the last checkpoint, or the begin
  double saving_seconds_ = 0.0;

  // What a checkpoint holds besides parameters and optimizer.
  int64_t step_ = 0;
  double loss_ = 0.0;  // sum over the steps of the epoch so far
  int64_t best_epoch_ = 0;
  double best_loss_ = 0.0;
  std::vector<std::vector<float>> best_;
  std::vector<Epoch> epochs_;
};

}  // namespace

const char* metric_name(Loss loss, const data::Samples& samples) { return compress::name_of(metric_of(loss, samples)); }

TrainResult train(const Model& model, const data::Samples& training, const data::Samples& validation,
                  const TrainOptions& options, const CheckpointPlan& checkpoint, const TrainHooks& hooks) {
  if (options.patience > 0 && validation.count() == 0) {
    throw Error(ErrorCode::usage, "stopping early needs validation samples", "",
                "a share of the samples for validation in [data.split]");
  }
  return Training(model, training, validation, options, checkpoint, hooks).run();
}

}  // namespace whit::learn
