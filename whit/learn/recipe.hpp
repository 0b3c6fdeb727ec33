// The recipe of a training run: a TOML file with the tables [data] (whit/data), [model], [train], and, where they are
// wished for, [prune], [distill] and [quantize].
// docs/guide/train.md lists the keys. Paths in it are relative to the recipe.
#pragma once

#include <optional>
#include <string>

#include "whit/base/toml.hpp"
#include "whit/compress/prune_channels.hpp"
#include "whit/data/data_set.hpp"
#include "whit/learn/architectures.hpp"
#include "whit/learn/quantize.hpp"
#include "whit/learn/train.hpp"

namespace whit::learn {

// [quantize]: after [train] the model goes on learning, as the integers that it becomes (quantize.hpp).
struct QuantizeRecipe {
  compress::Precision precision = compress::Precision::int8;
  TrainOptions options;  // of [train], but for epochs, learning rate and warm-up
};

struct Recipe {
  TomlTable data;          // [data], for data::read_data_set()
  std::string model_file;  // [model] file: a graph to train further; empty: an architecture
  ArchitectureOptions architecture;
  std::optional<Loss> loss;                          // else it follows from the data
  bool balance_classes = false;                      // class weights from the training samples
  TrainOptions options;                              // with [distill], but what the teacher says; epochs may be 0
  std::optional<compress::ChannelPruning> channels;  // [prune] channels or macs: before training
  std::string teacher_file;                          // [distill] teacher; empty: none
  std::optional<QuantizeRecipe> quantize;
};

// `root`: the whole file. Error bad_input, with file, line and key, for what is missing, unknown or out of range in all
// tables but [data]. Needs no libtorch, and is part of whit_workshop: `whit make` judges its candidates by it.
Recipe read_recipe(const TomlTable& root);

// What the recipe leaves to the data: the input's shape, outputs, loss, class weights. Classes make a classifier, other
// labels a regression; an autoencoder takes no labels, they are dropped. Error bad_input when recipe and data differ.
void fit_to_data(Recipe& recipe, data::DataSet& set);

}  // namespace whit::learn
