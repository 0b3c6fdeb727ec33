#include "whit/device/fit_print.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "whit/base/units.hpp"
#include "whit/report/table.hpp"

namespace whit::device {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kLeftOut =
    "RAM and flash are the model's alone: drivers, RTOS and application are in what the profile leaves free. Battery "
    "life "
    "leaves out radio, sensors, the regulator and self-discharge.";

const char* name_of(Resource resource) {
  static constexpr const char* kNames[] = {"RAM", "flash", "latency", "energy", "period"};
  return kNames[static_cast<size_t>(resource)];
}

std::string text_of(Resource resource, double value) {
  switch (resource) {
    case Resource::ram:
    case Resource::flash:
      return text_of_bytes(value);
    case Resource::energy:
      return text_of_joules(value);
    default:
      return text_of_seconds(value);
  }
}

std::string range_of(const Estimate& estimate, std::string (*text)(double)) {
  if (estimate.low == estimate.high) return "estimated";
  return fmt::format("estimated, {} to {}", text(estimate.low), text(estimate.high));
}

std::string verdict(const Check& check) {
  if (!check.is_known) return "unknown";
  return fmt::format("{}{}", check.fits() ? "yes" : "NO", check.is_uncertain ? ", unsure" : "");
}

// Of the whole: what is known not to fit outweighs what is unknown.
std::string verdict(const Fit& fit) {
  if (!fit.is_known()) return "unknown";
  return fit.fits() ? verdict(fit.tightest()) : "NO";
}

std::string text_of_time(const Need& need, const std::string& text) {
  return need.time_unknown.empty() ? text : "unknown";
}

// budget, margin, fits
void append_check(std::vector<std::string>& row, const Fit& fit, Resource resource) {
  const Check* check = fit.find(resource);
  if (check == nullptr) {
    row.insert(row.end(), {"", "", ""});
    return;
  }
  row.push_back(text_of(resource, check->budget));
  row.push_back(!check->is_known ? ""
                                 : fmt::format("{} ({:.0f} %)", text_of(resource, check->margin()),
                                               100 * check->margin() / check->budget));
  row.push_back(verdict(*check));
}

report::Table table_of(const FitReport& report) {
  const Need& need = report.fit.need;
  const Measured& m = report.measured;
  report::Table table;
  table.columns = {{""}, {"needs", true}, {"of which"}, {"budget", true}, {"margin", true}, {"fits"}};
  const auto add = [&](Resource resource, double value, const std::string& detail) {
    std::vector<std::string> row = {name_of(resource), text_of(resource, value), detail};
    append_check(row, report.fit, resource);
    table.rows.push_back(std::move(row));
  };
  add(Resource::ram, need.ram_bytes,
      fmt::format("arena {}, stack {}{}", text_of_bytes(m.arena_bytes), text_of_bytes(m.stack_bytes),
                  report.profile.code_in == CodeIn::ram ? ", code and weights" : ""));
  add(Resource::flash, need.flash_bytes,
      fmt::format("weights {}, code {}", text_of_bytes(m.weights_bytes), text_of_bytes(m.code_bytes)));
  const bool is_known = need.time_unknown.empty();
  const auto add_time = [&](Resource resource, const Estimate& value, const std::string& detail) {
    add(resource, value.mid, is_known ? detail : need.time_unknown);
    if (!is_known) table.rows.back()[1] = "unknown";
  };
  add_time(Resource::latency, need.latency_s, range_of(need.latency_s, text_of_seconds));
  add_time(Resource::energy, need.energy_j, range_of(need.energy_j, text_of_joules));
  if (report.fit.find(Resource::period) != nullptr) {
    add_time(Resource::period, need.latency_s, "an inference each period");
  }
  if (need.average_power_w) {
    table.rows.push_back({"power", text_of_watts(need.average_power_w->mid),
                          range_of(*need.average_power_w, text_of_watts), "", "", ""});
  }
  if (need.battery_life_s) {
    table.rows.push_back({"battery life", text_of_seconds(need.battery_life_s->mid),
                          range_of(*need.battery_life_s, text_of_seconds), "", "", ""});
  }
  return table;
}

report::Table advice_table(const FitReport& report) {
  report::Table table;
  table.columns = {{"change"},       {"RAM", true}, {"flash", true}, {"latency", true},
                   {"energy", true}, {"then fits"}, {"how"}};
  for (const Advice& advice : report.advice) {
    const std::string note = advice.note.empty() ? "" : fmt::format(" ({})", advice.note);
    if (!advice.fit) {
      table.rows.push_back({advice.change, "", "", "", "", "-", advice.how + note});
      continue;
    }
    const Need& need = advice.fit->need;
    const char* about = advice.is_predicted ? "~" : "";
    table.rows.push_back({advice.change, about + text_of_bytes(need.ram_bytes), about + text_of_bytes(need.flash_bytes),
                          text_of_time(need, text_of_seconds(need.latency_s.mid)),
                          text_of_time(need, text_of_joules(need.energy_j.mid)), verdict(*advice.fit),
                          advice.how + note});
  }
  return table;
}

report::Table devices_table(const DevicesReport& report) {
  report::Table table;
  table.columns = {{"device"},          {"core"},
                   {"MHz", true},       {"RAM", true},
                   {"flash", true},     {"estimated latency", true},
                   {"range"},           {"estimated energy", true},
                   {"tightest margin"}, {"fits"},
                   {"USD", true}};
  const bool battery = std::any_of(report.devices.begin(), report.devices.end(),
                                   [](const DeviceFit& d) { return d.fit && d.fit->need.battery_life_s; });
  if (battery) table.columns.insert(table.columns.begin() + 8, {"battery life", true});
  for (const DeviceFit& device : report.devices) {
    const Profile& p = *device.profile;
    const std::string price = p.usd.is_given() ? fmt::format("{:.2f}", p.usd.value) : "";
    std::vector<std::string> row = {p.name, p.core, fmt::format("{:.0f}", p.clock_hz.value / 1e6)};
    if (!device.fit) {
      row.insert(row.end(), table.columns.size() - row.size() - 3, "");
      row.insert(row.end(), {device.failure, "NO", price});
      table.rows.push_back(std::move(row));
      continue;
    }
    const Need& need = device.fit->need;
    const Check& tightest = device.fit->tightest();
    const Estimate& latency = need.latency_s;
    row.insert(row.end(), {text_of_bytes(need.ram_bytes), text_of_bytes(need.flash_bytes),
                           text_of_time(need, text_of_seconds(latency.mid)),
                           latency.low == latency.high
                               ? ""
                               : fmt::format("{} to {}", text_of_seconds(latency.low), text_of_seconds(latency.high)),
                           text_of_time(need, text_of_joules(need.energy_j.mid))});
    if (battery) row.push_back(need.battery_life_s ? text_of_seconds(need.battery_life_s->mid) : "");
    row.insert(row.end(),
               {fmt::format("{} {:.0f} %", name_of(tightest.resource), 100 * tightest.margin() / tightest.budget),
                verdict(*device.fit), price});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string devices_notes(const DevicesReport& report) {
  std::string text = "- latency, energy and battery life are estimated, not measured on the devices (docs/cycles.md)\n";
  std::vector<std::pair<std::string, std::string>> devices_by_note;
  for (const DeviceFit& device : report.devices) {
    for (const std::string& note : device.notes) {
      const auto same =
          std::find_if(devices_by_note.begin(), devices_by_note.end(), [&](const auto& d) { return d.first == note; });
      if (same != devices_by_note.end()) {
        same->second += ", " + device.profile->name;
      } else {
        devices_by_note.emplace_back(note, device.profile->name);
      }
    }
  }
  for (const auto& entry : devices_by_note) text += fmt::format("- {}: {}\n", entry.second, entry.first);
  return text + "- " + kLeftOut + "\n";
}

std::string devices_headline(const DevicesReport& report) {
  const auto fitting =
      std::count_if(report.devices.begin(), report.devices.end(), [](const auto& d) { return d.fit && d.fit->fits(); });
  return fmt::format("{} fits {} of {} devices", report.model, fitting, report.devices.size());
}

std::string headline(const FitReport& report) {
  return fmt::format("{} on {} ({}, {:.0f} MHz, {})", report.model, report.profile.title, report.profile.core,
                     report.profile.clock_hz.value / 1e6, report.profile.name);
}

std::string conclusion(const FitReport& report) {
  if (report.fit.fits()) return "It fits.";
  return fmt::format("{}: {}.", report.fit.is_known() ? "It does not fit" : "It is unknown whether it fits",
                     violations(report.fit));
}

Json json_of(const Estimate& estimate) {
  return {{"estimated", estimate.mid}, {"low", estimate.low}, {"high", estimate.high}};
}

Json json_of(const Fit& fit) {
  const auto time = [&](const Estimate& estimate) {
    return fit.need.time_unknown.empty() ? json_of(estimate) : Json(nullptr);
  };
  Json json{{"fits", fit.is_known() ? Json(fit.fits()) : Json(nullptr)},
            {"ram_bytes", std::llround(fit.need.ram_bytes)},
            {"flash_bytes", std::llround(fit.need.flash_bytes)},
            {"core_cycles", time(fit.need.core_cycles)},
            {"stall_cycles", time(fit.need.stall_cycles)},
            {"latency_s", time(fit.need.latency_s)},
            {"energy_j", time(fit.need.energy_j)}};
  if (!fit.need.time_unknown.empty()) json["time_unknown"] = fit.need.time_unknown;
  if (fit.need.average_power_w) json["average_power_w"] = json_of(*fit.need.average_power_w);
  if (fit.need.battery_life_s) json["battery_life_s"] = json_of(*fit.need.battery_life_s);
  json["checks"] = Json::array();
  for (const Check& check : fit.checks) {
    const bool is_bytes = check.resource == Resource::ram || check.resource == Resource::flash;
    const auto value = [&](double number) { return is_bytes ? Json(std::llround(number)) : Json(number); };
    json["checks"].push_back({{"resource", name_of(check.resource)},
                              {"need", check.is_known ? value(check.need) : Json(nullptr)},
                              {"budget", value(check.budget)},
                              {"margin", check.is_known ? value(check.margin()) : Json(nullptr)},
                              {"fits", check.is_known ? Json(check.fits()) : Json(nullptr)},
                              {"budget_within_range", check.is_uncertain}});
  }
  return json;
}

}  // namespace

std::string violations(const Fit& fit) {
  std::vector<std::string> parts;
  for (const Check& check : fit.checks) {
    if (check.fits()) continue;
    if (!check.is_known) {
      const bool is_time = check.resource != Resource::ram && check.resource != Resource::flash;
      parts.push_back(fmt::format("{} unknown ({})", name_of(check.resource),
                                  is_time ? fit.need.time_unknown : "code and stack of a model that was not built"));
      continue;
    }
    parts.push_back(fmt::format("{} {} of {}", name_of(check.resource), text_of(check.resource, check.need),
                                text_of(check.resource, check.budget)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string fit_text(const FitReport& report) {
  std::string text = headline(report) + "\n\n" + report::to_text(table_of(report)) + "\n" + conclusion(report) + "\n";
  if (!report.advice.empty()) text += "\nWhat would change that:\n\n" + report::to_text(advice_table(report));
  text += "\n";
  for (const std::string& note : report.notes) text += "- " + note + "\n";
  return text + "- " + kLeftOut + "\n";
}

std::string fit_markdown(const FitReport& report) {
  std::string text =
      fmt::format("**{}**\n\n{}\n{}\n", headline(report), report::to_markdown(table_of(report)), conclusion(report));
  if (!report.advice.empty()) {
    text += "\nWhat would change that:\n\n" + report::to_markdown(advice_table(report));
  }
  text += "\n";
  for (const std::string& note : report.notes) text += "- " + note + "\n";
  return text + "- " + kLeftOut + "\n";
}

std::string fit_json(const FitReport& report) {
  Json json{{"model", report.model},
            {"device", report.profile.name},
            {"title", report.profile.title},
            {"target", measured_target(report.profile).name},
            {"instructions", report.measured.work.cost.instructions},
            {"arena_bytes", report.measured.arena_bytes},
            {"stack_bytes", report.measured.stack_bytes},
            {"code_bytes", report.measured.code_bytes},
            {"weights_bytes", report.measured.weights_bytes}};
  json.update(json_of(report.fit));
  json["notes"] = report.notes;
  json["advice"] = Json::array();
  for (const Advice& advice : report.advice) {
    Json entry{{"change", advice.change}, {"how", advice.how}, {"predicted", advice.is_predicted}};
    if (!advice.note.empty()) entry["note"] = advice.note;
    if (advice.fit) entry.update(json_of(*advice.fit));
    json["advice"].push_back(entry);
  }
  return json.dump(2) + "\n";
}

std::string devices_text(const DevicesReport& report) {
  return devices_headline(report) + "\n\n" + report::to_text(devices_table(report)) + "\n" + devices_notes(report);
}

std::string devices_markdown(const DevicesReport& report) {
  return fmt::format("**{}**\n\n{}\n{}", devices_headline(report), report::to_markdown(devices_table(report)),
                     devices_notes(report));
}

std::string devices_json(const DevicesReport& report) {
  Json json{{"model", report.model}, {"devices", Json::array()}};
  for (const DeviceFit& device : report.devices) {
    Json entry{{"device", device.profile->name}, {"title", device.profile->title}};
    if (device.profile->usd.is_given()) entry["usd"] = device.profile->usd.value;
    if (device.fit) {
      entry.update(json_of(*device.fit));
    } else {
      entry.update(Json{{"fits", false}, {"failure", device.failure}});
    }
    entry["notes"] = device.notes;
    json["devices"].push_back(entry);
  }
  return json.dump(2) + "\n";
}

}  // namespace whit::device
