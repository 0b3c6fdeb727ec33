// A scenario: where a task's inference could run, as numbers. File format: docs/formats/scenario.md.
// For `whit decide`. Knows no model; computes nothing.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "whit/base/toml.hpp"

namespace whit::decide {

enum class Criticality { comfort, mission, safety };
enum class Sensitivity { none, anonymous, personal, regulated };

// What the decision weighs, in the order of the report.
enum class Factor { latency, privacy, bandwidth, connectivity, model_fit, energy, learning, cost };
inline constexpr std::array kFactors = {Factor::latency,   Factor::privacy, Factor::bandwidth, Factor::connectivity,
                                        Factor::model_fit, Factor::energy,  Factor::learning,  Factor::cost};
const char* name_of(Factor factor);  // "latency"
const char* name_of(Criticality criticality);
const char* name_of(Sensitivity sensitivity);

// A model on the device: what it takes of it, and how often it is right.
struct DeviceModel {
  double flash_bytes = 0;
  double ram_bytes = 0;
  double latency_ms = 0;    // of one inference, as is its energy
  double latency_high = 1;  // what an estimate's high end is of it; only `--model` gives one
  double energy_mj = 0;
  double accuracy = 0;
};

struct Learning {
  double examples_needed = 0;
  double examples_per_device_year = 0;
};

struct Battery {
  double wh = 0;
  double days = 0;  // wanted
  double usd_per_change = 0;
};

// The cloud's part when it does something else than the device, later: "root-cause analysis".
struct Deeper {
  std::string what;
  double deadline_ms = 0;
  double inference_ms = 0;
  double usd_per_1000 = 0;
};

struct Hybrid {
  double escalated = 0;  // share of the inputs that go on to the cloud
  double bytes = 0;      // that each of them sends
  double summary_bytes_per_day = 0;
  double accuracy = 0;               // of both together
  std::optional<DeviceModel> model;  // none: the one of `edge`
  std::optional<Deeper> deeper;      // none: the same task, for inputs that the device is unsure of
};

struct Scenario {
  std::string name;
  std::string what;

  double deadline_ms = 0;
  double accuracy_min = 0;
  Criticality criticality = Criticality::comfort;

  bool must_work_offline = false;
  bool data_may_leave = true;

  struct {
    double bytes = 0;  // of one inference's input, as they cross a link
    double inferences_per_day = 0;
    Sensitivity sensitivity = Sensitivity::none;
  } data;

  struct {
    double rtt_p99_ms = 0;
    double throughput_kbps = 0;
    double availability = 0;
    double outage_s = 0;  // how long one lasts
    double usd_per_mb = 0;
    double usd_per_month = 0;  // a device, as are the rest
    double module_usd = 0;
    double mj_per_mb = 0;
    double mj_per_message = 0;
  } link;

  struct {
    double devices = 0;
    double lifetime_years = 0;
    double updates_per_year = 0;
    std::optional<Learning> learning;
  } fleet;

  struct {
    double idle_mw = 0;  // sleep and sensing, which no option saves
    double usd_per_kwh = 0;
    std::optional<Battery> battery;  // none: mains
  } power;

  struct {
    std::string name;
    std::string profile;  // empty: the scenario gives all figures itself
    double usd = 0;
    double flash_bytes = 0;  // free for the model, as is the RAM
    double ram_bytes = 0;
  } device;

  struct {
    DeviceModel model;
    double development_usd = 0;
    double usd_per_update = 0;
  } edge;

  struct {
    double device_usd = 0;  // one that only senses and sends
    double accuracy = 0;
    double inference_ms = 0;
    double usd_per_1000 = 0;
    double usd_per_hour = 0;
    double floor_usd_per_month = 0;
    double development_usd = 0;
    double usd_per_update = 0;
  } cloud;

  std::optional<Hybrid> hybrid;

  std::array<double, kFactors.size()> weights = {1, 1, 1, 1, 1, 1, 1, 1};

  std::map<std::string, int> lines;  // of the file: where "task.deadline_ms" stands, if there

  // The model that sees every input when the work is shared; only with `hybrid`.
  const DeviceModel& first_stage() const { return hybrid->model ? *hybrid->model : edge.model; }
};

// One numeric input: where it stands in the file and in a Scenario, and what may stand there.
struct Input {
  const char* table;  // "hybrid.model"
  const char* key;
  double* (*find)(Scenario&);  // nullptr: its table is not in this scenario
  Range range;
  // A quantity below this is as good as none; the search for flips starts there when it is 0. 0: a share of 0..1.
  double smallest;
  std::optional<double> fallback;  // none: must be given

  bool is_share() const { return smallest == 0; }
  std::string name() const { return std::string(table) + "." + key; }
};
std::span<const Input> inputs();

// What `edge.model` takes of the device is `measured` elsewhere: the file may leave it out, and what it gives is not
// used.
enum class EdgeCost { in_file, measured };

// Error bad_input that names file, line and key for a missing, unknown, impossible or contradictory figure.
Scenario parse_scenario(std::string_view text, const std::string& file, EdgeCost edge_cost = EdgeCost::in_file);
Scenario read_scenario(const std::string& file, EdgeCost edge_cost = EdgeCost::in_file);

}  // namespace whit::decide
