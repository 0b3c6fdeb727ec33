#include <nlohmann/json.hpp>

#include "whit/decide/reason.hpp"
#include "whit/decide/report.hpp"

namespace whit::decide {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<Option>& verdict) { return verdict ? Json(name_of(*verdict)) : Json(nullptr); }

Json json_of(const Cost& cost, double devices) {
  return {{"development", cost.development}, {"updates", cost.updates},         {"devices", cost.device * devices},
          {"link", cost.link * devices},     {"energy", cost.energy * devices}, {"cloud", cost.cloud_of(devices)},
          {"total", cost.total(devices)}};
}

Json json_of_option(const Report& report, Option option) {
  const Effect& effect = of(report.decision.effects, option);
  const bool has_battery = report.scenario.power.battery.has_value();
  return {{"is_possible", report.decision.is_possible(option)},
          {"against", of(report.decision.against, option)},
          {"score", of(report.decision.totals, option)},
          {"first_answer_ms", effect.first_answer_ms},
          {"last_answer_ms", effect.last_answer_ms},
          {"missed_share", effect.missed_share},
          {"link_bytes_per_day_device", effect.bytes_up + effect.bytes_down},
          {"link_bytes_per_day_fleet", (effect.bytes_up + effect.bytes_down) * report.scenario.fleet.devices},
          {"messages_per_day_device", effect.messages},
          {"exposed_bytes_per_day_device", effect.exposed_bytes},
          {"energy_mj_per_day_device", effect.energy_mj},
          {"battery_days", has_battery ? Json(effect.battery_days) : Json(nullptr)},
          {"accuracy", effect.accuracy},
          {"cost_usd", json_of(of(report.decision.costs, option), report.scenario.fleet.devices)}};
}

Json json_of_factor(const Report& report, const FactorScores& factor) {
  Json scores;
  for (const Option option : described_options(report.scenario)) scores[name_of(option)] = of(factor.scores, option);
  Json best = Json::array();
  for (const Option option : best_of(factor, report.scenario.hybrid.has_value())) best.push_back(name_of(option));
  return {{"factor", name_of(factor.factor)},
          {"weight", factor.weight},
          {"scores", scores},
          {"for", best},
          {"why", reason_of(report.scenario, report.decision, factor.factor)}};
}

Json json_of_break_even(const Report& report) {
  Json pairs = Json::array();
  const std::vector<Option> options = described_options(report.scenario);
  for (size_t i = 0; i < options.size(); ++i) {
    for (size_t j = i + 1; j < options.size(); ++j) {
      Json crossings = Json::array();
      for (const Crossing& crossing :
           break_even(of(report.decision.costs, options[i]), of(report.decision.costs, options[j]))) {
        crossings.push_back(
            {{"devices", crossing.devices}, {"cheaper_above", name_of(options[crossing.first_is_cheaper ? i : j])}});
      }
      pairs.push_back({{"options", {name_of(options[i]), name_of(options[j])}}, {"crossings", crossings}});
    }
  }
  return pairs;
}

Json json_of(const std::optional<Flip>& flip) {
  if (!flip) return nullptr;
  return {{"value", flip->value}, {"verdict", json_of(flip->verdict)}};
}

}  // namespace

std::string to_json(const Report& report) {
  Json json{{"scenario", report.scenario.name},
            {"verdict", json_of(report.decision.verdict)},
            {"work", work_of(report.scenario, report.decision, *report.decision.verdict)}};
  if (!report.note.empty()) json["note"] = report.note;
  for (const Option option : described_options(report.scenario)) {
    json["options"][name_of(option)] = json_of_option(report, option);
  }
  json["factors"] = Json::array();
  for (const FactorScores& factor : report.decision.factors) json["factors"].push_back(json_of_factor(report, factor));
  json["break_even"] = json_of_break_even(report);
  json["flips"] = Json::array();
  for (const InputFlips& flips : report.flips) {
    json["flips"].push_back({{"input", flips.input},
                             {"value", flips.value},
                             {"searched", {flips.lowest, flips.highest}},
                             {"down", json_of(flips.down)},
                             {"up", json_of(flips.up)}});
  }
  json["switches"] = Json::array();
  for (const Switch& other : report.switches) {
    json["switches"].push_back({{"input", other.input}, {"value", other.value}, {"verdict", json_of(other.verdict)}});
  }
  return json.dump(2) + "\n";
}

}  // namespace whit::decide
