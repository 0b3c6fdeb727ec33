// What rules an option out before anything is weighed: rules that the scenario sets, and physics.
#include <fmt/format.h>

#include "whit/base/units.hpp"
#include "whit/decide/decision.hpp"
#include "whit/decide/words.hpp"

namespace whit::decide {
namespace {

// " (task.deadline_ms, line 7)": what the scenario sets, and where; of a device's figure its profile may be that.
std::string set_by(const Scenario& scenario, const std::string& key) {
  const auto at = scenario.lines.find(key);
  if (at != scenario.lines.end()) return fmt::format(" ({}, line {})", key, at->second);
  if (key.starts_with("device.") && key != "device.profile") return set_by(scenario, "device.profile");
  return fmt::format(" ({})", key);
}

// True when the device's own answer may stand for every input that the cloud does not reach.
bool answers_without_link(const Scenario& scenario, Option option) {
  if (option == Option::edge) return true;
  if (option == Option::cloud) return false;
  return scenario.hybrid->escalated == 0 || scenario.hybrid->deeper ||
         scenario.first_stage().accuracy >= scenario.accuracy_min;
}

void add_rules(const Scenario& scenario, Option option, const Effect& effect, std::vector<std::string>& against) {
  if (scenario.must_work_offline && !answers_without_link(scenario, option)) {
    against.push_back(
        option == Option::cloud
            ? "it must work offline" + set_by(scenario, "constraints.must_work_offline")
            : fmt::format("it must work offline, and the device alone reaches an accuracy of {} of the {} "
                          "needed{}",
                          number(scenario.first_stage().accuracy), number(scenario.accuracy_min),
                          set_by(scenario, "constraints.must_work_offline")));
  }
  if (!scenario.data_may_leave && effect.exposed_bytes > 0) {
    against.push_back(fmt::format("data may not leave the device, and {} a day would{}", bytes(effect.exposed_bytes),
                                  set_by(scenario, "constraints.data_may_leave")));
  }
  if (effect.accuracy < scenario.accuracy_min) {
    against.push_back(fmt::format("its accuracy of {} is below the {} needed{}", number(effect.accuracy),
                                  number(scenario.accuracy_min), set_by(scenario, "task.accuracy_min")));
  }
}

void add_safety(const Scenario& scenario, Option option, const Effect& effect, std::vector<std::string>& against) {
  if (scenario.criticality != Criticality::safety) return;
  const bool deeper = scenario.hybrid && scenario.hybrid->deeper;
  // The high end of an estimate: what may come too late is not safe.
  const double answer_ms = (deeper ? effect.first_answer_ms : effect.last_answer_ms) + effect.doubt_ms;
  if (answer_ms > scenario.deadline_ms) {
    against.push_back(fmt::format("a safety deadline of {} ms, and the answer takes {}{} ms{}",
                                  number(scenario.deadline_ms), effect.doubt_ms > 0 ? "up to " : "", number(answer_ms),
                                  set_by(scenario, "task.deadline_ms")));
  }
  const double tolerated = tolerated_misses(scenario.criticality);
  const bool asks_for_first_answers = option == Option::cloud || (option == Option::hybrid && !deeper);
  if (asks_for_first_answers && effect.missed_share > tolerated) {
    against.push_back(fmt::format("safety tolerates {} missed answers in a million, and the link misses {}{}",
                                  number(tolerated * 1e6), number(effect.missed_share * 1e6),
                                  set_by(scenario, "task.criticality")));
  }
}

void add_physics(const Scenario& scenario, const Effect& effect, std::vector<std::string>& against) {
  if (effect.flash_share > 1) {
    against.push_back(fmt::format("the model takes {} of flash and {} has {} free for it{}",
                                  text_of_bytes(effect.flash_share * scenario.device.flash_bytes), scenario.device.name,
                                  text_of_bytes(scenario.device.flash_bytes), set_by(scenario, "device.flash_bytes")));
  }
  if (effect.ram_share > 1) {
    against.push_back(fmt::format("the model takes {} of RAM and {} has {} free for it{}",
                                  text_of_bytes(effect.ram_share * scenario.device.ram_bytes), scenario.device.name,
                                  text_of_bytes(scenario.device.ram_bytes), set_by(scenario, "device.ram_bytes")));
  }
  if (effect.busy_share > 1) {
    against.push_back(fmt::format("inference would keep the device busy for {} times the time there is{}",
                                  number(effect.busy_share), set_by(scenario, "data.inferences_per_day")));
  }
  if (effect.link_share > 1) {
    against.push_back(fmt::format("the link carries {} kbit/s and the data are {} times that{}",
                                  number(scenario.link.throughput_kbps), number(effect.link_share),
                                  set_by(scenario, "link.throughput_kbps")));
  }
}

}  // namespace

std::vector<std::string> constraints_against(const Scenario& scenario, Option option, const Effect& effect) {
  std::vector<std::string> against;
  add_rules(scenario, option, effect, against);
  add_safety(scenario, option, effect, against);
  add_physics(scenario, effect, against);
  return against;
}

}  // namespace whit::decide
