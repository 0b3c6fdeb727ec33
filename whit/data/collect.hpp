// Reads the data that a recipe's [data] names into one Collection: rows or windows of tables, recordings and images
// that a table lists, or sets of samples. docs/guide/data.md lists the keys.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "whit/base/toml.hpp"
#include "whit/data/collection.hpp"
#include "whit/data/columns.hpp"

namespace whit::data {

// Reads every key of `recipe` but those of splits and normalisation. Error bad_input naming file and line, or the
// recipe's key.
Collection collect(const TomlTable& recipe);

// A path of the recipe: relative ones begin at the recipe's folder.
std::string path_of(const TomlTable& recipe, const std::string& path);

// ---- for the files that collect() is made of ---------------------------------------------------------------------

// What the keys of [data] say of the columns of a table.
struct TableRecipe {
  explicit TableRecipe(const TomlTable& recipe);

  std::string group_of(size_t row) const { return group ? columns.text(row, *group) : ""; }
  std::string part_of(size_t row) const { return part ? columns.text(row, *part) : ""; }
  // Seconds, or the row's number when there is no time.
  double time_of(size_t row) const;

  std::vector<std::string> files;
  Columns columns;
  std::optional<size_t> label, target, group, part, time;
  double unit_s = 1;
  std::vector<std::string> classes;       // by index; empty when there is no label
  std::map<std::string, float> class_of;  // by field
};

Collection collect_rows(const TomlTable& recipe);     // kind = "table" without [data.window]
Collection collect_windows(const TomlTable& recipe);  // kind = "table" with it
Collection collect_files(const TomlTable& recipe);    // kind = "files"
Collection collect_samples(const TomlTable& recipe);  // kind = "samples"

}  // namespace whit::data
