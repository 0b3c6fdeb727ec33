// The data of a recipe, split, checked and normalised: what training, quantization and evaluation take.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "whit/base/toml.hpp"
#include "whit/data/samples.hpp"
#include "whit/data/split.hpp"

namespace whit::data {

// (value - offset) * scale: one of each for every index of a sample's last dimension, as rt::standardize does it.
// Both empty: values are left as they are.
struct Normalisation {
  std::string kind = "none";  // "standardize": mean 0, deviation 1; "min_max": 0 to 1
  std::vector<float> offset, scale;
};

struct SourceFile {
  std::string path;
  std::string sha256;  // of a folder: empty
};

struct DataSet {
  // By Part: normalised samples. Labels are indices into class_names, or targets when that is empty. Validation and
  // test may be empty when their share is 0.
  std::array<Samples, 3> parts;
  Normalisation normalisation;                  // fitted on the training part alone
  std::vector<std::string> class_names;         // empty: a regression
  std::vector<std::string> value_names;         // of the last dimension; may be empty
  std::array<std::vector<float>, 3> unchanged;  // of each part, as Collection has it: what persistence predicts
  std::vector<std::string> groups[3];           // of each part, sorted; empty when the data names none
  std::string split;                            // text_of(SplitPlan)
  int64_t left_out = 0;                         // samples in no part: across a cut in time, or in no part's fields
  std::vector<std::string> leaks;               // what was allowed by allow_leakage; results must say so
  std::vector<SourceFile> sources;
  nlohmann::ordered_json features;  // as Collection has it

  Samples& train() { return parts[0]; }
  Samples& validation() { return parts[1]; }
  Samples& test() { return parts[2]; }
  const Samples& train() const { return parts[0]; }
  const Samples& validation() const { return parts[1]; }
  const Samples& test() const { return parts[2]; }
};

// Reads [data] of a recipe; `recipe` is that table. Paths begin at the recipe's folder. Error bad_input for files and
// keys; gate_failed (exit code 1) for a leak, when allow_leakage is not set: the data is sound, its use is not.
DataSet read_data_set(const TomlTable& recipe);

// What is known of it beside the values: counts by class and part, normalisation, sources, leaks.
nlohmann::ordered_json to_json(const DataSet& set);

// train.npz, validation.npz and test.npz (x: float32; y: int32 classes or float32 targets), as `--data` of the verbs
// takes them, and data.json, into `folder`, which is made. A part without samples has no file.
void write_data_set(const DataSet& set, const std::string& folder);

}  // namespace whit::data
