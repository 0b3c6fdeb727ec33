// What the firmware and each candidate take of the budgets of the first device.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/base/units.hpp"
#include "whit/recipe/report.hpp"

namespace whit::recipe {
namespace {

using Json = nlohmann::ordered_json;

// One budget and who is held against it.
struct Account {
  std::string title, resource;       // resource: as `whit fit` names it
  std::vector<std::string> figures;  // of targets about it, the one of the whole firmware first
  std::string (*text)(double);
  std::optional<double> (*of)(const DeviceFigures&);
};

const std::vector<Account>& accounts() {
  static const std::vector<Account> kAccounts = {
      {"Flash",
       "flash",
       {"firmware_flash_bytes", "flash_bytes"},
       text_of_bytes,
       [](const DeviceFigures& d) { return std::optional<double>(d.flash_bytes); }},
      {"RAM",
       "RAM",
       {"firmware_ram_bytes", "ram_bytes"},
       text_of_bytes,
       [](const DeviceFigures& d) { return std::optional<double>(d.ram_bytes); }},
      {"Latency", "latency", {"", "latency_s"}, text_of_seconds, [](const DeviceFigures& d) { return d.latency_s; }}};
  return kAccounts;
}

constexpr const char* kWhole = "whole firmware";

struct Need {
  std::string name;
  double value = 0;
};

std::vector<Need> needs_of(const Results& results, const Account& account) {
  std::vector<Need> needs;
  const auto figures = winner_figures(results.recipe, results.folder, results.winner());
  if (const auto whole = figures.find(account.figures[0]); whole != figures.end()) {
    needs.push_back({kWhole, whole->second.value});
  }
  for (const CandidateFigures& c : results.candidates) {
    if (c.devices.empty()) continue;
    const auto value = account.of(c.devices[0]);
    if (value) needs.push_back({c.name + (c.name == results.choice.winner ? " (winner)" : ""), *value});
  }
  return needs;
}

std::optional<double> budget_of(const Results& results, const Account& account) {
  const auto& devices = results.winner().devices;
  if (devices.empty() || !devices[0].budgets.contains(account.resource)) return std::nullopt;
  return devices[0].budgets.at(account.resource);
}

std::optional<double> aim_of(const Results& results, const Account& account) {
  for (const std::string& figure : account.figures) {
    for (const Target& target : results.recipe.targets) {
      if (target.figure == figure && target.of.empty() && target.aim) return target.aim;
    }
  }
  return std::nullopt;
}

std::string percent_text(double share) {
  return share < 0.1 ? fmt::format("{:.2g} %", 100 * share) : fmt::format("{:.0f} %", 100 * share);
}

report::Chart chart_of(const Account& account, const std::vector<Need>& needs, double budget,
                       std::optional<double> aim) {
  Json labels = Json::array(), shares = Json::array(), texts = Json::array();
  double least = aim ? *aim / budget : 1, most = 1;
  for (const Need& need : needs) {
    const double share = need.value / budget;
    labels.push_back(need.name), shares.push_back(100 * share);
    texts.push_back(fmt::format("{}, {}", account.text(need.value), percent_text(share)));
    if (share > 0) least = std::min(least, share);
    most = std::max(most, share);
  }
  // Whole decades, so that a bar begins where an axis label is.
  const auto decade = [](double share, double (*round)(double)) {
    return 100 * std::pow(10, round(std::log10(share)));
  };
  Json lines = {{{"at", 100}, {"name", "budget " + account.text(budget)}, {"is_limit", true}}};
  if (aim) lines.push_back({{"at", 100 * *aim / budget}, {"name", "aim " + account.text(*aim)}});
  return {fmt::format("{}: share of {}", account.title, account.text(budget)),
          {{"kind", "bar"},
           {"horizontal", true},
           {"x", {{"labels", labels}}},
           {"y",
            {{"title", "% of the budget"},
             {"log", true},
             {"min", decade(least * 0.999, [](double x) { return std::floor(x); })},
             {"max", decade(most, [](double x) { return std::ceil(x); })}}},
           {"lines", lines},
           {"series", {{{"name", account.title}, {"y", shares}, {"texts", texts}}}}},
          ""};
}

}  // namespace

report::Section sizes_section(const Results& results) {
  report::Section section{"Sizes against budgets", {}, {}, {}};
  report::Table table{{{"what"}}, {}};
  const auto row_of = [&](const std::string& name) -> std::vector<std::string>& {
    const auto found = std::find_if(table.rows.begin(), table.rows.end(), [&](const auto& r) { return r[0] == name; });
    return found != table.rows.end() ? *found : table.rows.emplace_back(std::vector{name});
  };
  for (const Account& account : accounts()) {
    const auto budget = budget_of(results, account);
    if (!budget) continue;
    const std::vector<Need> needs = needs_of(results, account);
    section.charts.push_back(chart_of(account, needs, *budget, aim_of(results, account)));
    table.columns.push_back({account.resource, true});
    table.columns.push_back({"of " + account.text(*budget), true});
    for (const Need& need : needs) {
      std::vector<std::string>& row = row_of(need.name);
      row.resize(table.columns.size() - 2);
      row.push_back(account.text(need.value)), row.push_back(percent_text(need.value / *budget));
    }
  }
  if (section.charts.empty()) return section;
  for (auto& row : table.rows) row.resize(table.columns.size());
  std::string how = fmt::format(
      "Logarithmic. Candidates: the model alone on {}, sizes of the linked image, latency estimated. Budgets: of the "
      "recipe, else what the device has to spare.",
      results.winner().devices[0].title);
  if (table.rows.front()[0] == kWhole) {
    how += " The whole firmware has features and controller too: the most that an emulated machine needed.";
  }
  section.charts.back().how = how;
  section.tables.push_back({"", table, ""});
  return section;
}

}  // namespace whit::recipe
