#include "whit/data/feature_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/data/features.hpp"

namespace whit::data {
namespace {

using Json = nlohmann::json;

[[noreturn]] void damaged(const std::string& what, const std::string& file) {
  throw Error(ErrorCode::bad_input, what, file, "write it again with `whit data recipe.toml -o FOLDER`");
}

int32_t index_of(const Json& name, const std::vector<std::string>& names, const std::string& file) {
  const auto found = std::find(names.begin(), names.end(), name.get<std::string>());
  if (found == names.end()) damaged(fmt::format("there is no feature '{}'", name.get<std::string>()), file);
  return static_cast<int32_t>(found - names.begin());
}

void read_lags(const Json& features, FeatureTable& table, const std::string& file) {
  rt::FeatureTable& record = table.record;
  bool has_time = false;
  for (const Json& each : features.at("list")) {
    const rt::LagFeature lag{static_cast<rt::LagKind>(index_of(each.at("kind"), lag_kind_names(), file)),
                             each.at("channel"), each.at("lag")};
    const bool counts_rows = lag.kind >= rt::LagKind::mean && lag.kind <= rt::LagKind::max;
    if (lag.channel < 0 || lag.channel >= record.channels || lag.lag < (counts_rows ? 1 : 0) ||
        lag.lag >= record.rows + (counts_rows ? 1 : 0)) {
      damaged("a feature reaches out of the window", file);
    }
    has_time = has_time || rt::is_of_time(lag.kind);
    table.lags.push_back(lag);
  }
  record.steps = features.at("steps");
  record.every = features.at("every");
  const double step_s = features.at("step_s");
  record.step_s = static_cast<int32_t>(std::lround(step_s));
  if (has_time && step_s != record.step_s) {
    throw Error(ErrorCode::unsupported, "readings that are no whole seconds apart, and features of the time", file,
                "a table of data with rows at whole seconds");
  }
  int64_t longest = 1;
  for (const rt::LagFeature& lag : table.lags) {
    longest = std::max<int64_t>(longest, lag.lag + (lag.kind <= rt::LagKind::delta ? 1 : 0));
  }
  if (table.lags.empty() || record.steps < 1 || record.every < 1 ||
      longest + int64_t{record.steps - 1} * record.every > record.rows) {
    damaged("the features need a longer window", file);
  }
}

FeatureTable read(const Json& json, const std::string& file) {
  FeatureTable table;
  if (!json.contains("features")) {
    throw Error(ErrorCode::unsupported, "it has no features of a window that a firmware can compute", file,
                "a recipe with [data.window], and [data.features] of kind lags, statistics or motion or none at all");
  }
  const Json& features = json.at("features");
  features.at("columns").get_to(table.columns);
  rt::FeatureTable& record = table.record;
  record.kind =
      static_cast<rt::FeatureKind>(index_of(features.at("kind"), {"window", "lags", "statistics", "motion"}, file));
  record.channels = static_cast<int32_t>(table.columns.size());
  record.rows = features.at("rows");
  if (record.channels < 1 || record.channels > 1000 || record.rows < 1 || record.rows > 1000000) {
    damaged("its window has no size that can be", file);
  }
  if (record.kind == rt::FeatureKind::lags) read_lags(features, table, file);
  if (record.kind == rt::FeatureKind::statistics) {
    for (const Json& name : features.at("of")) {
      table.statistics.push_back(static_cast<rt::Statistic>(index_of(name, statistic_names(), file)));
    }
  }
  if (record.kind == rt::FeatureKind::motion && (record.channels != rt::kMotionAxes || record.rows < 2)) {
    damaged("motion features of other than six columns and two rows", file);
  }
  record.change_of = features.value("change_of", -1);
  if (record.change_of < -1 || record.change_of >= record.channels)
    damaged("the target is no change of a column", file);
  table.target = features.value("target", "");
  table.horizon_s = features.value("horizon_s", 0.0);
  json.at("normalisation").at("offset").get_to(table.offset);
  json.at("normalisation").at("scale").get_to(table.scale);
  record.period = static_cast<int32_t>(table.offset.size());
  const int32_t count = rt::feature_count(table.view());
  if (table.scale.size() != table.offset.size() || (record.period > 0 && count % record.period != 0)) {
    damaged("the normalisation does not suit the features", file);
  }
  return table;
}

}  // namespace

rt::FeatureTable FeatureTable::view() const {
  rt::FeatureTable table = record;
  table.lags = lags.data();
  table.lag_count = static_cast<int32_t>(lags.size());
  table.statistics = statistics.data();
  table.statistic_count = static_cast<int32_t>(statistics.size());
  table.offset = offset.empty() ? nullptr : offset.data();
  table.scale = scale.empty() ? nullptr : scale.data();
  return table;
}

FeatureTable read_feature_table(const std::string& path) {
  const std::string file = std::filesystem::is_directory(path) ? path + "/data.json" : path;
  const std::vector<uint8_t> bytes = read_file(file);
  try {
    return read(Json::parse(bytes.begin(), bytes.end()), file);
  } catch (const Json::exception& error) {
    damaged(error.what(), file);
  }
}

}  // namespace whit::data
