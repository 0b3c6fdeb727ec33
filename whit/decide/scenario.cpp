#include "whit/decide/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "whit/base/file.hpp"
#include "whit/device/profile.hpp"

namespace whit::decide {
namespace {

const std::vector<std::string> kCriticalities = {"comfort", "mission", "safety"};
const std::vector<std::string> kSensitivities = {"none", "anonymous", "personal", "regulated"};

size_t index_in(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

// The table "hybrid.model" below `root`; none when the file has no such table.
std::optional<TomlTable> find_table(const TomlTable& root, const std::string& path) {
  std::optional<TomlTable> table = root;
  std::istringstream parts(path);
  for (std::string part; table && std::getline(parts, part, '.');) table = table->find_table(part);
  return table;
}

// Marks every key of the format and refuses the rest first: a mistyped key is unknown before it is missing. Returns
// the lines of those that are there.
std::map<std::string, int> refuse_unknown_keys(const TomlTable& root) {
  std::vector<std::pair<std::string, std::string>> keys = {{"task", "name"},
                                                           {"task", "what"},
                                                           {"task", "criticality"},
                                                           {"constraints", "must_work_offline"},
                                                           {"data", "sensitivity"},
                                                           {"device", "name"},
                                                           {"device", "profile"},
                                                           {"hybrid.deeper", "what"},
                                                           {"constraints", "data_may_leave"}};
  for (const Input& input : inputs()) keys.emplace_back(input.table, input.key);
  std::map<std::string, int> lines;
  for (const auto& [path, key] : keys) {
    const auto table = find_table(root, path);
    if (table && table->has(key)) lines[path + "." + key] = table->line_of(key);
  }
  root.refuse_unknown_keys();
  return lines;
}

void read_names_and_switches(const TomlTable& root, Scenario& scenario) {
  const TomlTable task = root.table("task");
  scenario.name = task.text("name");
  scenario.what = task.text("what");
  scenario.criticality = static_cast<Criticality>(index_in(kCriticalities, task.choice("criticality", kCriticalities)));
  const TomlTable constraints = root.table("constraints");
  scenario.must_work_offline = constraints.boolean("must_work_offline");
  scenario.data_may_leave = constraints.boolean("data_may_leave");
  scenario.data.sensitivity =
      static_cast<Sensitivity>(index_in(kSensitivities, root.table("data").choice("sensitivity", kSensitivities)));
}

// The figures of a profile hold where the scenario gives none of its own.
void read_device(const TomlTable& root, Scenario& scenario) {
  const TomlTable table = root.table("device");
  auto& device = scenario.device;
  device.name = table.has("profile") ? "" : table.text("name");
  if (!table.has("profile")) return;
  const device::Profile profile = [&] {
    try {
      return device::find_profile(table.text("profile"));
    } catch (const Error& error) {
      throw table.error("profile", fmt::format("is \"{}\": {}", table.text("profile"), error.what()), error.hint());
    }
  }();
  if (profile.kind == device::Kind::cloud) {
    throw table.error("profile", fmt::format("is \"{}\", a cloud machine", profile.name),
                      "the device that stands where the data arise; the cloud has a table of its own");
  }
  for (const auto& [key, total] :
       {std::pair("flash_bytes", &profile.flash_bytes), std::pair("ram_bytes", &profile.ram_bytes)}) {
    const double free = table.number(key, {}, 0);
    if (total->is_given() && free > total->value) {
      throw table.error(key, fmt::format("is {}, and {} has {} in all", free, profile.name, total->value),
                        "what is free for the model; a board with more memory needs a profile of its own");
    }
  }
  device.profile = table.text("profile");
  device.name = table.text("name", profile.name);
  device.usd = profile.usd.value;
  device.flash_bytes = profile.flash_free_bytes.value;
  device.ram_bytes = profile.ram_free_bytes.value;
}

void read_optional_tables(const TomlTable& root, Scenario& scenario) {
  if (find_table(root, "fleet.learning")) scenario.fleet.learning.emplace();
  if (find_table(root, "power.battery")) scenario.power.battery.emplace();
  if (find_table(root, "hybrid")) scenario.hybrid.emplace();
  if (find_table(root, "hybrid.model")) scenario.hybrid->model.emplace();
  if (const auto deeper = find_table(root, "hybrid.deeper")) {
    scenario.hybrid->deeper.emplace().what = deeper->text("what");
  }
}

bool is_measured(const Input& input, EdgeCost edge_cost) {
  constexpr std::array<std::string_view, 4> kKeys = {"flash_bytes", "ram_bytes", "latency_ms", "energy_mj"};
  return edge_cost == EdgeCost::measured && std::string_view(input.table) == "edge" &&
         std::find(kKeys.begin(), kKeys.end(), input.key) != kKeys.end();
}

void read_numbers(const TomlTable& root, EdgeCost edge_cost, Scenario& scenario) {
  const bool has_profile = root.table("device").has("profile");
  for (const Input& input : inputs()) {
    double* value = input.find(scenario);
    if (value == nullptr) continue;
    const auto table = find_table(root, input.table);
    std::optional<double> fallback = input.fallback;
    if (has_profile && std::string_view(input.table) == "device") fallback = *value;
    if (is_measured(input, edge_cost)) fallback = input.range.lowest;
    if (fallback) {
      *value = table ? table->number(input.key, input.range, *fallback) : *fallback;
    } else {
      if (!table) root.table(input.table);  // says that it is missing
      *value = table->number(input.key, input.range);
    }
  }
}

void refuse_contradictions(const TomlTable& root, const Scenario& scenario) {
  if (scenario.fleet.devices != std::floor(scenario.fleet.devices)) {
    throw root.table("fleet").error("devices", fmt::format("is {}, not a whole number", scenario.fleet.devices));
  }
  if (std::all_of(scenario.weights.begin(), scenario.weights.end(), [](double weight) { return weight == 0; })) {
    throw root.error("weights", "are all 0", "let at least one factor count");
  }
  const TomlTable cloud = root.table("cloud");
  if (scenario.cloud.usd_per_1000 == 0 && scenario.cloud.usd_per_hour == 0) {
    throw cloud.error("usd_per_1000", "and usd_per_hour are both missing or 0", "give the price of an inference");
  }
  if (!scenario.hybrid) return;
  const TomlTable hybrid = root.table("hybrid");
  if (scenario.hybrid->escalated > 0 && scenario.hybrid->bytes == 0) {
    throw hybrid.error("bytes", "is 0, but hybrid.escalated says that inputs go to the cloud",
                       "give the bytes that each sends, or escalated = 0");
  }
  if (!scenario.hybrid->deeper) return;
  const TomlTable deeper = hybrid.table("deeper");
  if (scenario.hybrid->escalated == 0) {
    throw hybrid.error("escalated", "is 0, but [hybrid.deeper] says what the cloud does with such inputs",
                       "leave out [hybrid.deeper], or give the share of inputs that go there");
  }
  if (scenario.hybrid->deeper->deadline_ms < scenario.deadline_ms) {
    throw deeper.error("deadline_ms",
                       fmt::format("is {:g}, before the first answer is due (task.deadline_ms = {:g})",
                                   scenario.hybrid->deeper->deadline_ms, scenario.deadline_ms),
                       "the deeper answer comes after the first; leave out [hybrid.deeper] when it is the same answer");
  }
  if (scenario.hybrid->deeper->usd_per_1000 == 0 && scenario.cloud.usd_per_hour == 0) {
    throw deeper.error("usd_per_1000", "is missing or 0, and so is cloud.usd_per_hour",
                       "give the price of the deeper inference");
  }
}

}  // namespace

const char* name_of(Factor factor) {
  constexpr const char* kNames[] = {"latency",   "privacy", "bandwidth", "connectivity",
                                    "model_fit", "energy",  "learning",  "cost"};
  return kNames[static_cast<size_t>(factor)];
}
const char* name_of(Criticality criticality) { return kCriticalities[static_cast<size_t>(criticality)].c_str(); }
const char* name_of(Sensitivity sensitivity) { return kSensitivities[static_cast<size_t>(sensitivity)].c_str(); }

Scenario parse_scenario(std::string_view text, const std::string& file, EdgeCost edge_cost) {
  const TomlTable root = TomlTable::parse(text, file);
  Scenario scenario;
  scenario.lines = refuse_unknown_keys(root);
  read_names_and_switches(root, scenario);
  read_optional_tables(root, scenario);
  read_device(root, scenario);
  read_numbers(root, edge_cost, scenario);
  refuse_contradictions(root, scenario);
  return scenario;
}

Scenario read_scenario(const std::string& file, EdgeCost edge_cost) {
  const std::vector<uint8_t> bytes = read_file(file);
  return parse_scenario({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file, edge_cost);
}

}  // namespace whit::decide
