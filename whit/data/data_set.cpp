#include "whit/data/data_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/base/prediction_error.hpp"
#include "whit/data/arrays.hpp"
#include "whit/data/collect.hpp"
#include "whit/data/leakage.hpp"
#include "whit_runtime/features/standardize.hpp"

namespace whit::data {
namespace {

Normalisation fit(const std::string& kind, const Samples& samples) {
  Normalisation fitted{kind, {}, {}};
  if (kind == "none") return fitted;
  const auto period = static_cast<size_t>(samples.shape.back());
  const auto count = static_cast<double>(samples.values.size()) / static_cast<double>(period);
  std::vector<double> low(period, INFINITY), high(period, -INFINITY), sum(period), squares(period);
  for (size_t i = 0; i < samples.values.size(); ++i) {
    const double value = samples.values[i];
    low[i % period] = std::min(low[i % period], value);
    high[i % period] = std::max(high[i % period], value);
    sum[i % period] += value;
  }
  for (size_t i = 0; i < samples.values.size(); ++i) {
    const double away = samples.values[i] - sum[i % period] / count;
    squares[i % period] += away * away;
  }
  for (size_t k = 0; k < period; ++k) {
    const bool standardize = kind == "standardize";
    const double spread = standardize ? std::sqrt(squares[k] / count) : high[k] - low[k];
    fitted.offset.push_back(static_cast<float>(standardize ? sum[k] / count : low[k]));
    // What never changes in training says nothing: it stays 0.
    fitted.scale.push_back(high[k] > low[k] ? static_cast<float>(1 / spread) : 1.0f);
  }
  return fitted;
}

void apply(const Normalisation& fitted, Samples& samples) {
  if (fitted.offset.empty() || samples.values.empty()) return;
  const auto period = static_cast<int32_t>(fitted.offset.size());
  for (int64_t i = 0; i < samples.count(); ++i) {
    rt::standardize(samples.values.data() + i * samples.elements(), static_cast<int32_t>(samples.elements()),
                    fitted.offset.data(), fitted.scale.data(), period);
  }
}

void fill_parts(const Collection& all, const std::vector<Part>& parts, DataSet& set) {
  for (Samples& part : set.parts) {
    part.shape = all.samples.shape;
    part.labels_file = all.files[0];
  }
  std::set<std::string> groups[3];
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == Part::none) {
      ++set.left_out;
      continue;
    }
    Samples& part = set.parts[static_cast<size_t>(parts[i])];
    const std::span<const float> values = all.samples.sample(static_cast<int64_t>(i));
    part.values.insert(part.values.end(), values.begin(), values.end());
    part.labels.push_back(all.samples.labels[i]);
    if (!all.unchanged.empty()) set.unchanged[static_cast<size_t>(parts[i])].push_back(all.unchanged[i]);
    part.rows.push_back(all.origins[i].last_row);
    if (!all.samples.names.empty()) part.names.push_back(all.samples.names[i]);
    if (!all.origins[i].group.empty()) groups[static_cast<size_t>(parts[i])].insert(all.origins[i].group);
  }
  for (size_t i = 0; i < 3; ++i) set.groups[i].assign(groups[i].begin(), groups[i].end());
}

std::vector<int64_t> class_counts(const DataSet& set, const Samples& part) {
  std::vector<int64_t> counts(set.class_names.size());
  for (const float label : part.labels) ++counts[static_cast<size_t>(label)];
  return counts;
}

void check_classes(const DataSet& set, const std::string& file) {
  for (size_t i = 0; i < 3; ++i) {
    if (set.parts[i].labels.empty() || set.class_names.empty()) continue;
    const std::vector<int64_t> counts = class_counts(set, set.parts[i]);
    const auto none = std::find(counts.begin(), counts.end(), 0);
    if (none == counts.end()) continue;
    throw Error(ErrorCode::bad_input,
                fmt::format("class '{}' does not occur in {}",
                            set.class_names[static_cast<size_t>(none - counts.begin())], kPartNames[i]),
                file, "another seed, other fractions, or a list of classes without it");
  }
}

npy::Array array_of(const std::string& descr, std::vector<int64_t> shape, const void* data, size_t bytes) {
  const auto* begin = static_cast<const uint8_t*>(data);
  return {descr, std::move(shape), {begin, begin + bytes}};
}

}  // namespace

DataSet read_data_set(const TomlTable& recipe) {
  const TomlTable split_recipe = recipe.table("split");
  const SplitPlan plan = read_split(split_recipe);
  const std::string normalise = recipe.choice("normalise", {"standardize", "min_max", "none"}, "standardize");
  const bool allow_leakage = recipe.boolean("allow_leakage", false);
  const Collection all = collect(recipe);
  recipe.refuse_unknown_keys();

  DataSet set;
  set.class_names = all.class_names;
  set.value_names = all.value_names;
  set.split = text_of(plan);
  set.features = all.features;
  const std::vector<Part> parts = split(all, plan);
  set.leaks = find_leaks(all, parts, plan.by);
  if (!set.leaks.empty() && !allow_leakage) {
    throw Error(ErrorCode::gate_failed, "the test would know what the training saw: " + set.leaks[0], all.files[0],
                "by = \"chronological\" for a time series, by = \"group\" for subjects and recordings; "
                "allow_leakage = true goes on and says \"leak\" in the result");
  }
  fill_parts(all, parts, set);
  check_classes(set, all.files[0]);
  set.normalisation = fit(normalise, set.train());
  for (Samples& part : set.parts) apply(set.normalisation, part);
  for (const std::string& file : all.files) {
    set.sources.push_back({file, std::filesystem::is_directory(file) ? "" : hex(sha256(read_file(file)))});
  }
  return set;
}

nlohmann::ordered_json to_json(const DataSet& set) {
  using Json = nlohmann::ordered_json;
  Json json{{"shape", set.train().shape}, {"split", set.split}, {"left_out", set.left_out}};
  json["leak"] = !set.leaks.empty();
  json["leaks"] = set.leaks;
  if (!set.class_names.empty()) json["classes"] = set.class_names;
  if (!set.value_names.empty()) json["values"] = set.value_names;
  for (size_t i = 0; i < 3; ++i) {
    Json& part = json["parts"][kPartNames[i]];
    part["samples"] = set.parts[i].count();
    if (!set.class_names.empty()) part["by_class"] = class_counts(set, set.parts[i]);
    if (!set.unchanged[i].empty()) {
      const PredictionError error = prediction_error(set.unchanged[i], set.parts[i].labels);
      part["persistence"] = {{"mae", error.mae}, {"rmse", error.rmse}, {"p95", error.p95}};
    }
    if (!set.groups[i].empty()) part["groups"] = set.groups[i];
  }
  json["normalisation"] = {
      {"kind", set.normalisation.kind}, {"offset", set.normalisation.offset}, {"scale", set.normalisation.scale}};
  if (!set.features.is_null()) json["features"] = set.features;
  for (const SourceFile& source : set.sources) {
    json["sources"].push_back({{"path", source.path}, {"sha256", source.sha256}});
  }
  return json;
}

void write_data_set(const DataSet& set, const std::string& folder) {
  std::filesystem::create_directories(folder);
  for (size_t i = 0; i < 3; ++i) {
    const Samples& part = set.parts[i];
    if (part.values.empty()) continue;
    std::vector<int64_t> shape = {part.count()};
    shape.insert(shape.end(), part.shape.begin(), part.shape.end());
    npy::Array y = array_of("<f4", {part.count()}, part.labels.data(), part.labels.size() * sizeof(float));
    if (!set.class_names.empty()) {
      const std::vector<int32_t> classes(part.labels.begin(), part.labels.end());
      y = array_of("<i4", {part.count()}, classes.data(), classes.size() * sizeof(int32_t));
    }
    write_npz(fmt::format("{}/{}.npz", folder, kPartNames[i]),
              {{"x", array_of("<f4", shape, part.values.data(), part.values.size() * sizeof(float))}, {"y", y}});
  }
  write_file(folder + "/data.json", to_json(set).dump(2) + "\n");
}

}  // namespace whit::data
