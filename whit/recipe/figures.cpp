#include "whit/recipe/figures.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/units.hpp"
#include "whit/device/profile.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::vector<std::pair<std::string, FigureKind>> kFigures = {{"mae", FigureKind::model},
                                                                  {"p95", FigureKind::model},
                                                                  {"accuracy", FigureKind::model},
                                                                  {"flash_bytes", FigureKind::model},
                                                                  {"ram_bytes", FigureKind::model},
                                                                  {"instructions", FigureKind::model},
                                                                  {"latency_s", FigureKind::model},
                                                                  {"foreign_headers", FigureKind::whole},
                                                                  {"cycles_change", FigureKind::change},
                                                                  {"energy_change", FigureKind::change},
                                                                  {"discomfort_change", FigureKind::change},
                                                                  {"trusted_share", FigureKind::whole},
                                                                  {"forecast_mae_k", FigureKind::whole},
                                                                  {"lead_p5_minutes", FigureKind::whole},
                                                                  {"lead_median_minutes", FigureKind::whole},
                                                                  {"lead_p95_minutes", FigureKind::whole},
                                                                  {"firmware_flash_bytes", FigureKind::whole},
                                                                  {"firmware_ram_bytes", FigureKind::whole},
                                                                  {"decisions_that_differ", FigureKind::whole}};

std::optional<double> number(const Json& json, const char* key) {
  return json.contains(key) && json[key].is_number() ? std::optional(json[key].get<double>()) : std::nullopt;
}

DeviceFigures device_figures(const Json& fit, const std::string& name) {
  DeviceFigures figures;
  figures.device = name;
  figures.title = fit.value("title", name);
  figures.is_mcu = device::find_profile(fit.value("device", name)).kind == device::Kind::mcu;
  // 0: of a device that is estimated by its MACs alone, and a model without any, such as a forest; not known.
  if (fit.contains("latency_s") && fit["latency_s"].is_object() && fit["latency_s"].value("estimated", 0.0) > 0) {
    figures.latency_s = number(fit["latency_s"], "estimated");
    figures.latency_low_s = number(fit["latency_s"], "low");
    figures.latency_high_s = number(fit["latency_s"], "high");
  }
  if (fit.contains("fits") && fit["fits"].is_boolean()) figures.fits = fit["fits"].get<bool>();
  figures.ram_bytes = fit.value("ram_bytes", int64_t{0});
  figures.flash_bytes = fit.value("flash_bytes", int64_t{0});
  for (const Json& check : fit.value("checks", Json::array())) {
    figures.budgets[check.value("resource", "")] = check.value("budget", 0.0);
  }
  return figures;
}

double key_of(ChooseBy by, const CandidateFigures& figures) {
  switch (by) {
    case ChooseBy::error:
      return figures.error();
    case ChooseBy::flash:
      return static_cast<double>(figures.flash_bytes.value_or(0));
    case ChooseBy::ram:
      return static_cast<double>(figures.ram_bytes.value_or(0));
    default:
      return figures.devices.front().latency_s.value_or(INFINITY);
  }
}

std::string text_of_error(const CandidateFigures& figures) {
  return figures.metric == "accuracy" ? fmt::format("{:.2f} % wrong", 100 * figures.error())
                                      : fmt::format("{} {:.4g}{}{}", figures.metric, figures.error(),
                                                    figures.unit.empty() ? "" : " ", figures.unit);
}

// What a candidate has under the name of a figure.
std::optional<Figure> candidate_figure(const CandidateFigures& c, const std::string& name) {
  const auto of = [](const auto& value, const std::string& unit, const std::string& how) -> std::optional<Figure> {
    if (!value) return std::nullopt;
    return Figure{static_cast<double>(*value), unit, how};
  };
  const std::string on_test = fmt::format("on {} test samples, host player", c.samples);
  if (name == "mae" && c.metric == "mae") return of(c.test, c.unit, on_test);
  if (name == "accuracy" && c.metric == "accuracy") return of(c.test, "", on_test);
  if (name == "p95") return of(c.p95, c.unit, on_test);
  if (name == "flash_bytes") return of(c.flash_bytes, "B", "of the linked image");
  if (name == "ram_bytes") return of(c.ram_bytes, "B", "arena and stack, measured in the emulator");
  if (name == "instructions") return of(c.instructions, "", "of one inference, counted in the emulator");
  if (name == "latency_s") {
    std::optional<double> most;
    std::string where;
    for (const DeviceFigures& device : c.devices) {
      if (!device.is_mcu || !device.latency_s || (most && *device.latency_s <= *most)) continue;
      most = device.latency_s, where = device.device;
    }
    return of(most, "s", fmt::format("estimated, the slowest microcontroller ({})", where));
  }
  return std::nullopt;
}

// "the scheduled thermostat"
std::string title_of(const std::string& controller) {
  return controller == "without_forecast" ? "the same controller without forecast"
                                          : fmt::format("the {} thermostat", controller);
}

// What the control loop changed in a season: cycles and energy as a share, discomfort in K h a month.
std::optional<Figure> change_figure(const Json& season, const Target& target, size_t seeds) {
  static const std::map<std::string, std::string> kKeys = {{"cycles_change", "cycles_a_day"},
                                                           {"energy_change", "kwh_a_month"},
                                                           {"discomfort_change", "discomfort_kh_a_month"}};
  const std::string other = target.of.empty() ? "deadband" : target.of;
  if (!season["against"].contains(other)) return std::nullopt;
  const Json& against = season["against"][other];
  const bool is_share = target.figure != "discomfort_change";
  const Json& range = against[kKeys.at(target.figure)][is_share ? "saving_percent" : "difference"];
  const double sign = is_share ? -0.01 : 1;
  double low = sign * range["low"].get<double>(), high = sign * range["high"].get<double>();
  if (low > high) std::swap(low, high);
  const std::string interval = is_share ? fmt::format("{:+.1f} to {:+.1f} %", 100 * low, 100 * high)
                                        : fmt::format("{:+.2f} to {:+.2f} K h a month", low, high);
  return Figure{
      sign * range["mean"].get<double>(), is_share ? "%" : "K h",
      fmt::format("against {}, {} of one typical year{}; comfort {}", title_of(other),
                  seeds > 1 ? fmt::format("mean of {} seeds", seeds) : "one seed",
                  seeds > 1 ? fmt::format(" (95 % interval {})", interval) : "", against.value("comfort", ""))};
}

// What the predictive controller did with its forecasts in a season.
std::optional<Figure> forecast_figure(const Json& season, const std::string& name, size_t seeds) {
  const Json& predictive = season["controllers"]["predictive"];
  if (name == "trusted_share" || name == "forecast_mae_k") {
    if (!predictive.contains(name)) return std::nullopt;
    const bool is_share = name == "trusted_share";
    return Figure{predictive[name]["mean"].get<double>(), is_share ? "share" : "K",
                  fmt::format("{}, mean of {} seeds of one typical year",
                              is_share ? "of the minutes" : "of the forecasts in the loop", seeds)};
  }
  static const std::map<std::string, std::string> kLeads = {
      {"lead_p5_minutes", "p5"}, {"lead_median_minutes", "median"}, {"lead_p95_minutes", "p95"}};
  const Json leads = predictive.value("lead_minutes", Json::object());
  const auto minutes = number(leads, kLeads.at(name).c_str());
  if (!minutes) return std::nullopt;
  return Figure{*minutes, "min", fmt::format("from the start to the opening, {} pre-starts", leads.value("count", 0))};
}

// Of the season that the target names, or of the one that is worst for it.
// `control`: control.json; null when the recipe asks for no loop.
std::optional<Figure> control_figure(const Json& control, const Target& target) {
  const bool is_change = kind_of(target.figure) == FigureKind::change;
  static const std::vector<std::string> kForecast = {"trusted_share", "forecast_mae_k", "lead_p5_minutes",
                                                     "lead_median_minutes", "lead_p95_minutes"};
  const bool is_forecast = std::find(kForecast.begin(), kForecast.end(), target.figure) != kForecast.end();
  if (control.is_null() || (!is_change && !is_forecast)) return std::nullopt;
  const size_t seeds = control["seeds"].size();
  std::optional<Figure> worst;
  for (const auto& [season, result] : control["seasons"].items()) {
    if (!target.season.empty() && season != target.season) continue;
    auto figure = is_change ? change_figure(result, target, seeds) : forecast_figure(result, target.figure, seeds);
    if (!figure) continue;
    if (worst && (target.at_most ? figure->value <= worst->value : figure->value >= worst->value)) continue;
    worst = std::move(figure);
    worst->how = fmt::format("{}, {}", season, worst->how);
  }
  return worst;
}

// Of the firmware that ran whole days: features, model and controller; the most of the machines.
void add_firmware(const Recipe& recipe, const fs::path& folder, std::map<std::string, Figure>& figures) {
  int64_t flash = 0, ram = 0, differ = 0, minutes = 0;
  for (const std::string& machine : recipe.control_targets) {
    if (!fs::exists(folder / target_of(machine))) return;
    const Json run = read_json(folder / target_of(machine));
    flash = std::max(flash, run.value("flash_bytes", int64_t{0}));
    ram = std::max(ram, run.value("ram_bytes", int64_t{0}));
    minutes += run.value("minutes", int64_t{0});
    differ += run.value("minutes", int64_t{0}) - run.value("same_demands", int64_t{0});
    if (!run.value("same", false)) differ = std::max<int64_t>(differ, 1);
  }
  if (minutes == 0) return;
  const std::string machines = fmt::format("{}", fmt::join(recipe.control_targets, ", "));
  figures["firmware_flash_bytes"] = {static_cast<double>(flash), "B",
                                     "features, model, controller and start-up, linked; the most of " + machines};
  figures["firmware_ram_bytes"] = {static_cast<double>(ram), "B",
                                   "arena, stack, window of readings and state; the most of " + machines};
  figures["decisions_that_differ"] = {static_cast<double>(differ), "",
                                      fmt::format("of {} minutes on {}, beside the host's", minutes, machines)};
}

}  // namespace

Json read_json(const fs::path& file) {
  const std::vector<uint8_t> bytes = read_file(file);
  Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (json.is_discarded()) throw Error(ErrorCode::bad_input, "is no JSON", file.string(), "remove it and make again");
  return json;
}

double CandidateFigures::error() const {
  const double value = validation.value_or(test.value_or(INFINITY));
  return metric == "accuracy" ? 1 - value : value;
}

bool CandidateFigures::fits_first() const { return devices.empty() || devices.front().fits.value_or(false); }

const std::vector<std::string>& figure_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const auto& [name, kind] : kFigures) names.push_back(name);
    return names;
  }();
  return kNames;
}

FigureKind kind_of(const std::string& figure) {
  return std::find_if(kFigures.begin(), kFigures.end(), [&](const auto& entry) { return entry.first == figure; })
      ->second;
}

CandidateFigures figures_of(const Recipe& recipe, const fs::path& folder, const CandidatePlan& plan,
                            const Candidate& candidate) {
  CandidateFigures figures;
  figures.name = candidate.name;
  figures.unit = recipe.unit;
  if (candidate.is_persistence) {
    const Json data = read_json(folder / plan.views.at(candidate.name) / "data.json");
    figures.metric = "mae";
    for (const char* part : {"validation", "test"}) {
      if (!data["parts"][part].contains("persistence")) continue;
      const Json& errors = data["parts"][part]["persistence"];
      (std::string(part) == "test" ? figures.test : figures.validation) = number(errors, "mae");
      figures.p95 = number(errors, "p95"), figures.rmse = number(errors, "rmse");
      figures.samples = data["parts"][part].value("samples", int64_t{0});
    }
    return figures;
  }
  const Json validation = read_json(folder / evaluation_of(candidate.name, "validation"));
  const Json test = read_json(folder / evaluation_of(candidate.name, "test"));
  figures.metric = test.value("metric", "");
  figures.validation = number(validation, "value"), figures.test = number(test, "value");
  figures.rmse = number(test, "rmse"), figures.p95 = number(test, "p95");
  figures.samples = test.value("samples", int64_t{0});
  const Json bench = read_json(folder / bench_of(candidate.name));
  figures.flash_bytes = bench.value("code_bytes", int64_t{0}) + bench.value("weights_bytes", int64_t{0});
  figures.ram_bytes = bench.value("arena_bytes", int64_t{0}) + bench.value("stack_bytes", int64_t{0});
  figures.instructions = bench.value("instructions", int64_t{0});
  for (const std::string& device : recipe.devices) {
    figures.devices.push_back(device_figures(read_json(folder / fit_of(candidate.name, device)), device));
  }
  return figures;
}

Choice choose(const Recipe& recipe, const std::vector<CandidateFigures>& candidates) {
  std::vector<const CandidateFigures*> able;
  Choice choice;
  for (const CandidateFigures& figures : candidates) {
    if (!recipe.find(figures.name).may_win) continue;
    if (figures.fits_first()) {
      able.push_back(&figures);
    } else if (figures.devices.front().fits) {
      choice.reasons.push_back(fmt::format("{} does not fit {}", figures.name, recipe.devices.front()));
    } else {
      choice.reasons.push_back(fmt::format("whether {} fits {} is unknown", figures.name, recipe.devices.front()));
    }
  }
  if (able.empty()) {
    throw Error(ErrorCode::gate_failed,
                fmt::format("no candidate that may win fits: {}", fmt::join(choice.reasons, "; ")), recipe.file,
                "a smaller candidate, or a larger [budget]");
  }
  const auto less_error = [](const auto* a, const auto* b) { return a->error() < b->error(); };
  const CandidateFigures& best = **std::min_element(able.begin(), able.end(), less_error);
  const double most = best.error() * (1 + recipe.within);
  choice.reasons.push_back(
      fmt::format("{} has the lowest error on the validation samples: {}", best.name, text_of_error(best)));
  std::erase_if(able, [&](const auto* figures) { return figures->error() > most; });
  const auto less = [&](const auto* a, const auto* b) {
    return key_of(recipe.choose_by, *a) < key_of(recipe.choose_by, *b);
  };
  const CandidateFigures& winner = **std::min_element(able.begin(), able.end(), less);
  choice.winner = winner.name;
  if (recipe.choose_by != ChooseBy::error) {
    static constexpr const char* kLeast[] = {"", "flash", "RAM", "latency"};
    choice.reasons.push_back(fmt::format("{} needs the least {} of those within {:.3g} % of that: {}", winner.name,
                                         kLeast[static_cast<size_t>(recipe.choose_by)], 100 * recipe.within,
                                         text_of_error(winner)));
  }
  return choice;
}

std::map<std::string, Figure> winner_figures(const Recipe& recipe, const fs::path& folder,
                                             const CandidateFigures& winner) {
  std::map<std::string, Figure> figures;
  for (const std::string& name : figure_names()) {
    if (const auto figure = candidate_figure(winner, name)) figures[name] = *figure;
  }
  add_firmware(recipe, folder, figures);
  // Firmware that includes no more than C's own headers and its own files can reach no network.
  std::vector<std::string> foreign;
  if (fs::exists(folder / "firmware")) {
    static const std::vector<std::string> kOwn = {"<stdint.h>", "<stddef.h>", "<string.h>", "<math.h>", "<stdio.h>"};
    for (const auto& entry : fs::recursive_directory_iterator(folder / "firmware")) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp" && extension != ".h") continue;
      const std::vector<uint8_t> bytes = read_file(entry.path());
      const std::string text(bytes.begin(), bytes.end());
      for (size_t at = text.find("#include <"); at != std::string::npos; at = text.find("#include <", at + 1)) {
        const std::string header = text.substr(at + 9, text.find('>', at) - at - 8);
        if (std::find(kOwn.begin(), kOwn.end(), header) == kOwn.end()) foreign.push_back(header);
      }
    }
    figures["foreign_headers"] = {
        static_cast<double>(foreign.size()), "",
        "headers of the firmware beside its own and <stdint.h> <stddef.h> <string.h> <math.h>, and the self-test's "
        "<stdio.h>"};
  }
  return figures;
}

std::vector<Outcome> judge(const Recipe& recipe, const fs::path& folder,
                           const std::vector<CandidateFigures>& candidates, const std::string& winner) {
  const auto find = [&](const std::string& name) -> const CandidateFigures* {
    const auto found =
        std::find_if(candidates.begin(), candidates.end(), [&](const auto& c) { return c.name == name; });
    return found == candidates.end() ? nullptr : &*found;
  };
  const CandidateFigures& chosen = *find(winner);
  const std::map<std::string, Figure> figures = winner_figures(recipe, folder, chosen);
  const Json control = recipe.controls ? read_json(folder / kControlFile) : Json();
  std::vector<Outcome> outcomes;
  for (const Target& target : recipe.targets) {
    Outcome outcome{&target, std::nullopt, false, false};
    if (const auto found = figures.find(target.figure); found != figures.end()) outcome.figure = found->second;
    if (const auto figure = control_figure(control, target)) outcome.figure = figure;
    if (!target.of.empty() && kind_of(target.figure) == FigureKind::model && outcome.figure) {
      const std::string of = target.of == "parent" ? recipe.find(winner).from : target.of;
      const CandidateFigures* other = find(of.empty() ? winner : of);
      const auto below = other == nullptr ? std::nullopt : candidate_figure(*other, target.figure);
      if (below && below->value > 0) {
        const std::string unit = below->unit.empty() ? "" : " " + below->unit;
        outcome.figure = Figure{outcome.figure->value / below->value, "x",
                                fmt::format("{:.4g}{} of {} beside {:.4g}{} of {}, {}", outcome.figure->value, unit,
                                            winner, below->value, unit, other->name, outcome.figure->how)};
      } else {
        outcome.figure.reset();
      }
    }
    if (outcome.figure) {
      const double value = outcome.figure->value;
      outcome.is_met = target.at_most ? value <= *target.at_most : value >= *target.at_least;
      if (target.aim) outcome.is_aim_met = target.at_most ? value <= *target.aim : value >= *target.aim;
    }
    outcomes.push_back(outcome);
  }
  return outcomes;
}

}  // namespace whit::recipe
