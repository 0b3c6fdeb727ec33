// Samples together with what splits and the check for leaks have to know of each: where it came from.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "whit/data/samples.hpp"

namespace whit::data {

// Where a sample came from.
struct Origin {
  std::string group;  // subject, recording, building; empty when the data names none
  std::string part;   // the field of the column by which the data itself is split; empty when it is not
  // The rows of the table that the sample has seen, its target's row included.
  int64_t first_row = 0, last_row = 0;
  double first_s = 0, last_s = 0;  // the times of these rows; their numbers when there is no time
};

struct Collection {
  Samples samples;                       // labels: index of the class, or the target
  std::vector<Origin> origins;           // by sample
  std::vector<std::string> class_names;  // empty: labels are targets, or there are none
  std::vector<std::string> value_names;  // of the last dimension of a sample; may be empty
  std::vector<std::string> files;        // that were read, first the table
  nlohmann::ordered_json features;       // of windows: what the device must compute (feature_table.hpp); else null
  std::vector<float> unchanged;          // of a series with a target, by sample: the label if the target stays as it is
  bool is_series = false;                // rows follow each other in time
  bool has_time = false;                 // by a clock; else rows are numbered
};

}  // namespace whit::data
