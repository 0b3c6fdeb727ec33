#include "whit/learn/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace whit::learn {

Optimizer::Optimizer(const OptimizerOptions& options, size_t elements) : options_(options) {
  state_.first.assign(elements, 0.0f);
  if (options.kind != OptimizerKind::sgd) state_.second.assign(elements, 0.0f);
}

namespace {

void sgd(const Slot& slot, float* velocity, float rate, float momentum, float decay) {
  for (size_t i = 0; i < slot.values.size(); ++i) {
    velocity[i] = momentum * velocity[i] + slot.gradients[i] + decay * slot.values[i];
    slot.values[i] -= rate * velocity[i];
  }
}

struct Adam {
  float beta1, beta2, epsilon, rate, second_correction, gradient_decay, value_decay;
};

void adam(const Slot& slot, float* __restrict first, float* __restrict second, const Adam& a) {
  float* __restrict values = slot.values.data();
  const float* __restrict gradients = slot.gradients.data();
  for (size_t i = 0; i < slot.values.size(); ++i) {
    const float gradient = gradients[i] + a.gradient_decay * values[i];
    first[i] = a.beta1 * first[i] + (1.0f - a.beta1) * gradient;
    second[i] = a.beta2 * second[i] + (1.0f - a.beta2) * gradient * gradient;
    const float root = std::sqrt(second[i] * a.second_correction) + a.epsilon;
    values[i] = values[i] - a.value_decay * values[i] - a.rate * first[i] / root;
  }
}

}  // namespace

void Optimizer::step(std::span<const Slot> slots, double rate) {
  ++state_.steps;
  const auto steps = static_cast<double>(state_.steps);
  Adam a{};
  a.beta1 = static_cast<float>(options_.beta1);
  a.beta2 = static_cast<float>(options_.beta2);
  a.epsilon = static_cast<float>(options_.epsilon);
  a.rate = static_cast<float>(rate / (1.0 - std::pow(options_.beta1, steps)));
  a.second_correction = static_cast<float>(1.0 / (1.0 - std::pow(options_.beta2, steps)));
  size_t at = 0;
  for (const Slot& slot : slots) {
    const double decay = slot.decays ? options_.weight_decay : 0.0;
    if (options_.kind == OptimizerKind::sgd) {
      sgd(slot, state_.first.data() + at, static_cast<float>(rate), static_cast<float>(options_.momentum),
          static_cast<float>(decay));
    } else {
      const bool decoupled = options_.kind == OptimizerKind::adamw;
      a.gradient_decay = static_cast<float>(decoupled ? 0.0 : decay);
      a.value_decay = static_cast<float>(decoupled ? rate * decay : 0.0);
      adam(slot, state_.first.data() + at, state_.second.data() + at, a);
    }
    at += slot.values.size();
  }
}

double clip_gradients(std::span<const Slot> slots, double largest) {
  double sum = 0;
  for (const Slot& slot : slots) {
    for (const float gradient : slot.gradients) sum += double{gradient} * gradient;
  }
  const double norm = std::sqrt(sum);
  if (norm > largest) {
    const auto factor = static_cast<float>(largest / norm);
    for (const Slot& slot : slots) {
      for (float& gradient : slot.gradients) gradient *= factor;
    }
  }
  return norm;
}

double learning_rate(const Schedule& schedule, double epoch, double epochs) {
  if (epoch < schedule.warmup_epochs) return schedule.rate * epoch / schedule.warmup_epochs;
  switch (schedule.kind) {
    case ScheduleKind::constant:
      return schedule.rate;
    case ScheduleKind::cosine: {
      const double span = std::max(epochs - schedule.warmup_epochs, 1e-9);
      const double share = std::min((epoch - schedule.warmup_epochs) / span, 1.0);
      return schedule.rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
    }
    case ScheduleKind::step:
      return schedule.rate * std::pow(schedule.factor, std::floor(epoch / schedule.every));
  }
  return schedule.rate;
}

}  // namespace whit::learn
