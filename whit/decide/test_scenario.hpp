// A scenario of round numbers, for tests that calculate by hand.
#pragma once

#include <string>

#include "whit/decide/scenario.hpp"

namespace whit::decide {

inline constexpr const char* kTestScenario = R"([task]
name = "test"
what = "something is told from something"
criticality = "comfort"
deadline_ms = 1000
accuracy_min = 0.8
[constraints]
must_work_offline = false
data_may_leave = true
[data]
bytes = 1000
inferences_per_day = 1000
sensitivity = "none"
[link]
rtt_p99_ms = 100
throughput_kbps = 80
availability = 0.99
outage_s = 100
usd_per_mb = 0.1
mj_per_mb = 1000
mj_per_message = 2
[fleet]
devices = 100
lifetime_years = 2
updates_per_year = 1
[power]
idle_mw = 1
usd_per_kwh = 0.36
[device]
name = "board"
usd = 10
flash_bytes = 100_000
ram_bytes = 50_000
[edge]
flash_bytes = 20_000
ram_bytes = 10_000
latency_ms = 50
energy_mj = 3
accuracy = 0.9
development_usd = 5000
usd_per_update = 500
[cloud]
device_usd = 4
accuracy = 0.95
inference_ms = 20
usd_per_1000 = 0.01
development_usd = 3000
usd_per_update = 100
[hybrid]
escalated = 0.1
bytes = 2000
accuracy = 0.92
)";

inline Scenario test_scenario() { return parse_scenario(kTestScenario, "test.toml"); }

// The text with `from`, which it has, replaced.
inline std::string test_scenario_with(const std::string& from, const std::string& to) {
  std::string text = kTestScenario;
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace whit::decide
