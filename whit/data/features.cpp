#include "whit/data/features.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "whit/base/error.hpp"
#include "whit/base/nearest.hpp"
#include "whit_runtime/features/lags.hpp"
#include "whit_runtime/features/mel.hpp"
#include "whit_runtime/features/motion.hpp"
#include "whit_runtime/features/statistics.hpp"

namespace whit::data {
namespace {

const std::vector<std::string> kStatistics = {"mean", "std", "min", "max", "rms", "energy", "mean_crossings"};
const std::vector<std::string> kLagKinds = {"value",   "delta",   "mean",     "std",      "min",    "max",
                                            "day_sin", "day_cos", "week_sin", "week_cos", "planned"};

int32_t index_in(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<int32_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

void expect_window(const TomlTable& recipe, const std::vector<int64_t>& raw, size_t channels) {
  if (raw.size() != 2 || raw[1] != static_cast<int64_t>(channels)) {
    throw recipe.error(
        "kind", fmt::format("needs windows of {} columns, the samples have shape [{}]", channels, fmt::join(raw, ",")),
        "add [data.window], or leave the features out");
  }
}

class Motion : public Features {
 public:
  Motion(const TomlTable& recipe, const std::vector<std::string>& columns) : recipe_(recipe) {
    for (const std::string& column : columns) {
      for (const char* name : {"mean", "std", "min", "max"}) names_.push_back(column + " " + name);
    }
    for (const char* name : {"acceleration std", "turn rate", "tilt change"}) names_.push_back(name);
  }
  std::vector<int64_t> shape(const std::vector<int64_t>& raw) const override {
    expect_window(recipe_, raw, rt::kMotionAxes);
    if (raw[0] < 2) throw recipe_.error("kind", "needs windows of two rows or more");
    return {rt::kMotionFeatures};
  }
  std::vector<std::string> names() const override { return names_; }
  void compute(std::span<const float> raw, double /*newest_s*/, std::span<const float> /*ahead*/,
               std::vector<float>& out) const override {
    out.resize(out.size() + rt::kMotionFeatures);
    rt::motion_features(raw.data(), static_cast<int32_t>(raw.size()) / rt::kMotionAxes,
                        out.data() + out.size() - rt::kMotionFeatures);
  }
  nlohmann::ordered_json description() const override { return {{"kind", "motion"}}; }

 private:
  TomlTable recipe_;
  std::vector<std::string> names_;
};

class Statistics : public Features {
 public:
  Statistics(const TomlTable& recipe, const std::vector<std::string>& columns)
      : recipe_(recipe), channels_(static_cast<int32_t>(columns.size())), kinds_(recipe.texts("of")) {
    if (kinds_.empty())
      throw recipe.error("of", "no statistics", fmt::format("some of: {}", fmt::join(kStatistics, ", ")));
    for (const std::string& kind : kinds_) {
      if (std::find(kStatistics.begin(), kStatistics.end(), kind) == kStatistics.end()) {
        throw recipe.error("of", fmt::format("there is no statistic '{}'", kind),
                           fmt::format("did you mean '{}'?", nearest(kind, kStatistics)));
      }
      which_.push_back(static_cast<rt::Statistic>(index_in(kStatistics, kind)));
    }
    for (const std::string& column : columns) {
      for (const std::string& kind : kinds_) names_.push_back(fmt::format("{} {}", column, kind));
    }
  }
  std::vector<int64_t> shape(const std::vector<int64_t>& raw) const override {
    expect_window(recipe_, raw, static_cast<size_t>(channels_));
    return {static_cast<int64_t>(names_.size())};
  }
  std::vector<std::string> names() const override { return names_; }
  void compute(std::span<const float> raw, double /*newest_s*/, std::span<const float> /*ahead*/,
               std::vector<float>& out) const override {
    out.resize(out.size() + names_.size());
    rt::channel_statistics(which_.data(), static_cast<int32_t>(which_.size()), raw.data(),
                           static_cast<int32_t>(raw.size()) / channels_, channels_,
                           out.data() + out.size() - names_.size());
  }
  nlohmann::ordered_json description() const override { return {{"kind", "statistics"}, {"of", kinds_}}; }

 private:
  TomlTable recipe_;
  int32_t channels_;
  std::vector<std::string> kinds_, names_;
  std::vector<rt::Statistic> which_;
};

// One row of features, or `steps` of them, `step_every` rows apart, up to the newest, for recurrent models.
class Lags : public Features {
 public:
  Lags(const TomlTable& recipe, const std::vector<std::string>& columns, double step_s)
      : recipe_(recipe),
        channels_(static_cast<int32_t>(columns.size())),
        steps_(static_cast<int32_t>(recipe.integer("steps", {1, 100000}, 1))),
        every_(static_cast<int32_t>(rows_of(recipe, "step_every", step_s, 1, 1))),
        step_s_(step_s) {
    for (const TomlTable& each : recipe.tables("list")) {
      const std::string kind = each.choice("kind", kLagKinds);
      rt::LagFeature feature{static_cast<rt::LagKind>(index_in(kLagKinds, kind)), 0, 0};
      if (rt::is_of_time(feature.kind)) {
        if (step_s == 0)
          throw each.error("kind", "the time of the day needs a column of time", "name it in [data] time");
        names_.push_back(kind);
      } else if (feature.kind == rt::LagKind::planned) {
        if (planned_) throw each.error("kind", "is 'planned' a second time", "one: the device is told one number");
        const std::string column = each.choice("of", columns);
        planned_ = feature.channel = index_in(columns, column);
        names_.push_back(column + " planned");
      } else {
        const std::string column = each.choice("of", columns);
        feature.channel = index_in(columns, column);
        const bool value = feature.kind == rt::LagKind::value;
        feature.lag = static_cast<int32_t>(
            rows_of(each, "lag", step_s, value ? 0 : 1, value ? std::optional<int64_t>(0) : std::nullopt));
        window_ = std::max(window_, feature.lag + (feature.kind <= rt::LagKind::delta ? 1 : 0));
        names_.push_back(value && feature.lag == 0 ? column : fmt::format("{} {} {}", column, kind, feature.lag));
      }
      features_.push_back(feature);
    }
    if (features_.empty()) throw recipe.error("list", "no features", "list = [{ kind = \"value\", of = \"COLUMN\" }]");
    if (rows() > kMostRows) {
      throw recipe.error("list",
                         fmt::format("the features reach over {} rows, at most {} are possible", rows(), kMostRows));
    }
  }
  int64_t rows() const override { return window_ + int64_t{steps_ - 1} * every_; }
  std::vector<int64_t> shape(const std::vector<int64_t>& raw) const override {
    expect_window(recipe_, raw, static_cast<size_t>(channels_));
    if (raw[0] < rows()) throw recipe_.error("list", fmt::format("needs windows of {} rows", rows()));
    const auto count = static_cast<int64_t>(features_.size());
    return steps_ == 1 ? std::vector<int64_t>{count} : std::vector<int64_t>{steps_, count};
  }
  std::vector<std::string> names() const override { return names_; }
  std::optional<int32_t> planned() const override { return planned_; }
  void compute(std::span<const float> raw, double newest_s, std::span<const float> ahead,
               std::vector<float>& out) const override {
    const int32_t rows = static_cast<int32_t>(raw.size()) / channels_, count = static_cast<int32_t>(features_.size());
    // 1970-01-01 was a Thursday.
    const double since_monday = newest_s + 3.0 * rt::kDaySeconds;
    const float planned =
        planned_ ? rt::mean_of(ahead.data() + *planned_, static_cast<int32_t>(ahead.size()) / channels_, channels_) : 0;
    const size_t before = out.size();
    out.resize(before + static_cast<size_t>(steps_) * features_.size());
    rt::lag_steps(
        features_.data(), count, steps_, every_, raw.data(), rows, channels_,
        [&](int32_t back) { return std::llround(since_monday - back * step_s_); }, planned, out.data() + before);
  }
  nlohmann::ordered_json description() const override {
    nlohmann::ordered_json list;
    for (const rt::LagFeature& f : features_) {
      list.push_back({{"kind", kLagKinds[static_cast<size_t>(f.kind)]}, {"channel", f.channel}, {"lag", f.lag}});
    }
    return {{"kind", "lags"}, {"steps", steps_}, {"every", every_}, {"step_s", step_s_}, {"list", list}};
  }

 private:
  TomlTable recipe_;
  static constexpr int64_t kMostRows = 1000000;
  int32_t channels_, steps_, every_, window_ = 1;
  std::optional<int32_t> planned_;  // its channel
  double step_s_;
  std::vector<rt::LagFeature> features_;
  std::vector<std::string> names_;
};

class Mel : public Features {
 public:
  Mel(const TomlTable& recipe, bool is_mfcc) : recipe_(recipe) {
    const auto integer = [&](const char* key) { return static_cast<int32_t>(recipe.integer(key, {1, 1e6})); };
    spectrum_.sample_rate_hz = integer("sample_rate_hz");
    spectrum_.frame = integer("frame");
    step_ = integer("step");
    spectrum_.fft = integer("fft");
    spectrum_.bands = integer("bands");
    spectrum_.low_hz = static_cast<float>(recipe.number("low_hz", kNotNegative));
    spectrum_.high_hz = static_cast<float>(recipe.number("high_hz", kNotNegative));
    if (!rt::is_valid(spectrum_)) {
      throw recipe.error("fft", "these figures do not fit together",
                         "fft a power of two, frame <= fft, bands <= 256, low_hz < high_hz <= sample_rate_hz / 2");
    }
    if (is_mfcc) coefficients_ = static_cast<int32_t>(recipe.integer("coefficients", {1, double(spectrum_.bands)}));
    table_.resize(static_cast<size_t>(rt::mel_table_floats(spectrum_)));
    rt::mel_table(spectrum_, table_.data());
  }
  // [frames, bands or coefficients, 1]
  std::vector<int64_t> shape(const std::vector<int64_t>& raw) const override {
    if (raw.size() != 1)
      throw recipe_.error("kind", fmt::format("needs recordings of one channel, not [{}]", fmt::join(raw, ",")));
    if (raw[0] < spectrum_.frame) throw recipe_.error("frame", fmt::format("the recordings have {} samples", raw[0]));
    return {1 + (raw[0] - spectrum_.frame) / step_, coefficients_ > 0 ? coefficients_ : spectrum_.bands, 1};
  }
  std::vector<std::string> names() const override { return {}; }
  void compute(std::span<const float> raw, double /*newest_s*/, std::span<const float> /*ahead*/,
               std::vector<float>& out) const override {
    std::vector<float> scratch(static_cast<size_t>(spectrum_.fft)), bands(static_cast<size_t>(spectrum_.bands));
    std::vector<float> coefficients(static_cast<size_t>(coefficients_));
    for (size_t at = 0; at + static_cast<size_t>(spectrum_.frame) <= raw.size(); at += static_cast<size_t>(step_)) {
      rt::log_mel(spectrum_, table_.data(), raw.data() + at, scratch.data(), bands.data());
      rt::mfcc(spectrum_, table_.data(), bands.data(), coefficients_, coefficients.data());
      const std::vector<float>& frame = coefficients_ > 0 ? coefficients : bands;
      out.insert(out.end(), frame.begin(), frame.end());
    }
  }
  int64_t sample_rate_hz() const override { return spectrum_.sample_rate_hz; }

 private:
  TomlTable recipe_;
  rt::MelSpectrum spectrum_{};
  int32_t step_ = 0, coefficients_ = 0;
  std::vector<float> table_;
};

}  // namespace

std::unique_ptr<Features> make_features(const TomlTable& recipe, const std::vector<std::string>& columns,
                                        double step_s) {
  const std::string kind = recipe.choice("kind", {"motion", "statistics", "lags", "log_mel", "mfcc"});
  if (kind == "motion") return std::make_unique<Motion>(recipe, columns);
  if (kind == "statistics") return std::make_unique<Statistics>(recipe, columns);
  if (kind == "lags") return std::make_unique<Lags>(recipe, columns, step_s);
  return std::make_unique<Mel>(recipe, kind == "mfcc");
}

const std::vector<std::string>& statistic_names() { return kStatistics; }
const std::vector<std::string>& lag_kind_names() { return kLagKinds; }

int64_t rows_of(const TomlTable& table, const std::string& key, double step_s, int64_t lowest,
                std::optional<int64_t> fallback) {
  const std::string in_seconds = key + "_s";
  const Range range = {static_cast<double>(lowest), 2147483647.0};
  if (!table.has(in_seconds)) return fallback ? table.integer(key, range, *fallback) : table.integer(key, range);
  if (table.has(key))
    throw table.error(in_seconds, fmt::format("{} and {} say the same", key, in_seconds), "one of them");
  const double seconds = table.number(in_seconds, kNotNegative);
  if (step_s == 0) {
    throw table.error(in_seconds, "seconds need a column of time",
                      fmt::format("name it in [data] time, or give {} in rows", key));
  }
  const double rows = std::round(seconds / step_s);
  if (rows < range.lowest || rows > range.highest) {
    throw table.error(in_seconds, fmt::format("{} s are {} rows of {:.6g} s", seconds, rows, step_s));
  }
  return static_cast<int64_t>(rows);
}

}  // namespace whit::data
