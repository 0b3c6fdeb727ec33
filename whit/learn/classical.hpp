// Models that are solved or grown rather than trained by gradient steps: forests, boosted trees, linear models. Their
// recipe has [model] kind, and what they share.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "whit/base/toml.hpp"
#include "whit/data/data_set.hpp"
#include "whit/learn/forest.hpp"
#include "whit/learn/linear.hpp"

namespace whit::learn {

struct ClassicalRecipe {
  TomlTable data;  // [data], for data::read_data_set()
  std::variant<ForestOptions, LinearOptions> model;
  bool balance_classes = false;
};

// None when [model] of the recipe `root` has no key `kind`. As read_recipe() in all else.
std::optional<ClassicalRecipe> read_classical(const TomlTable& root);

// The model, trained on set.train(). Error bad_input when recipe and data differ.
ir::Graph train_classical(ClassicalRecipe recipe, const data::DataSet& set);

// Error bad_input unless there are labels, of at least two classes when `classes` is not 0.
void check_labels(const data::Samples& samples, int64_t classes);

// A graph whose one input is a sample and whose output is the same, [1,elements].
ir::Graph flat_input(const data::Samples& samples, const std::string& name);

// Makes the output of a classifier probabilities: of class 1 when there is one score, else of each class.
void add_probabilities(ir::Graph& graph);

}  // namespace whit::learn
