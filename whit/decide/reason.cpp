#include "whit/decide/reason.hpp"

#include <fmt/format.h>

#include "whit/decide/words.hpp"

namespace whit::decide {
namespace {

std::string percent(double share) { return number(share * 100) + " %"; }

// "edge 12 ms, cloud 640 ms"
template <typename Say>
std::string list(const Scenario& scenario, const Decision& decision, const Say& say) {
  std::string text;
  for (const Option option : described_options(scenario)) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", name_of(option), say(option, of(decision.effects, option)));
  }
  return text;
}

std::string latency_reason(const Scenario& scenario, const Decision& decision) {
  const Deeper* deeper = scenario.hybrid && scenario.hybrid->deeper ? &*scenario.hybrid->deeper : nullptr;
  const std::string answers = list(scenario, decision, [&](Option option, const Effect& effect) {
    std::string first = duration(effect.first_answer_ms);
    if (deeper != nullptr) return fmt::format("{} and {}", first, duration(effect.last_answer_ms));
    if (option != Option::hybrid || effect.asked_share == 0) return first;
    return fmt::format("{}, {} for {} of inputs", first, duration(effect.last_answer_ms), percent(effect.asked_share));
  });
  if (deeper == nullptr) return fmt::format("deadline {}: {}", duration(scenario.deadline_ms), answers);
  return fmt::format("deadlines {} and, for {}, {}: {}", duration(scenario.deadline_ms), deeper->what,
                     duration(deeper->deadline_ms), answers);
}

std::string fit_reason(const Scenario& scenario, const Decision& decision) {
  return fmt::format("errors, {} tolerated, and share of flash and RAM: {}", percent(1 - scenario.accuracy_min),
                     list(scenario, decision, [](Option option, const Effect& effect) {
                       std::string error = percent(1 - effect.accuracy);
                       if (option == Option::cloud) return error;
                       return fmt::format("{} ({} and {})", error, percent(effect.flash_share),
                                          percent(effect.ram_share));
                     }));
}

}  // namespace

std::vector<Option> described_options(const Scenario& scenario) {
  if (scenario.hybrid) return {kOptions.begin(), kOptions.end()};
  return {Option::edge, Option::cloud};
}

std::string reason_of(const Scenario& scenario, const Decision& decision, Factor factor) {
  switch (factor) {
    case Factor::latency:
      return latency_reason(scenario, decision);
    case Factor::privacy:
      return fmt::format(
          "sensitivity {}; data that leave a day: {}", name_of(scenario.data.sensitivity),
          list(scenario, decision, [](Option, const Effect& effect) { return bytes(effect.exposed_bytes); }));
    case Factor::bandwidth:
      return fmt::format(
          "share of {} kbit/s in use, half is tolerated: {}", number(scenario.link.throughput_kbps),
          list(scenario, decision, [](Option, const Effect& effect) { return percent(effect.link_share); }));
    case Factor::connectivity:
      return fmt::format(
          "answers missed in a million, {} tolerated ({}): {}", number(1e6 * tolerated_misses(scenario.criticality)),
          name_of(scenario.criticality),
          list(scenario, decision, [](Option, const Effect& effect) { return number(1e6 * effect.missed_share); }));
    case Factor::model_fit:
      return fit_reason(scenario, decision);
    case Factor::energy:
      if (!scenario.power.battery) return "mains; the price of energy is in the cost";
      return fmt::format(
          "days on a battery, {} wanted: {}", number(scenario.power.battery->days),
          list(scenario, decision, [](Option, const Effect& effect) { return number(effect.battery_days); }));
    case Factor::learning:
      if (!scenario.fleet.learning) return "nothing is learnt in the field";
      return fmt::format(
          "years until {} examples are seen, of {} of service: {}", number(scenario.fleet.learning->examples_needed),
          number(scenario.fleet.lifetime_years),
          list(scenario, decision, [](Option, const Effect& effect) { return number(effect.learning_years); }));
    case Factor::cost:
      return fmt::format("{} devices for {} years: {}", number(scenario.fleet.devices),
                         number(scenario.fleet.lifetime_years),
                         list(scenario, decision, [&](Option option, const Effect&) {
                           return usd(of(decision.costs, option).total(scenario.fleet.devices));
                         }));
  }
  return "";
}

std::string work_of(const Scenario& scenario, const Decision& decision, Option option) {
  const Effect& effect = of(decision.effects, option);
  const double daily = scenario.data.inferences_per_day;
  std::string text;
  if (option == Option::cloud) {
    text = fmt::format("in the cloud: every input ({} a day and device), {} each", number(daily),
                       bytes(scenario.data.bytes));
  } else {
    text = fmt::format("on the device ({}): every input ({} a day)", scenario.device.name, number(daily));
  }
  if (option == Option::hybrid) {
    const Hybrid& hybrid = *scenario.hybrid;
    text += fmt::format("; in the cloud: {} of them ({} a day and device), {} each, for {}", percent(hybrid.escalated),
                        number(daily * hybrid.escalated), bytes(hybrid.bytes),
                        hybrid.deeper ? hybrid.deeper->what : "those that the device is unsure of");
    if (hybrid.summary_bytes_per_day > 0) {
      text += fmt::format(", and a summary of {} a day", bytes(hybrid.summary_bytes_per_day));
    }
  }
  return text + fmt::format("; across the link a day: {} a device, {} the fleet",
                            bytes(effect.bytes_up + effect.bytes_down),
                            bytes((effect.bytes_up + effect.bytes_down) * scenario.fleet.devices));
}

std::vector<std::string> break_even_sentences(const Scenario& scenario, const Decision& decision) {
  std::vector<std::string> sentences;
  const std::vector<Option> options = described_options(scenario);
  for (size_t i = 0; i < options.size(); ++i) {
    for (size_t j = i + 1; j < options.size(); ++j) {
      const Cost& first = of(decision.costs, options[i]);
      const Cost& second = of(decision.costs, options[j]);
      const std::vector<Crossing> crossings = break_even(first, second);
      const auto cheaper = [&](bool is_first) { return name_of(options[is_first ? i : j]); };
      const std::string pair = fmt::format("{} and {}: ", name_of(options[i]), name_of(options[j]));
      if (crossings.empty()) {
        sentences.push_back(
            pair + fmt::format("none, {} is cheaper at every fleet size", cheaper(first.total(1) <= second.total(1))));
        continue;
      }
      std::string text = pair + fmt::format("{} is cheaper below {} devices", cheaper(!crossings[0].first_is_cheaper),
                                            number(crossings[0].devices));
      for (const Crossing& crossing : crossings) {
        text += fmt::format(", {} above {}", cheaper(crossing.first_is_cheaper), number(crossing.devices));
      }
      sentences.push_back(text);
    }
  }
  return sentences;
}

}  // namespace whit::decide
