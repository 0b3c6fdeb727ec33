#include "whit/learn/search/footprint.hpp"

#include <algorithm>
#include <limits>

#include "whit/device/fit_print.hpp"
#include "whit/device/subject.hpp"

namespace whit::learn {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

Footprint footprint(ir::Graph graph, const device::Profile& device, const device::Budgets& budgets, bool is_trained) {
  device::Subject subject;
  subject.file = graph.name;
  subject.graph = std::move(graph);
  if (!is_trained) subject.passes.skip.insert("fold_constant_channels");
  const device::Fit fit = device::fit(device::measure(subject, device, device::MeasurementCache()), device, budgets);
  Footprint result{fit.need.ram_bytes, fit.need.flash_bytes, std::nullopt, fit.fits(), device::violations(fit), 0};
  if (fit.need.time_unknown.empty()) result.latency_s = fit.need.latency_s.mid;
  for (const device::Check& check : fit.checks) {
    result.excess = std::max(result.excess, check.is_known ? check.need / check.budget : kInfinity);
  }
  return result;
}

Footprint nothing_to_prune() {
  Footprint none;
  none.violations = "layers of 1024 weights or more, to prune";
  none.excess = kInfinity;
  return none;
}

nlohmann::ordered_json to_json(const Footprint& footprint) {
  nlohmann::ordered_json json{{"fits", footprint.fits},
                              {"ram_bytes", footprint.ram_bytes},
                              {"flash_bytes", footprint.flash_bytes},
                              {"latency_s", nullptr}};
  if (footprint.latency_s) json["latency_s"] = *footprint.latency_s;
  if (footprint.fits) return json;
  json["violations"] = footprint.violations;
  json["excess"] = footprint.excess;  // null when infinite
  return json;
}

Footprint footprint_from(const nlohmann::ordered_json& json) {
  Footprint footprint;
  json.at("fits").get_to(footprint.fits);
  json.at("ram_bytes").get_to(footprint.ram_bytes);
  json.at("flash_bytes").get_to(footprint.flash_bytes);
  if (!json.at("latency_s").is_null()) footprint.latency_s = json["latency_s"].get<double>();
  if (footprint.fits) return footprint;
  json.at("violations").get_to(footprint.violations);
  footprint.excess = json.at("excess").is_null() ? kInfinity : json["excess"].get<double>();
  return footprint;
}

}  // namespace whit::learn
