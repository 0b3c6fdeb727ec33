// Which samples train, which validate, which test. Seeded and the same on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "whit/base/toml.hpp"
#include "whit/data/collection.hpp"

namespace whit::data {

enum class Part { train, validation, test, none };
inline constexpr std::array<const char*, 3> kPartNames = {"train", "validation", "test"};

enum class SplitBy { chronological, stratified, random, group, column };

struct SplitPlan {
  SplitBy by = SplitBy::stratified;
  std::array<double, 3> fractions = {0.7, 0.15, 0.15};  // of the samples, in the order of Part; they sum up to 1
  bool each_group = false;                              // chronological: each group is cut by itself
  uint64_t seed = 1;
  int64_t folds = 0;                               // by group: each fold of the groups is tested once; 0: by fractions
  int64_t fold = 0;                                // the one that is tested, in [0, folds); the next one validates
  std::array<std::vector<std::string>, 3> fields;  // by column: the fields of each part
};

// [data.split]; Error bad_input at the key.
SplitPlan read_split(const TomlTable& recipe);

// "by group, fractions 0.7, 0.15, 0.15, seed 1"
std::string text_of(const SplitPlan& plan);

// A part for each sample. Chronological: the rows before a time (one for all, or of each group) train, those after it
// do not; samples that reach across a cut have none. Error bad_input naming the first file: too few groups, a part
// without samples, a field in no part.
std::vector<Part> split(const Collection& all, const SplitPlan& plan);

}  // namespace whit::data
