#include <fmt/format.h>
#include <fmt/ranges.h>

#include "whit/base/error.hpp"
#include "whit/learn/recipe.hpp"

namespace whit::learn {

void fit_to_data(Recipe& recipe, data::DataSet& set) {
  ArchitectureOptions& model = recipe.architecture;
  const bool autoencoder = recipe.model_file.empty() && model.kind == Architecture::autoencoder;
  if (autoencoder) {
    for (data::Samples& part : set.parts) part.labels.clear();
    set.class_names.clear();
  }
  const auto classes = static_cast<int64_t>(set.class_names.size());
  TrainOptions& options = recipe.options;
  options.loss = recipe.loss.value_or(classes > 0 ? Loss::cross_entropy : Loss::mse);
  if (options.loss == Loss::cross_entropy && classes == 0) {
    throw Error(ErrorCode::bad_input, "cross_entropy needs classes, but the data has none", recipe.data.file(),
                "a column of classes in [data] label, or loss = \"mse\"");
  }
  model.input.assign(set.train().shape.begin(), set.train().shape.end());
  model.task = options.loss == Loss::cross_entropy ? Task::classes : Task::values;
  model.outputs = model.task == Task::classes ? static_cast<int32_t>(classes) : 1;
  model.seed = options.seed;
  if (recipe.balance_classes) options.class_weights = balanced_class_weights(set.train(), classes);
  if (!options.class_weights.empty() && static_cast<int64_t>(options.class_weights.size()) != classes) {
    throw Error(ErrorCode::bad_input,
                fmt::format("{} class_weights for {} classes", options.class_weights.size(), classes),
                recipe.data.file(), fmt::format("one for each of: {}", fmt::join(set.class_names, ", ")));
  }
  if (recipe.quantize) {
    TrainOptions& quantized = recipe.quantize->options;
    quantized.loss = options.loss, quantized.class_weights = options.class_weights, quantized.seed = options.seed;
  }
}

}  // namespace whit::learn
