#include "whit/decide/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "whit/decide/reason.hpp"
#include "whit/decide/words.hpp"
#include "whit/report/table.hpp"

namespace whit::decide {
namespace {

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(c));
  return text;
}

std::string name_of(const std::optional<Option>& verdict) { return verdict ? name_of(*verdict) : "no option left"; }

// Text and Markdown have the same parts; they differ in how a heading, a line of a list and a table look.
class Page {
 public:
  explicit Page(bool is_markdown) : is_markdown_(is_markdown) {}

  void title(const std::string& text) { text_ += is_markdown_ ? "# " + text + "\n" : text + "\n"; }
  void paragraph(const std::string& text) { text_ += is_markdown_ ? "\n" + text + "\n" : text + "\n"; }
  void heading(const std::string& text) { text_ += is_markdown_ ? "\n## " + text + "\n\n" : "\n" + text + "\n"; }
  void item(const std::string& text) { text_ += is_markdown_ ? "- " + text + "\n" : wrapped(text); }
  void table(const report::Table& table) {
    text_ += is_markdown_ ? report::to_markdown(table) : report::to_text(table);
  }
  std::string take() { return std::move(text_); }

 private:
  // Indented, and broken at spaces to lines of kWidth.
  static std::string wrapped(const std::string& text) {
    constexpr size_t kWidth = 118;
    std::string lines;
    size_t start = 0;
    for (size_t end = 0; start < text.size(); start = end + 1) {
      end = text.size();
      if (end - start > kWidth) {
        const size_t space = text.rfind(' ', start + kWidth);
        end = space == std::string::npos || space <= start ? text.find(' ', start + kWidth) : space;
        if (end == std::string::npos) end = text.size();
      }
      lines += (start == 0 ? "  " : "    ") + text.substr(start, end - start) + "\n";
    }
    return lines;
  }

  bool is_markdown_;
  std::string text_;
};

void add_constraints(const Report& report, Page& page) {
  page.heading("Hard constraints");
  bool any = false;
  for (const Option option : kOptions) {
    for (const std::string& reason : of(report.decision.against, option)) {
      page.item(fmt::format("{} is out: {}", decide::name_of(option), reason));
      any = true;
    }
  }
  if (!any) page.item("rule nothing out");
}

void add_factors(const Report& report, Page& page) {
  const std::vector<Option> options = described_options(report.scenario);
  report::Table table;
  table.columns = {{"factor"}, {"weight", true}};
  for (const Option option : options) table.columns.push_back({decide::name_of(option), true});
  table.columns.insert(table.columns.end(), {{"for"}, {"why"}});
  for (const FactorScores& factor : report.decision.factors) {
    std::vector<std::string> row = {decide::name_of(factor.factor), number(factor.weight)};
    for (const Option option : options) row.push_back(fmt::format("{:.2f}", of(factor.scores, option)));
    std::vector<std::string> best;
    for (const Option option : best_of(factor, report.scenario.hybrid.has_value())) {
      best.push_back(decide::name_of(option));
    }
    row.push_back(best.size() == options.size() ? "either" : fmt::format("{}", fmt::join(best, " or ")));
    row.push_back(reason_of(report.scenario, report.decision, factor.factor));
    table.rows.push_back(row);
  }
  std::vector<std::string> row = {"all", ""};
  for (const Option option : options) {
    row.push_back(report.decision.is_possible(option) ? fmt::format("{:.3f}", of(report.decision.totals, option))
                                                      : "out");
  }
  row.insert(row.end(), {decide::name_of(*report.decision.verdict), "weighted mean of the scores"});
  table.rows.push_back(row);
  page.heading("Factors, scores from 0 to 1");
  page.table(table);
}

void add_cost(const Report& report, Page& page) {
  const double devices = report.scenario.fleet.devices;
  const std::vector<Option> options = described_options(report.scenario);
  report::Table table;
  table.columns = {{"US dollars"}};
  for (const Option option : options) table.columns.push_back({decide::name_of(option), true});
  const auto add = [&](const char* name, const auto& part) {
    std::vector<std::string> row = {name};
    for (const Option option : options) row.push_back(usd(part(of(report.decision.costs, option))));
    table.rows.push_back(row);
  };
  add("development", [](const Cost& cost) { return cost.development; });
  add("updates", [](const Cost& cost) { return cost.updates; });
  add("devices", [&](const Cost& cost) { return cost.device * devices; });
  add("link", [&](const Cost& cost) { return cost.link * devices; });
  add("energy", [&](const Cost& cost) { return cost.energy * devices; });
  add("cloud inference", [&](const Cost& cost) { return cost.cloud_of(devices); });
  add("total", [&](const Cost& cost) { return cost.total(devices); });
  add("a device", [&](const Cost& cost) { return cost.total(devices) / devices; });
  page.heading(fmt::format("Total cost of ownership, {} devices, {} years", number(devices),
                           number(report.scenario.fleet.lifetime_years)));
  page.table(table);
  page.heading("Break-even fleet size");
  for (const std::string& sentence : break_even_sentences(report.scenario, report.decision)) page.item(sentence);
}

std::string flip_cell(const InputFlips& flips, const std::optional<Flip>& flip) {
  if (!flip) return "";
  const std::string factor =
      flips.is_share || flips.value == 0 ? "" : fmt::format(" (x {})", number(flip->value / flips.value));
  return fmt::format("{}{}: {}", number(flip->value), factor, name_of(flip->verdict));
}

void add_flips(const Report& report, Page& page) {
  report::Table table{{{"input"}, {"now", true}, {"down to"}, {"up to"}}, {}};
  std::vector<std::string> never;
  for (const InputFlips& flips : report.flips) {
    if (!flips.flips()) {
      never.push_back(flips.input);
      continue;
    }
    table.rows.push_back({flips.input, number(flips.value), flip_cell(flips, flips.down), flip_cell(flips, flips.up)});
  }
  page.heading("What flips the verdict, the nearest first, all else equal");
  if (!table.rows.empty()) page.table(table);
  for (const Switch& other : report.switches) {
    page.item(fmt::format("{} = {}: {}", other.input, other.value, name_of(other.verdict)));
  }
  page.item(fmt::format("never, from 1/1000 to 1000 times its value (a share: from 0 to 1): {}",
                        never.empty() ? "none" : fmt::format("{}", fmt::join(never, ", "))));
}

std::string page_of(const Report& report, bool is_markdown) {
  Page page(is_markdown);
  const Option verdict = *report.decision.verdict;
  page.title(fmt::format("{}: {}", report.scenario.name, upper(decide::name_of(verdict))));
  page.paragraph(report.scenario.what);
  page.paragraph(work_of(report.scenario, report.decision, verdict));
  if (!report.note.empty()) page.paragraph(report.note);
  add_constraints(report, page);
  add_factors(report, page);
  add_cost(report, page);
  add_flips(report, page);
  return page.take();
}

}  // namespace

Report make_report(const Scenario& scenario, const std::string& file) {
  Report report{scenario, decide(scenario), {}, {}, {}};
  if (!report.decision.verdict) {
    std::vector<std::string> reasons;
    for (const Option option : described_options(scenario)) {
      reasons.push_back(fmt::format("{} is out because {}", decide::name_of(option),
                                    fmt::join(of(report.decision.against, option), ", and ")));
    }
    throw Error(ErrorCode::bad_input, fmt::format("the scenario leaves no option: {}", fmt::join(reasons, "; ")), file,
                "relax one of these, or describe a [hybrid] that keeps them");
  }
  report.flips = find_flips(scenario);
  report.switches = find_switches(scenario);
  return report;
}

std::string to_text(const Report& report) { return page_of(report, false); }
std::string to_markdown(const Report& report) { return page_of(report, true); }

}  // namespace whit::decide
