// What a firmware has to know of its model's data, from the data.json that `whit data -o` wrote and the edges of the
// model: the record of whit_runtime/features/table.hpp with the arrays that it points to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whit_runtime/features/table.hpp"

namespace whit::data {

struct FeatureTable {
  rt::FeatureTable record{};  // its pointers: use view()
  std::vector<rt::LagFeature> lags;
  std::vector<rt::Statistic> statistics;
  std::vector<float> offset, scale;
  std::vector<std::string> columns;  // by channel
  std::string target;                // the column that the model predicts; empty: there is none
  double horizon_s = 0;              // of the target; 0: there is none

  // With pointers into this object.
  rt::FeatureTable view() const;
};

// `file`: data.json, or the folder that holds it. The scales of the model's edges are left 0 (float). Error bad_input
// when the file is damaged, unsupported when its features are none that a firmware can compute of a window.
FeatureTable read_feature_table(const std::string& file);

}  // namespace whit::data
