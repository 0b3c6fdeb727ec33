// Every number that a scenario may give, once: reading, the search for flips and the test of the documentation walk
// this list.
#include "whit/decide/scenario.hpp"

namespace whit::decide {
namespace {

// Nothing here is larger than 1e16, and sums of such numbers are finite.
constexpr Range kPositive = {1e-9, 1e16};
constexpr Range kAmount = {0, 1e16};
constexpr Range kFromOne = {1, 1e16};
constexpr Range kShare = {0, 1};

#define WHIT_PLAIN(member) [](Scenario& s) { return &s.member; }
#define WHIT_IN(optional, member) [](Scenario& s) { return s.optional ? &s.optional->member : nullptr; }
#define WHIT_BELOW_HYBRID(optional, member) \
  [](Scenario& s) { return s.hybrid && s.hybrid->optional ? &s.hybrid->optional->member : nullptr; }
#define WHIT_WEIGHT(factor) \
  { "weights", #factor, WHIT_PLAIN(weights[static_cast<size_t>(Factor::factor)]), kAmount, 0.01, 1 }

const Input kInputs[] = {
    {"task", "deadline_ms", WHIT_PLAIN(deadline_ms), kPositive, 0.001, {}},
    // 1 is not reached by anything that learns, and nothing would be tolerated.
    {"task", "accuracy_min", WHIT_PLAIN(accuracy_min), {0, 0.9999}, 0, {}},

    {"data", "bytes", WHIT_PLAIN(data.bytes), kFromOne, 1, {}},
    {"data", "inferences_per_day", WHIT_PLAIN(data.inferences_per_day), kPositive, 0.001, {}},

    {"link", "rtt_p99_ms", WHIT_PLAIN(link.rtt_p99_ms), kPositive, 0.1, {}},
    {"link", "throughput_kbps", WHIT_PLAIN(link.throughput_kbps), kPositive, 0.01, {}},
    {"link", "availability", WHIT_PLAIN(link.availability), kShare, 0, {}},
    {"link", "outage_s", WHIT_PLAIN(link.outage_s), kPositive, 0.1, {}},
    {"link", "usd_per_mb", WHIT_PLAIN(link.usd_per_mb), kAmount, 1e-6, {}},
    {"link", "usd_per_month", WHIT_PLAIN(link.usd_per_month), kAmount, 0.001, 0},
    {"link", "module_usd", WHIT_PLAIN(link.module_usd), kAmount, 0.01, 0},
    {"link", "mj_per_mb", WHIT_PLAIN(link.mj_per_mb), kAmount, 0.1, {}},
    {"link", "mj_per_message", WHIT_PLAIN(link.mj_per_message), kAmount, 0.001, {}},

    {"fleet", "devices", WHIT_PLAIN(fleet.devices), kFromOne, 1, {}},
    {"fleet", "lifetime_years", WHIT_PLAIN(fleet.lifetime_years), {0.01, 1000}, 0.01, {}},
    {"fleet", "updates_per_year", WHIT_PLAIN(fleet.updates_per_year), kAmount, 0.01, {}},
    {"fleet.learning", "examples_needed", WHIT_IN(fleet.learning, examples_needed), kPositive, 1, {}},
    {"fleet.learning",
     "examples_per_device_year",
     WHIT_IN(fleet.learning, examples_per_device_year),
     kPositive,
     0.001,
     {}},

    {"power", "idle_mw", WHIT_PLAIN(power.idle_mw), kAmount, 0.001, {}},
    {"power", "usd_per_kwh", WHIT_PLAIN(power.usd_per_kwh), kAmount, 0.001, {}},
    {"power.battery", "wh", WHIT_IN(power.battery, wh), kPositive, 0.001, {}},
    {"power.battery", "days", WHIT_IN(power.battery, days), kPositive, 0.01, {}},
    {"power.battery", "usd_per_change", WHIT_IN(power.battery, usd_per_change), kAmount, 0.01, {}},

    {"device", "usd", WHIT_PLAIN(device.usd), kAmount, 0.01, {}},
    {"device", "flash_bytes", WHIT_PLAIN(device.flash_bytes), kFromOne, 1, {}},
    {"device", "ram_bytes", WHIT_PLAIN(device.ram_bytes), kFromOne, 1, {}},

    {"edge", "flash_bytes", WHIT_PLAIN(edge.model.flash_bytes), kFromOne, 1, {}},
    {"edge", "ram_bytes", WHIT_PLAIN(edge.model.ram_bytes), kFromOne, 1, {}},
    {"edge", "latency_ms", WHIT_PLAIN(edge.model.latency_ms), kPositive, 0.001, {}},
    {"edge", "energy_mj", WHIT_PLAIN(edge.model.energy_mj), kAmount, 1e-6, {}},
    {"edge", "accuracy", WHIT_PLAIN(edge.model.accuracy), kShare, 0, {}},
    {"edge", "development_usd", WHIT_PLAIN(edge.development_usd), kAmount, 1, {}},
    {"edge", "usd_per_update", WHIT_PLAIN(edge.usd_per_update), kAmount, 1, {}},

    {"cloud", "device_usd", WHIT_PLAIN(cloud.device_usd), kAmount, 0.01, {}},
    {"cloud", "accuracy", WHIT_PLAIN(cloud.accuracy), kShare, 0, {}},
    {"cloud", "inference_ms", WHIT_PLAIN(cloud.inference_ms), kPositive, 0.01, {}},
    {"cloud", "usd_per_1000", WHIT_PLAIN(cloud.usd_per_1000), kAmount, 1e-6, 0},
    {"cloud", "usd_per_hour", WHIT_PLAIN(cloud.usd_per_hour), kAmount, 0.001, 0},
    {"cloud", "floor_usd_per_month", WHIT_PLAIN(cloud.floor_usd_per_month), kAmount, 0.01, 0},
    {"cloud", "development_usd", WHIT_PLAIN(cloud.development_usd), kAmount, 1, {}},
    {"cloud", "usd_per_update", WHIT_PLAIN(cloud.usd_per_update), kAmount, 1, {}},

    {"hybrid", "escalated", WHIT_IN(hybrid, escalated), kShare, 0, {}},
    {"hybrid", "bytes", WHIT_IN(hybrid, bytes), kAmount, 1, {}},
    {"hybrid", "summary_bytes_per_day", WHIT_IN(hybrid, summary_bytes_per_day), kAmount, 1, 0},
    {"hybrid", "accuracy", WHIT_IN(hybrid, accuracy), kShare, 0, {}},
    {"hybrid.model", "flash_bytes", WHIT_BELOW_HYBRID(model, flash_bytes), kFromOne, 1, {}},
    {"hybrid.model", "ram_bytes", WHIT_BELOW_HYBRID(model, ram_bytes), kFromOne, 1, {}},
    {"hybrid.model", "latency_ms", WHIT_BELOW_HYBRID(model, latency_ms), kPositive, 0.001, {}},
    {"hybrid.model", "energy_mj", WHIT_BELOW_HYBRID(model, energy_mj), kAmount, 1e-6, {}},
    {"hybrid.model", "accuracy", WHIT_BELOW_HYBRID(model, accuracy), kShare, 0, {}},
    {"hybrid.deeper", "deadline_ms", WHIT_BELOW_HYBRID(deeper, deadline_ms), kPositive, 0.001, {}},
    {"hybrid.deeper", "inference_ms", WHIT_BELOW_HYBRID(deeper, inference_ms), kPositive, 0.01, {}},
    {"hybrid.deeper", "usd_per_1000", WHIT_BELOW_HYBRID(deeper, usd_per_1000), kAmount, 1e-6, 0},

    WHIT_WEIGHT(latency),
    WHIT_WEIGHT(privacy),
    WHIT_WEIGHT(bandwidth),
    WHIT_WEIGHT(connectivity),
    WHIT_WEIGHT(model_fit),
    WHIT_WEIGHT(energy),
    WHIT_WEIGHT(learning),
    WHIT_WEIGHT(cost),
};

}  // namespace

std::span<const Input> inputs() { return kInputs; }

}  // namespace whit::decide
