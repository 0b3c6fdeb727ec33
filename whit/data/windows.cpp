#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "whit/base/error.hpp"
#include "whit/data/collect.hpp"
#include "whit/data/features.hpp"

namespace whit::data {
namespace {

// Rows [first, end) without a break.
struct Stretch {
  size_t first, end;
};

class Series {
 public:
  explicit Series(const TomlTable& recipe)
      : recipe_(recipe), window_(recipe.table("window")), table_(recipe), names_(recipe.texts("columns")) {
    if (names_.empty()) throw recipe.error("columns", "leaves nothing to learn from");
    for (const std::string& name : names_) columns_.push_back(table_.columns.index(name));
    for (const std::string& name : recipe.texts("runs")) runs_.push_back(table_.columns.index(name));
    for (const auto& column : {table_.group, table_.part}) {
      if (column) runs_.push_back(*column);
    }
    const size_t rows = table_.columns.rows();
    for (size_t row = 0; row < rows; ++row) times_.push_back(table_.time_of(row));
    measure_step();
    find_stretches();
  }

  Collection collect() {
    Collection all;
    all.files = table_.files;
    all.class_names = table_.classes;
    all.is_series = true;
    all.has_time = table_.time.has_value();
    std::unique_ptr<Features> features;
    if (const auto found = recipe_.find_table("features")) features = make_features(*found, names_, step_s_);
    all.value_names = features ? features->names() : names_;
    const auto needed = static_cast<int64_t>(features ? features->rows() : 0);
    const auto length = static_cast<size_t>(rows_of(window_, "length", step_s_, std::max<int64_t>(1, needed),
                                                    needed > 0 ? std::optional<int64_t>(needed) : std::nullopt));
    const auto stride = static_cast<size_t>(rows_of(window_, "stride", step_s_, 1, 1));
    const auto horizon = static_cast<size_t>(table_.target ? rows_of(window_, "horizon", step_s_, 0, 0) : 0);
    if (const auto planned = features ? features->planned() : std::nullopt) {
      if (horizon == 0) {
        throw window_.error("horizon", "is missing or 0, but a feature is of what is planned",
                            "a target with a horizon, or no feature of kind 'planned'");
      }
      if (columns_[static_cast<size_t>(*planned)] == *table_.target) {
        throw recipe_.error("target", "is a column of kind 'planned': its future would be known",
                            "plan what the device decides, such as whether a machine runs");
      }
    }
    const std::string rule =
        table_.label ? window_.choice("label", {"majority", "last", "pure"}, "majority") : std::string("target");
    const bool is_change = table_.target && target_is_change();
    const std::vector<int64_t> raw_shape = {static_cast<int64_t>(length), static_cast<int64_t>(columns_.size())};
    all.samples.shape = features ? features->shape(raw_shape) : raw_shape;
    all.features = features ? features->description() : nlohmann::ordered_json{{"kind", "window"}};
    if (!all.features.is_null()) {
      all.features["columns"] = names_;
      all.features["rows"] = needed > 0 ? needed : static_cast<int64_t>(length);
      if (is_change) {
        all.features["change_of"] = std::find(columns_.begin(), columns_.end(), *table_.target) - columns_.begin();
      }
      if (table_.target) {
        all.features["target"] = recipe_.text("target");
        all.features["horizon_s"] = static_cast<double>(horizon) * step_s_;
      }
    }
    for (const Stretch& stretch : stretches_) {
      const std::vector<float> values = numbers_of(stretch);
      for (size_t first = stretch.first; first + length + horizon <= stretch.end; first += stride) {
        const size_t newest = first + length - 1, last = newest + horizon;
        std::optional<float> label =
            table_.target ? table_.columns.number(last, *table_.target) : class_of(first, newest, rule);
        if (!label) continue;
        if (is_change) *label -= table_.columns.number(newest, *table_.target);
        const size_t width = columns_.size();
        const std::span<const float> raw = std::span(values).subspan((first - stretch.first) * width, length * width);
        if (features) {
          const auto ahead = std::span(values).subspan((newest + 1 - stretch.first) * width, horizon * width);
          features->compute(raw, times_[newest], ahead, all.samples.values);
        } else {
          all.samples.values.insert(all.samples.values.end(), raw.begin(), raw.end());
        }
        all.samples.labels.push_back(*label);
        if (table_.target) all.unchanged.push_back(is_change ? 0.0f : table_.columns.number(newest, *table_.target));
        all.origins.push_back({table_.group_of(newest), table_.part_of(newest), static_cast<int64_t>(first),
                               static_cast<int64_t>(last), times_[first], times_[last]});
      }
    }
    if (all.samples.values.empty()) {
      throw Error(ErrorCode::bad_input,
                  fmt::format("no window of {} rows fits between the breaks; the longest stretch has {}",
                              length + horizon, longest()),
                  table_.files[0], "a shorter window, or a longer gap_s");
    }
    return all;
  }

 private:
  // What the model predicts: the target, or how much it will have changed since the newest row, which has to be among
  // the columns, so that a device can add the two.
  bool target_is_change() const {
    if (window_.choice("target_is", {"value", "change"}, "value") == "value") return false;
    if (std::find(columns_.begin(), columns_.end(), *table_.target) != columns_.end()) return true;
    throw window_.error("target_is", "is the change of a column that the model does not see",
                        "add the target to [data] columns");
  }

  void measure_step() {
    if (!table_.time) return;
    std::vector<double> steps;
    for (size_t row = 1; row < times_.size(); ++row) {
      if (same_run(row) && times_[row] > times_[row - 1]) steps.push_back(times_[row] - times_[row - 1]);
    }
    if (steps.empty()) {
      throw Error(ErrorCode::bad_input, "the time never moves on", table_.columns.place(0, *table_.time),
                  "name the columns that number the runs in [data] runs");
    }
    std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
    step_s_ = steps[steps.size() / 2];
  }

  // True when a row goes on where the row before it stopped, whatever the time between.
  bool same_run(size_t row) const {
    return table_.columns.file_of(row) == table_.columns.file_of(row - 1) &&
           std::all_of(runs_.begin(), runs_.end(), [&](size_t column) {
             return table_.columns.text(row, column) == table_.columns.text(row - 1, column);
           });
  }

  void find_stretches() {
    const bool missing_breaks = recipe_.choice("missing", {"refuse", "break"}, "refuse") == "break";
    const double gap_s = window_.number("gap_s", kNotNegative, 3 * step_s_);
    const auto missing = [&](size_t row) {
      const auto is = [&](size_t column) { return table_.columns.is_missing(row, column); };
      return missing_breaks &&
             (std::any_of(columns_.begin(), columns_.end(), is) || is(table_.label ? *table_.label : *table_.target));
    };
    bool open = false;
    for (size_t row = 0; row < times_.size(); ++row) {
      bool goes_on = open && same_run(row);
      if (goes_on && times_[row] < times_[row - 1]) {
        throw Error(ErrorCode::bad_input, "time goes back", table_.columns.place(row, *table_.time),
                    "sort the rows, or name the columns that number the runs in [data] runs");
      }
      if (goes_on && table_.time && times_[row] - times_[row - 1] > gap_s) goes_on = false;
      if (missing(row)) {
        open = false;
        continue;
      }
      if (goes_on) {
        stretches_.back().end = row + 1;
      } else {
        stretches_.push_back({row, row + 1});
      }
      open = true;
    }
  }

  std::vector<float> numbers_of(const Stretch& stretch) const {
    std::vector<float> values;
    for (size_t row = stretch.first; row < stretch.end; ++row) {
      for (const size_t column : columns_) values.push_back(table_.columns.number(row, column));
    }
    return values;
  }

  // None for a window that the rule leaves out.
  std::optional<float> class_of(size_t first, size_t newest, const std::string& rule) const {
    std::vector<size_t> votes(table_.classes.size());
    for (size_t row = rule == "last" ? newest : first; row <= newest; ++row) {
      const auto found = table_.class_of.find(table_.columns.text(row, *table_.label));
      if (found == table_.class_of.end()) {
        throw Error(ErrorCode::bad_input, "no class", table_.columns.place(row, *table_.label),
                    "missing = \"break\" ends windows there");
      }
      ++votes[static_cast<size_t>(found->second)];
    }
    const auto most = std::max_element(votes.begin(), votes.end());
    if (rule == "pure" && *most <= newest - first) return std::nullopt;
    return static_cast<float>(most - votes.begin());
  }

  size_t longest() const {
    size_t most = 0;
    for (const Stretch& stretch : stretches_) most = std::max(most, stretch.end - stretch.first);
    return most;
  }

  TomlTable recipe_, window_;
  TableRecipe table_;
  std::vector<std::string> names_;
  std::vector<size_t> columns_, runs_;
  std::vector<double> times_;
  double step_s_ = 0;
  std::vector<Stretch> stretches_;
};

}  // namespace

Collection collect_windows(const TomlTable& recipe) { return Series(recipe).collect(); }

}  // namespace whit::data
