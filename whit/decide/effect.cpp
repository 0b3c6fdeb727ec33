#include "whit/decide/effect.hpp"

#include <algorithm>
#include <cmath>

namespace whit::decide {
namespace {

constexpr double kMsPerDay = 86'400e3;
constexpr double kSecondsPerDay = 86'400;
constexpr double kBytesPerMb = 1e6;
constexpr double kMjPerWh = 3.6e6;

// kbit/s are bits a millisecond.
double transfer_ms(const Scenario& scenario, double bytes) { return bytes * 8 / scenario.link.throughput_kbps; }

double cloud_usd(const Scenario& scenario, double inference_ms, double usd_per_1000) {
  return usd_per_1000 / 1000 + inference_ms / 3.6e6 * scenario.cloud.usd_per_hour / kCloudUtilisation;
}

// A link is down for 1 - availability of the time, in outages whose length is exponential with mean outage_s. An answer
// is missed when the outage lasts longer than the deadline leaves.
double missed(const Scenario& scenario, double deadline_ms) {
  return (1 - scenario.link.availability) * std::exp(-deadline_ms / (1000 * scenario.link.outage_s));
}

void put_on_device(const Scenario& scenario, const DeviceModel& model, Effect& effect) {
  effect.flash_share = model.flash_bytes / scenario.device.flash_bytes;
  effect.ram_share = model.ram_bytes / scenario.device.ram_bytes;
  effect.busy_share = scenario.data.inferences_per_day * model.latency_ms / kMsPerDay;
  effect.energy_mj += scenario.data.inferences_per_day * model.energy_mj;
  effect.bytes_down = model.flash_bytes * scenario.fleet.updates_per_year / kDaysPerYear;
  effect.first_answer_ms = effect.last_answer_ms = model.latency_ms;
  effect.doubt_ms = model.latency_ms * (model.latency_high - 1);
  effect.accuracy = model.accuracy;
}

void run_in_cloud(const Scenario& scenario, Effect& effect) {
  const double daily = scenario.data.inferences_per_day;
  effect.first_answer_ms = effect.last_answer_ms =
      scenario.link.rtt_p99_ms + transfer_ms(scenario, scenario.data.bytes) + scenario.cloud.inference_ms;
  const Deeper* deeper = scenario.hybrid && scenario.hybrid->deeper ? &*scenario.hybrid->deeper : nullptr;
  if (deeper != nullptr) {
    effect.last_answer_ms += deeper->inference_ms;
    effect.cloud_usd +=
        daily * scenario.hybrid->escalated * cloud_usd(scenario, deeper->inference_ms, deeper->usd_per_1000);
  }
  effect.asked_share = 1;
  effect.missed_share = missed(scenario, scenario.deadline_ms);
  effect.bytes_up = effect.exposed_bytes = daily * scenario.data.bytes;
  effect.messages = daily;
  effect.cloud_usd += daily * cloud_usd(scenario, scenario.cloud.inference_ms, scenario.cloud.usd_per_1000);
  effect.accuracy = scenario.cloud.accuracy;
}

void escalate(const Scenario& scenario, const Hybrid& hybrid, Effect& effect) {
  const double daily = scenario.data.inferences_per_day * hybrid.escalated;
  const double inference_ms = hybrid.deeper ? hybrid.deeper->inference_ms : scenario.cloud.inference_ms;
  const double usd_per_1000 = hybrid.deeper ? hybrid.deeper->usd_per_1000 : scenario.cloud.usd_per_1000;
  if (hybrid.escalated > 0) {
    effect.last_answer_ms =
        effect.first_answer_ms + scenario.link.rtt_p99_ms + transfer_ms(scenario, hybrid.bytes) + inference_ms;
  }
  effect.asked_share = hybrid.escalated;
  effect.missed_share =
      hybrid.escalated * missed(scenario, hybrid.deeper ? hybrid.deeper->deadline_ms : scenario.deadline_ms);
  effect.exposed_bytes = daily * hybrid.bytes;
  effect.bytes_up = effect.exposed_bytes + hybrid.summary_bytes_per_day;
  effect.messages = daily + (hybrid.summary_bytes_per_day > 0 ? 1 : 0);
  effect.cloud_usd = daily * cloud_usd(scenario, inference_ms, usd_per_1000);
  effect.accuracy = hybrid.accuracy;
}

// A device alone has only its own examples; the cloud those of the fleet, and with a first stage before it only those
// that this one recognises.
double learning_years(const Scenario& scenario, Option option) {
  if (!scenario.fleet.learning) return 0;
  const Learning& learning = *scenario.fleet.learning;
  const double alone = learning.examples_needed / learning.examples_per_device_year;
  if (option == Option::edge) return alone;
  const double pooled = alone / scenario.fleet.devices;
  if (option == Option::cloud) return pooled;
  // Recognised 0 times, never: a number that stands for it and is no infinity.
  return pooled / std::max(scenario.first_stage().accuracy, 1e-9);
}

}  // namespace

const char* name_of(Option option) {
  constexpr const char* kNames[] = {"edge", "cloud", "hybrid"};
  return kNames[static_cast<size_t>(option)];
}

double tolerated_misses(Criticality criticality) {
  constexpr double kMisses[] = {1e-2, 1e-3, 1e-4};
  return kMisses[static_cast<size_t>(criticality)];
}

Effect effect_of(const Scenario& scenario, Option option) {
  Effect effect;
  if (option != Option::cloud) {
    put_on_device(scenario, option == Option::edge ? scenario.edge.model : scenario.first_stage(), effect);
  }
  if (option == Option::cloud) run_in_cloud(scenario, effect);
  if (option == Option::hybrid) escalate(scenario, *scenario.hybrid, effect);
  effect.link_share = transfer_ms(scenario, effect.bytes_up) / kMsPerDay;
  effect.energy_mj += scenario.power.idle_mw * kSecondsPerDay +
                      (effect.bytes_up + effect.bytes_down) / kBytesPerMb * scenario.link.mj_per_mb +
                      effect.messages * scenario.link.mj_per_message;
  if (scenario.power.battery) {
    effect.battery_days = scenario.power.battery->wh * kMjPerWh / std::max(effect.energy_mj, 1e-9);
  }
  effect.learning_years = learning_years(scenario, option);
  return effect;
}

}  // namespace whit::decide
