#include "whit/learn/search/space.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "whit/base/units.hpp"

namespace whit::learn {
namespace {

bool has_sizes(Architecture kind) {
  switch (kind) {
    case Architecture::resnet8:
    case Architecture::resnet18:
    case Architecture::mobilenet_v1:
    case Architecture::mobilenet_v2:
      return false;
    default:
      return true;
  }
}

template <typename T>
std::vector<T> or_one(std::vector<T> values, T otherwise) {
  if (values.empty()) values.push_back(otherwise);
  return values;
}

// What `parse` says against the text at `key`, with the place of the key.
template <typename Parse>
auto parsed(const TomlTable& table, const std::string& key, const Parse& parse) {
  try {
    return parse();
  } catch (const Error& error) {
    throw table.error(key, fmt::format("cannot be used: {}", error.what()), error.hint());
  }
}

void read_axes(const TomlTable& table, SearchRecipe& recipe) {
  const ArchitectureOptions& model = recipe.base.architecture;
  const std::vector<const char*> axes = {"width", "depth", "precision", "sparsity"};
  if (std::none_of(axes.begin(), axes.end(), [&](const char* axis) { return table.has(axis); })) {
    throw table.error("width", "is missing, and so are the other axes: there is nothing to search",
                      fmt::format("one or more of: {}, each a list of values", fmt::join(axes, ", ")));
  }
  recipe.widths = table.numbers("width", {0.01, 16});
  recipe.depths = table.integers("depth", {1, 64});
  for (const char* axis : axes) {
    const std::string name = axis;
    const bool is_text = name == "precision" || name == "sparsity";
    if (!table.has(name)) continue;
    if (is_text ? table.texts(name).empty() : table.numbers(name).empty()) {
      throw table.error(name, "is an empty list", "one value or more, or leave the key out");
    }
    if (is_text) continue;
    if (!has_sizes(model.kind) && name == "depth") {
      throw table.error(name, "says nothing: this architecture has one depth",
                        "leave the key out, or an architecture with sizes");
    }
    if (has_sizes(model.kind) && model.sizes.empty()) {
      throw table.error(name, "scales sizes that [model] does not give", "sizes in [model], such as [128, 64]");
    }
  }
  for (const std::string& name : table.texts("precision")) {
    const auto precision = parsed(table, "precision", [&] { return compress::precision_from_name(name); });
    auto& all = recipe.precisions;
    if (std::find(all.begin(), all.end(), precision) == all.end()) all.push_back(precision);
  }
  for (const std::string& text : table.texts("sparsity")) {
    if (text != "0") parsed(table, "sparsity", [&] { return compress::sparsity_from_text(text); });
    recipe.sparsities.push_back(text);
  }
  if (recipe.base.options.prune && !recipe.sparsities.empty()) {
    throw table.error("sparsity", "is said by [prune] already", "one of the two");
  }
  recipe.widths = or_one(recipe.widths, 1.0);
  recipe.depths = or_one<int64_t>(recipe.depths, 0);
  recipe.precisions =
      or_one(recipe.precisions, recipe.base.quantize ? recipe.base.quantize->precision : compress::Precision::f32);
  recipe.sparsities = or_one<std::string>(recipe.sparsities, "0");
}

std::string device_of(const TomlTable& table) {
  const std::string name = table.text("device");
  if (!name.ends_with(".toml")) return name;
  return (std::filesystem::path(table.file()).parent_path() / name).string();
}

device::Budgets read_budgets(const TomlTable& table) {
  const auto read = [&](const char* key, Dimension dimension) -> std::optional<double> {
    if (!table.has(key)) return std::nullopt;
    return parsed(table, key, [&] { return parse_quantity(table.text(key), dimension, ""); });
  };
  device::Budgets budgets;
  budgets.ram_bytes = read("ram", Dimension::bytes);
  budgets.flash_bytes = read("flash", Dimension::bytes);
  budgets.latency_s = read("latency", Dimension::seconds);
  budgets.energy_j = read("energy", Dimension::joules);
  table.refuse_unknown_keys();
  return budgets;
}

std::vector<int64_t> sizes_of(const ArchitectureOptions& model, double width, int64_t depth) {
  std::vector<int64_t> sizes = model.sizes;
  if (depth > 0) sizes.resize(static_cast<size_t>(depth), sizes.back());
  for (int64_t& size : sizes) {
    size = std::max<int64_t>(1, std::llround(static_cast<double>(size) * width));
  }
  return sizes;
}

Net net_of(const SearchRecipe& recipe, double width, int64_t depth, const std::string& sparsity) {
  Net net{"", recipe.base.architecture, std::nullopt};
  net.name = kArchitectureNames[static_cast<size_t>(net.architecture.kind)];
  if (!has_sizes(net.architecture.kind)) {
    net.architecture.width *= width;
    net.name += fmt::format("-w{}", net.architecture.width);
  } else if (!net.architecture.sizes.empty()) {
    net.architecture.sizes = sizes_of(recipe.base.architecture, width, depth);
    net.name += fmt::format("-{}", fmt::join(net.architecture.sizes, "-"));
  }
  if (sparsity == "0") return net;
  net.sparsity = compress::sparsity_from_text(sparsity);
  net.name += "-s" + sparsity;
  std::replace(net.name.begin(), net.name.end(), ':', '_');
  return net;
}

}  // namespace

int64_t SearchRecipe::epochs_of(int64_t rung) const {
  const double share = std::pow(static_cast<double>(eta), static_cast<double>(rung + 1 - rungs));
  return std::max<int64_t>(1, std::llround(static_cast<double>(base.options.epochs) * share));
}

SearchRecipe read_search(const std::string& file) {
  const TomlTable root = TomlTable::read(file), table = root.table("search");
  SearchRecipe recipe{read_recipe(root), {}, {}, {}, {}, 3, 2, {}, {}};
  if (!recipe.base.model_file.empty()) {
    throw root.table("model").error("file", "is no net that a search can vary", "an architecture");
  }
  read_axes(table, recipe);
  recipe.rungs = table.integer("rungs", {1, 20}, 3);
  recipe.eta = table.integer("eta", {2, 16}, 2);
  if (static_cast<double>(recipe.base.options.epochs) <
      std::pow(static_cast<double>(recipe.eta), static_cast<double>(recipe.rungs - 1))) {
    throw table.error(
        "rungs", fmt::format("is {0}: {1} epochs are too few for {0} rungs", recipe.rungs, recipe.base.options.epochs),
        "more epochs in [train], or fewer rungs");
  }
  if (!table.has("device")) {
    throw table.error("device", "is missing", "device = NAME; `whit devices` lists them");
  }
  const std::string device = device_of(table);
  recipe.device = parsed(table, "device", [&] { return device::find_profile(device); });
  table.refuse_unknown_keys();
  if (const std::optional<TomlTable> budget = root.find_table("budget")) recipe.budgets = read_budgets(*budget);
  return recipe;
}

Space space_of(const SearchRecipe& recipe) {
  Space space;
  for (const double width : recipe.widths) {
    for (const int64_t depth : recipe.depths) {
      for (const std::string& sparsity : recipe.sparsities) {
        const Net net = net_of(recipe, width, depth, sparsity);
        if (std::any_of(space.nets.begin(), space.nets.end(), [&](const Net& n) { return n.name == net.name; }))
          continue;
        for (const compress::Precision precision : recipe.precisions) {
          space.candidates.push_back(
              {space.nets.size(), precision, fmt::format("{}-{}", net.name, compress::name_of(precision))});
        }
        space.nets.push_back(net);
      }
    }
  }
  return space;
}

}  // namespace whit::learn
