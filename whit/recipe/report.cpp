#include "whit/recipe/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "whit/base/units.hpp"

namespace whit::recipe {
namespace {

using report::Column;
using Json = nlohmann::ordered_json;

std::string text_of(const Figure& figure) {
  if (figure.unit == "B") return text_of_bytes(figure.value);
  if (figure.unit == "s") return text_of_seconds(figure.value);
  if (figure.unit == "%") return fmt::format("{:+.1f} %", 100 * figure.value);
  if (figure.unit == "share") return fmt::format("{:.1f} %", 100 * figure.value);
  return fmt::format("{:.4g}{}{}", figure.value, figure.unit.empty() ? "" : " ", figure.unit);
}

std::string limit_of(const Outcome& outcome) {
  const Target& target = *outcome.target;
  const std::string unit = outcome.figure ? outcome.figure->unit : "";
  const auto text = [&](double value) { return text_of({value, unit, ""}); };
  std::string limit = target.at_most ? "at most " + text(*target.at_most) : "at least " + text(*target.at_least);
  if (target.aim) limit += fmt::format(" (aim {})", text(*target.aim));
  return limit;
}

std::string verdict_of(const Outcome& outcome) {
  if (!outcome.figure) return "not measured";
  return outcome.is_met ? "met" : "missed";
}

template <typename T>
std::string or_nothing(const std::optional<T>& value, std::string (*text)(double)) {
  return value ? text(static_cast<double>(*value)) : "";
}

std::string number_text(double value) { return fmt::format("{:.4g}", value); }
std::string count_text(double value) { return fmt::format("{:.0f}", value); }

bool is_accuracy(const Results& results) { return results.winner().metric == "accuracy"; }

// "MAE, K"
std::string in_unit(const Results& results, const std::string& name) {
  return results.recipe.unit.empty() ? name : fmt::format("{}, {}", name, results.recipe.unit);
}

report::Chart arena_chart(const nlohmann::json& bench) {
  Json labels = Json::array(), alive = Json::array(), texts = Json::array();
  for (const auto& layer : bench["layers"]) {
    const auto bytes = layer.value("alive_bytes", 0.0);
    labels.push_back(fmt::format("{} {}", labels.size() + 1, layer.value("op", "")));
    alive.push_back(bytes), texts.push_back(text_of_bytes(bytes));
  }
  const auto arena = bench.value("arena_bytes", 0.0);
  return {"Arena over one inference",
          {{"kind", "bar"},
           {"horizontal", true},
           {"x", {{"labels", labels}}},
           {"y", {{"title", "bytes"}, {"max", arena}}},
           {"lines", {{{"at", arena}, {"name", "planned arena " + text_of_bytes(arena)}}}},
           {"series", {{{"name", "alive"}, {"y", alive}, {"texts", texts}}}}},
          "What is alive in the arena while each layer runs, in their order: its inputs and outputs, what later layers "
          "still need, scratch memory. Bytes that are worked on in place count once. Of the plan in the linked image."};
}

}  // namespace

const CandidateFigures& Results::winner() const {
  return *std::find_if(candidates.begin(), candidates.end(), [&](const auto& c) { return c.name == choice.winner; });
}

report::Section targets_section(const Results& results) {
  report::Section section{kTargetsTitle, {}, {}, {}};
  if (results.outcomes.empty()) return section;
  report::Table table{{{"target"}, {"verdict"}, {"measured", true}, {"wanted"}, {"how"}}, {}};
  for (const Outcome& outcome : results.outcomes) {
    std::string verdict = verdict_of(outcome);
    std::string how = outcome.figure ? outcome.figure->how : "";
    if (outcome.target->aim && outcome.figure && outcome.is_met)
      how += outcome.is_aim_met ? "; the aim too" : "; not the aim";
    table.rows.push_back({outcome.target->title, std::move(verdict), outcome.figure ? text_of(*outcome.figure) : "",
                          limit_of(outcome), std::move(how)});
  }
  section.tables.push_back({"", table, ""});
  return section;
}

report::Section candidates_section(const Results& results) {
  report::Section section{"Candidates", results.choice.reasons, {}, {}};
  const bool accuracy = is_accuracy(results);
  report::Table table;
  table.columns = {{"candidate"}, {accuracy ? "accuracy" : in_unit(results, "MAE"), true}};
  if (!accuracy) table.columns.push_back({in_unit(results, "95 % below"), true});
  const int64_t samples = results.winner().samples;
  const bool are_same = std::all_of(results.candidates.begin(), results.candidates.end(),
                                    [&](const CandidateFigures& c) { return c.samples == samples; });
  if (!are_same) table.columns.push_back({"test samples", true});
  for (const Column& column : {Column{"flash", true}, {"RAM", true}, {"instructions", true}})
    table.columns.push_back(column);
  const auto& devices = results.recipe.devices;
  for (const std::string& device : devices) table.columns.push_back({device, true});
  if (!devices.empty()) table.columns.push_back({fmt::format("fits {}", devices.front())});
  Json labels = Json::array(), errors = Json::array(), percentiles = Json::array();
  for (const CandidateFigures& c : results.candidates) {
    std::vector<std::string> row = {c.name + (c.name == results.choice.winner ? " (winner)" : "")};
    row.push_back(!c.test ? "" : accuracy ? fmt::format("{:.2f} %", 100 * *c.test) : number_text(*c.test));
    if (!accuracy) row.push_back(or_nothing(c.p95, number_text));
    if (!are_same) row.push_back(std::to_string(c.samples));
    row.push_back(or_nothing(c.flash_bytes, text_of_bytes));
    row.push_back(or_nothing(c.ram_bytes, text_of_bytes));
    row.push_back(or_nothing(c.instructions, count_text));
    for (size_t i = 0; i < devices.size(); ++i) {
      row.push_back(i < c.devices.size() ? or_nothing(c.devices[i].latency_s, text_of_seconds) : "");
    }
    if (!devices.empty()) {
      row.push_back(c.devices.empty() ? "" : !c.devices[0].fits ? "unknown" : *c.devices[0].fits ? "yes" : "NO");
    }
    table.rows.push_back(std::move(row));
    labels.push_back(c.name);
    errors.push_back(c.test ? Json(accuracy ? 100 * *c.test : *c.test) : Json());
    percentiles.push_back(c.p95 ? Json(*c.p95) : Json());
  }
  section.tables.push_back(
      {"", table,
       fmt::format("Errors on {}, by the host player, which computes what the device does. Flash and RAM "
                   "(arena and stack) of the linked image on {}, instructions counted there; below each device the "
                   "estimated latency of one inference.",
                   are_same ? fmt::format("{} test samples", samples) : "test samples that are not the same for all",
                   results.recipe.target)});
  Json series = {{{"name", accuracy ? "accuracy, %" : "MAE"}, {"y", errors}}};
  if (!accuracy) series.push_back({{"name", "95th percentile"}, {"y", percentiles}});
  section.charts.push_back(
      {accuracy ? "Accuracy of the candidates" : "Error of the candidates",
       {{"kind", "bar"},
        {"horizontal", true},
        {"x", {{"labels", labels}}},
        {"y", {{"title", accuracy ? "% of the test samples" : in_unit(results, "absolute error")}}},
        {"series", series}},
       "On the test samples, which nothing was fitted to or chosen by."});
  return section;
}

report::Section importance_section(const Results& results) {
  report::Section section{"Importance of the values", {}, {}, {}};
  if (!results.recipe.importance) return section;
  const nlohmann::json found = read_json(results.folder / "importance.json");
  std::vector<std::pair<double, std::string>> values;
  for (const auto& entry : found["importance"]) {
    values.emplace_back(entry.value("worse", 0.0), entry.value("value", ""));
  }
  std::sort(values.rbegin(), values.rend());
  const double sum = std::accumulate(values.begin(), values.end(), 0.0,
                                     [](double s, const auto& value) { return s + std::max(0.0, value.first); });
  const bool accuracy = is_accuracy(results);
  report::Table table{{{"value"}, {accuracy ? "accuracy lost" : in_unit(results, "MAE gained"), true}, {"share", true}},
                      {}};
  Json labels = Json::array(), shown = Json::array();
  for (const auto& [worse, name] : values) {
    table.rows.push_back(
        {name, number_text(worse), fmt::format("{:.1f} %", sum > 0 ? 100 * std::max(0.0, worse) / sum : 0)});
    labels.push_back(name), shown.push_back(worse);
  }
  const std::string how = fmt::format(
      "How much worse {} is on the test samples when one value is mixed up among them, mean of 3 permutations. Values "
      "that say the same share their importance.",
      results.choice.winner);
  section.charts.push_back({"",
                            {{"kind", "bar"},
                             {"horizontal", true},
                             {"x", {{"labels", labels}}},
                             {"y", {{"title", accuracy ? "accuracy lost" : in_unit(results, "MAE gained")}}},
                             {"series", {{{"name", results.choice.winner}, {"y", shown}}}}},
                            how});
  section.tables.push_back({"", table, ""});
  return section;
}

report::Section horizons_section(const Results& results) {
  report::Section section{"Error by horizon", {}, {}, {}};
  if (results.recipe.horizons_s.empty()) return section;
  report::Table table{{{"minutes ahead", true},
                       {in_unit(results, results.choice.winner + " MAE"), true},
                       {in_unit(results, "95 % below"), true},
                       {in_unit(results, "persistence MAE"), true}},
                      {}};
  Json minutes = Json::array(), own = Json::array(), percentiles = Json::array(), persistence = Json::array();
  const Candidate& winner = results.recipe.find(results.choice.winner);
  const std::string trained = winner.from.empty() ? winner.name : winner.from;
  const int64_t own_horizon = horizon_of((results.folder / fmt::format("candidates/{}/recipe.toml", trained)).string());
  for (const int64_t horizon : results.recipe.horizons_s) {
    const auto folder = results.folder / "horizons" / std::to_string(horizon);
    const bool is_own = horizon == own_horizon;
    const nlohmann::json test =
        read_json(is_own ? results.folder / evaluation_of(winner.name, "test") : folder / "test.json");
    const nlohmann::json data =
        read_json((is_own ? results.folder / results.plan.views.at(winner.name) : folder / "data") / "data.json");
    const double mae = test.value("mae", 0.0), p95 = test.value("p95", 0.0);
    const auto& part = data["parts"]["test"];
    const Json still = part.contains("persistence") ? Json(part["persistence"]["mae"]) : Json();
    const double ahead = static_cast<double>(horizon) / 60;
    table.rows.push_back({number_text(ahead), number_text(mae), number_text(p95),
                          still.is_null() ? "" : number_text(still.get<double>())});
    minutes.push_back(ahead), own.push_back(mae), percentiles.push_back(p95), persistence.push_back(still);
  }
  const std::string how =
      "Trained anew for each horizon with the recipe of the winner; on the test samples. Persistence: "
      "the value does not change.";
  section.charts.push_back({"",
                            {{"kind", "line"},
                             {"x", {{"title", "minutes ahead"}}},
                             {"y", {{"title", in_unit(results, "absolute error")}, {"min", 0}}},
                             {"series",
                              {{{"name", results.choice.winner + ", MAE"}, {"x", minutes}, {"y", own}},
                               {{"name", results.choice.winner + ", 95th percentile"},
                                {"x", minutes},
                                {"y", percentiles},
                                {"style", "dash"}},
                               {{"name", "persistence, MAE"}, {"x", minutes}, {"y", persistence}}}}},
                            how});
  section.tables.push_back({"", table, ""});
  return section;
}

report::Section winner_section(const Results& results) {
  const CandidateFigures& winner = results.winner();
  report::Section section{"The winner on the device", {}, {}, {}};
  const nlohmann::json bench = read_json(results.folder / bench_of(winner.name));
  report::Table layers{
      {{"layer", true}, {"op"}, {"MACs", true}, {"instructions", true}, {"share", true}, {"arena, bytes", true}}, {}};
  Json labels = Json::array(), instructions = Json::array(), texts = Json::array();
  const auto total = bench.value("instructions", 1.0);
  size_t number = 0;
  for (const auto& layer : bench["layers"]) {
    const auto counted = layer.value("instructions", 0.0);
    const std::string op = layer.value("op", "");
    layers.rows.push_back({std::to_string(++number), op, count_text(layer.value("macs", 0.0)), count_text(counted),
                           fmt::format("{:.1f} %", 100 * counted / total),
                           count_text(layer.value("alive_bytes", 0.0))});
    labels.push_back(fmt::format("{} {}", number, op)), instructions.push_back(counted);
    texts.push_back(count_text(counted));
  }
  section.charts.push_back(
      {"Instructions by layer",
       {{"kind", "bar"},
        {"horizontal", true},
        {"x", {{"labels", labels}}},
        {"y", {{"title", "instructions"}}},
        {"series", {{{"name", winner.name}, {"y", instructions}, {"texts", texts}}}}},
       fmt::format("Counted in the emulator ({}); the same in every run.", results.recipe.target)});
  section.charts.push_back(arena_chart(bench));
  section.tables.push_back({"Layers", layers, "Arena: what is alive of it while the layer runs."});
  report::Table sizes{{{"memory"}, {"bytes", true}, {"of which"}}, {}};
  sizes.rows.push_back(
      {"flash", count_text(static_cast<double>(winner.flash_bytes.value_or(0))),
       fmt::format("weights {}, code {}", bench.value("weights_bytes", 0), bench.value("code_bytes", 0))});
  sizes.rows.push_back(
      {"RAM", count_text(static_cast<double>(winner.ram_bytes.value_or(0))),
       fmt::format("arena {}, stack {}", bench.value("arena_bytes", 0), bench.value("stack_bytes", 0))});
  section.tables.push_back({"Memory", sizes, "Of the linked image, start-up code included."});
  if (winner.devices.empty()) return section;
  report::Table devices{
      {{"device"}, {"flash", true}, {"RAM", true}, {"latency", true}, {"from", true}, {"to", true}, {"fits"}}, {}};
  for (const DeviceFigures& d : winner.devices) {
    devices.rows.push_back({d.title, text_of_bytes(static_cast<double>(d.flash_bytes)),
                            text_of_bytes(static_cast<double>(d.ram_bytes)), or_nothing(d.latency_s, text_of_seconds),
                            or_nothing(d.latency_low_s, text_of_seconds), or_nothing(d.latency_high_s, text_of_seconds),
                            !d.fits   ? "unknown"
                            : *d.fits ? "yes"
                                      : "NO"});
  }
  section.tables.push_back(
      {"Devices", devices, "Latency is estimated by the cost model (docs/cycles.md), not measured on the devices."});
  return section;
}

report::Document document_of(const Results& results) {
  report::Document document{results.recipe.title, "", {}};
  document.subtitle = fmt::format("The winner is {}. Made by whit make from {}.", results.choice.winner,
                                  std::filesystem::path(results.recipe.file).filename().string());
  for (report::Section (*part)(const Results&) :
       {targets_section, control_section, candidates_section, sizes_section, horizons_section, importance_section,
        winner_section, firmware_section}) {
    report::Section section = part(results);
    if (!section.tables.empty() || !section.charts.empty()) document.sections.push_back(std::move(section));
  }
  return document;
}

}  // namespace whit::recipe
