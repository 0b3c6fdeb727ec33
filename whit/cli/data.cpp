// whit data RECIPE [-o FOLDER] [--json]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "whit/cli/verbs.hpp"
#include "whit/data/data_set.hpp"
#include "whit/report/table.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string recipe, output;
  bool json = false;
};

void print(const data::DataSet& set) {
  report::Table table{{{"part"}, {"samples", true}}, {}};
  const nlohmann::ordered_json json = data::to_json(set);
  for (const std::string& name : set.class_names) table.columns.push_back({name, true});
  table.columns.push_back({"groups"});
  for (size_t i = 0; i < 3; ++i) {
    std::vector<std::string> row = {data::kPartNames[i], std::to_string(set.parts[i].count())};
    for (const auto& count : json["parts"][data::kPartNames[i]].value("by_class", std::vector<int64_t>{})) {
      row.push_back(std::to_string(count));
    }
    const std::vector<std::string>& groups = set.groups[i];
    row.push_back(groups.size() > 12 ? std::to_string(groups.size()) : fmt::format("{}", fmt::join(groups, " ")));
    table.rows.push_back(row);
  }
  fmt::print("samples of shape [{}], split {}", fmt::join(set.train().shape, ","), set.split);
  if (set.left_out > 0) fmt::print(", {} left out", set.left_out);
  fmt::print("\n{}", report::to_text(table));
  fmt::print("normalisation: {}, fitted on train\n", set.normalisation.kind);
  if (set.leaks.empty()) fmt::print("no leak found\n");
  for (const std::string& leak : set.leaks) fmt::print("leak: {}\n", leak);
}

}  // namespace

void add_data(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      app.add_subcommand("data", "reads, splits and checks the data of a recipe; writes it for other verbs");
  verb->add_option("recipe", arguments->recipe, "TOML with a table [data]: docs/guide/data.md")->required();
  verb->add_option("-o,--output", arguments->output, "folder for train.npz, validation.npz, test.npz and data.json");
  verb->add_flag("--json", arguments->json, "machine-readable");
  verb->callback([arguments] {
    const data::DataSet set = data::read_data_set(TomlTable::read(arguments->recipe).table("data"));
    if (!arguments->output.empty()) data::write_data_set(set, arguments->output);
    if (arguments->json) return fmt::print("{}\n", data::to_json(set).dump(2));
    print(set);
  });
}

}  // namespace whit::cli
