#include "whit/data/collect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <regex>
#include <set>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit/data/arrays.hpp"
#include "whit/data/features.hpp"
#include "whit/data/media.hpp"

namespace whit::data {
namespace {

[[noreturn]] void bad(const std::string& what, const std::string& where, const std::string& hint = "") {
  throw Error(ErrorCode::bad_input, what, where, hint);
}

std::vector<std::string> files_of(const TomlTable& recipe) {
  std::vector<std::string> files = recipe.has("paths") ? recipe.texts("paths") : std::vector{recipe.text("path")};
  if (files.empty()) throw recipe.error("paths", "holds no files");
  for (std::string& file : files) file = path_of(recipe, file);
  return files;
}

bool is_integer(const std::string& text) {
  const size_t digits = text.starts_with("-") ? 1 : 0;
  return text.size() > digits && text.size() < 10 && text.find_first_not_of("0123456789", digits) == std::string::npos;
}

// Integers in the order of their values, texts in that of the alphabet.
std::vector<std::string> in_order(const std::set<std::string>& fields) {
  std::vector<std::string> ordered(fields.begin(), fields.end());
  if (std::all_of(ordered.begin(), ordered.end(), is_integer)) {
    std::sort(ordered.begin(), ordered.end(),
              [](const std::string& a, const std::string& b) { return std::stol(a) < std::stol(b); });
  }
  return ordered;
}

void name_classes(const TomlTable& recipe, TableRecipe& table) {
  std::set<std::string> fields;
  const size_t column = *table.label;
  for (size_t row = 0; row < table.columns.rows(); ++row) {
    if (!table.columns.is_missing(row, column)) fields.insert(table.columns.text(row, column));
  }
  const std::vector<std::string> found = in_order(fields);
  if (found.size() < 2) {
    bad(fmt::format("column '{}' holds {}", table.columns.names()[column],
                    found.empty() ? "no class" : fmt::format("the class '{}' alone", found[0])),
        table.files[0], "a classifier needs two classes; a number to predict is a target, not a label");
  }
  table.classes = recipe.texts("classes");
  if (table.classes.empty()) table.classes = found;
  // Names for the numbers 0, 1, ..., or the fields themselves.
  const bool names = is_integer(found[0]) && !is_integer(table.classes[0]);
  for (size_t i = 0; i < table.classes.size(); ++i) {
    table.class_of[names ? std::to_string(i) : table.classes[i]] = static_cast<float>(i);
  }
  for (const std::string& field : found) {
    if (table.class_of.contains(field)) continue;
    for (size_t row = 0;; ++row) {
      if (table.columns.text(row, column) != field) continue;
      bad(fmt::format("'{}' is no class", field), table.columns.place(row, column),
          fmt::format("[data] classes are: {}", fmt::join(table.classes, ", ")));
    }
  }
}

// The regular expression's group, or what it matches.
std::string match_of(const TomlTable& recipe, const std::string& key, const std::regex& pattern,
                     const std::string& name) {
  std::smatch match;
  if (!std::regex_search(name, match, pattern)) throw recipe.error(key, fmt::format("does not match '{}'", name));
  return match[match.size() > 1 ? 1 : 0];
}

}  // namespace

std::string path_of(const TomlTable& recipe, const std::string& path) {
  return (std::filesystem::path(recipe.file()).parent_path() / path).lexically_normal().string();
}

TableRecipe::TableRecipe(const TomlTable& recipe) : files(files_of(recipe)), columns(files) {
  const auto column = [&](const TomlTable& from, const char* key) -> std::optional<size_t> {
    if (!from.has(key)) return std::nullopt;
    return columns.index(from.text(key));
  };
  label = column(recipe, "label");
  target = column(recipe, "target");
  group = column(recipe, "group");
  time = column(recipe, "time");
  const std::string unit = recipe.choice("time_unit", {"s", "ms", "us"}, "s");
  unit_s = unit == "s" ? 1 : unit == "ms" ? 1e-3 : 1e-6;
  if (const std::optional<TomlTable> split = recipe.find_table("split")) part = column(*split, "column");
  if (label.has_value() == target.has_value()) {
    throw recipe.error(label ? "target" : "label", label ? "is given beside label" : "is missing, and so is target",
                       "label: a column of classes; target: a column of numbers");
  }
  if (label) name_classes(recipe, *this);
}

double TableRecipe::time_of(size_t row) const {
  return time ? columns.seconds(row, *time, unit_s) : static_cast<double>(row);
}

Collection collect(const TomlTable& recipe) {
  const std::string kind = recipe.choice("kind", {"table", "files", "samples"});
  Collection all = kind == "files"        ? collect_files(recipe)
                   : kind == "samples"    ? collect_samples(recipe)
                   : recipe.has("window") ? collect_windows(recipe)
                                          : collect_rows(recipe);
  if (all.samples.values.empty()) bad("there are no samples", all.files[0]);
  const Samples& samples = all.samples;
  const auto finite = [](float value) { return std::isfinite(value); };
  for (int64_t i = 0; i < samples.count(); ++i) {
    const std::span<const float> values = samples.sample(i);
    if (std::all_of(values.begin(), values.end(), finite) && finite(samples.labels[static_cast<size_t>(i)])) continue;
    bad("NaN or infinite",
        samples.names.empty() ? fmt::format("{}: sample {}", all.files[0], i) : samples.names[static_cast<size_t>(i)],
        "leave the sample out, or fill the gap before");
  }
  return all;
}

Collection collect_rows(const TomlTable& recipe) {
  const TableRecipe table(recipe);
  Collection all;
  all.files = table.files;
  all.class_names = table.classes;
  all.value_names = recipe.texts("columns");
  all.is_series = all.has_time = table.time.has_value();
  if (all.value_names.empty()) throw recipe.error("columns", "leaves nothing to learn from");
  std::vector<size_t> values;
  for (const std::string& name : all.value_names) values.push_back(table.columns.index(name));
  all.samples.shape = {static_cast<int64_t>(values.size())};
  const size_t label = table.label ? *table.label : *table.target;
  for (size_t row = 0; row < table.columns.rows(); ++row) {
    for (const size_t column : values) all.samples.values.push_back(table.columns.number(row, column));
    if (table.label && table.columns.is_missing(row, label)) bad("no class", table.columns.place(row, label));
    all.samples.labels.push_back(table.label ? table.class_of.at(table.columns.text(row, label))
                                             : table.columns.number(row, label));
    const auto at = static_cast<int64_t>(row);
    const double time = table.time_of(row);
    all.origins.push_back({table.group_of(row), table.part_of(row), at, at, time, time});
  }
  return all;
}

Collection collect_files(const TomlTable& recipe) {
  const TableRecipe table(recipe);
  Collection all;
  all.files = table.files;
  all.class_names = table.classes;
  const std::filesystem::path folder = path_of(recipe, recipe.text("folder", "."));
  const size_t names = table.columns.index(recipe.text("file"));
  std::unique_ptr<Features> features;
  if (const auto found = recipe.find_table("features")) features = make_features(*found, {}, 0);
  std::vector<int64_t> raw;
  for (size_t row = 0; row < table.columns.rows(); ++row) {
    const std::string& name = table.columns.text(row, names);
    const std::string file = (folder / name).string();
    const Media media = is_image(file) ? read_image(file) : read_audio(file);
    if (raw.empty()) raw = media.shape;
    if (media.shape != raw) {
      bad(fmt::format("its shape is [{}], that of the files before is [{}]", fmt::join(media.shape, ","),
                      fmt::join(raw, ",")),
          file, "bring all files to the size that the model wants");
    }
    if (features && features->sample_rate_hz() != 0 && features->sample_rate_hz() != media.sample_rate_hz) {
      bad(fmt::format("{} samples a second, the recipe says {}", media.sample_rate_hz, features->sample_rate_hz()),
          file, "resample the recordings, or correct [data.features] sample_rate_hz");
    }
    all.samples.shape = features ? features->shape(raw) : raw;
    if (features) {
      features->compute(media.values, 0, {}, all.samples.values);
    } else {
      all.samples.values.insert(all.samples.values.end(), media.values.begin(), media.values.end());
    }
    all.samples.names.push_back(name);
    const size_t label = table.label ? *table.label : *table.target;
    if (table.label && table.columns.is_missing(row, label)) bad("no class", table.columns.place(row, label));
    all.samples.labels.push_back(table.label ? table.class_of.at(table.columns.text(row, label))
                                             : table.columns.number(row, label));
    const auto at = static_cast<int64_t>(row);
    all.origins.push_back({table.group_of(row), table.part_of(row), at, at, double(row), double(row)});
  }
  return all;
}

Collection collect_samples(const TomlTable& recipe) {
  Source source;
  source.path = path_of(recipe, recipe.text("path"));
  if (recipe.has("labels")) source.labels = path_of(recipe, recipe.text("labels"));
  source.shape = recipe.integers("shape", {1, 1e9});
  source.type = recipe.choice("type", {"f32", "i8", "u8", "i16"}, "f32");
  source.swap_red_blue = recipe.boolean("swap_red_blue", false);
  const bool targets = recipe.choice("labels_are", {"classes", "targets"}, "classes") == "targets";
  Collection all;
  all.samples = load(source);
  all.files = {source.path};
  Samples& samples = all.samples;
  if (samples.labels.empty())
    throw recipe.error("labels", "is missing, and the data hold none", "labels = \"FILE:COLUMN\"");
  all.origins.resize(static_cast<size_t>(samples.count()));
  for (size_t i = 0; i < all.origins.size(); ++i) {
    all.origins[i].first_row = all.origins[i].last_row = static_cast<int64_t>(i);
    all.origins[i].first_s = all.origins[i].last_s = static_cast<double>(i);
  }
  // By a pattern of the names, or by an array beside the samples.
  const auto fill = [&](const TomlTable& from, const std::string& key, std::string Origin::*field) {
    if (!from.has(key)) return;
    if (!samples.names.empty()) {
      std::regex pattern;
      try {
        pattern = std::regex(from.text(key));
      } catch (const std::regex_error&) {
        throw from.error(key, "is no regular expression");
      }
      for (size_t i = 0; i < all.origins.size(); ++i) {
        all.origins[i].*field = match_of(from, key, pattern, samples.names[i]);
      }
      return;
    }
    const auto array = source.path.ends_with(".npz") ? read_npz(source.path, from.text(key)) : std::nullopt;
    if (!array) throw from.error(key, "is no array of the data", "an array of the .npz with an element a sample");
    const std::vector<float> values = numbers(array->data, array->descr, source.path);
    if (values.size() != all.origins.size()) {
      throw from.error(key, fmt::format("has {} elements for {} samples", values.size(), all.origins.size()));
    }
    for (size_t i = 0; i < values.size(); ++i) all.origins[i].*field = fmt::format("{}", values[i]);
  };
  fill(recipe, "group", &Origin::group);
  if (const auto split = recipe.find_table("split")) fill(*split, "column", &Origin::part);
  if (targets) return all;
  float highest = 0;
  for (int64_t i = 0; i < samples.count(); ++i) {
    const float label = samples.labels[static_cast<size_t>(i)];
    if (label < 0 || label != std::floor(label) || label > 1e6f) {
      bad(fmt::format("{} is no class", label), samples.label_place(i),
          "labels_are = \"targets\" for numbers to predict");
    }
    highest = std::max(highest, label);
  }
  all.class_names = recipe.texts("classes");
  if (all.class_names.empty()) {
    for (int i = 0; i <= static_cast<int>(highest); ++i) all.class_names.push_back(std::to_string(i));
  }
  if (static_cast<float>(all.class_names.size()) <= highest) {
    throw recipe.error("classes",
                       fmt::format("holds {} names, but there is a class {}", all.class_names.size(), highest));
  }
  if (all.class_names.size() < 2) bad("one class alone", source.path, "a classifier needs two");
  return all;
}

}  // namespace whit::data
