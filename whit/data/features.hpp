// [data.features]: what the model sees of a window or recording, computed by whit_runtime/features, the code that runs
// on the device.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "whit/base/toml.hpp"

namespace whit::data {

class Features {
 public:
  virtual ~Features() = default;
  // Rows of a window that are needed; 0: any number.
  virtual int64_t rows() const { return 0; }
  // The shape of the result, for raw values of `shape`. Error bad_input at the recipe when they do not suit.
  virtual std::vector<int64_t> shape(const std::vector<int64_t>& raw) const = 0;
  // Of the last dimension of the result; empty when they have none.
  virtual std::vector<std::string> names() const = 0;
  // The channel that a feature says the future of; none: compute() needs no rows ahead.
  virtual std::optional<int32_t> planned() const { return std::nullopt; }
  // Appends the result to `out`. `newest_s`: local time of the newest row since 1970-01-01. `ahead`: the rows behind
  // the window; what is planned is their mean.
  virtual void compute(std::span<const float> raw, double newest_s, std::span<const float> ahead,
                       std::vector<float>& out) const = 0;
  // What a firmware needs to compute the same of a window (feature_table.hpp); null for what it cannot yet.
  virtual nlohmann::ordered_json description() const { return nullptr; }
  // The samples a second that recordings need; 0: any.
  virtual int64_t sample_rate_hz() const { return 0; }
};

// By `kind`: "motion", "statistics", "lags", "log_mel" or "mfcc"; docs/guide/data.md lists their keys. `columns`: the
// channels of a window. `step_s`: time between rows, 0 when there is no time. Error bad_input at the key.
std::unique_ptr<Features> make_features(const TomlTable& recipe, const std::vector<std::string>& columns,
                                        double step_s);

// In the order of rt::Statistic and rt::LagKind.
const std::vector<std::string>& statistic_names();
const std::vector<std::string>& lag_kind_names();

// The rows that `key` (in rows) or `key`_s (in seconds) says, or `fallback`; in [lowest, 2^31).
int64_t rows_of(const TomlTable& table, const std::string& key, double step_s, int64_t lowest,
                std::optional<int64_t> fallback = std::nullopt);

}  // namespace whit::data
