// Parameter counts beside numbers that others have published, and what the builders promise.
#include "whit/learn/architectures.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/compile/passes/passes.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/writer.hpp"
#include "whit/ir/verify.hpp"

namespace whit::learn {
namespace {

Model model_of(Architecture kind, ir::Shape input, int32_t outputs, double width = 1.0, std::vector<int64_t> sizes = {},
               bool norm = false) {
  ArchitectureOptions options;
  options.kind = kind;
  options.input = std::move(input);
  options.outputs = outputs;
  options.width = width;
  options.sizes = std::move(sizes);
  options.batch_norm = norm;
  return build(options);
}

int64_t channels_of(const Model& model) {
  int64_t sum = 0;
  for (const ir::TensorId id : model.normalised) sum += model.graph.tensor(id).shape.back();
  return sum;
}

// What Keras counts: layers with a bias and, of each normalised channel, gamma, beta, mean and variance.
int64_t keras_count(const Model& model) { return trainable_parameters(model) + 3 * channels_of(model); }

TEST(Architectures, ParameterCounts) {
  EXPECT_EQ(trainable_parameters(model_of(Architecture::dense, {27}, 5, 1, {128, 64})), 12165);
  // Keras: 4 ((14 + 32) 32 + 32) + 4 ((32 + 16) 16 + 16), and 17 of the last layer.
  EXPECT_EQ(trainable_parameters(model_of(Architecture::lstm, {60, 14}, 1)), 6016 + 3136 + 17);
  // Keras with reset_after: 3 ((14 + 32) 32 + 2 * 32) + 3 ((32 + 16) 16 + 2 * 16), and 17.
  EXPECT_EQ(trainable_parameters(model_of(Architecture::gru, {60, 14}, 1)), 4608 + 2400 + 17);
  EXPECT_EQ(trainable_parameters(model_of(Architecture::cnn1d, {128, 6}, 5, 1, {16, 32})),
            (5 * 6 * 16 + 16) + (5 * 16 * 32 + 32) + (32 * 5 + 5));
  // MLPerf Tiny.
  EXPECT_EQ(keras_count(model_of(Architecture::ds_cnn, {49, 10, 1}, 12)), 24908);
  EXPECT_EQ(keras_count(model_of(Architecture::resnet8, {32, 32, 3}, 10)), 78666);
  EXPECT_EQ(keras_count(model_of(Architecture::autoencoder, {640}, 1, 1, {}, true)), 269992);
  // torchvision, whose convolutions have no bias.
  EXPECT_EQ(trainable_parameters(model_of(Architecture::resnet18, {224, 224, 3}, 1000)), 11689512);
  EXPECT_EQ(trainable_parameters(model_of(Architecture::mobilenet_v2, {224, 224, 3}, 1000)), 3504872);
  // Keras, trainable.
  EXPECT_EQ(trainable_parameters(model_of(Architecture::mobilenet_v1, {224, 224, 3}, 1000)), 4231976);
}

TEST(Architectures, SameSeedSameWeights) {
  const Model a = model_of(Architecture::lstm, {4, 3}, 2), b = model_of(Architecture::lstm, {4, 3}, 2);
  for (size_t i = 0; i < a.graph.tensors.size(); ++i) EXPECT_EQ(a.graph.tensors[i].data, b.graph.tensors[i].data);
  ArchitectureOptions other;
  other.input = {3};
  const Model first = build(other);
  other.seed = 2;
  EXPECT_NE(first.graph.tensors[1].data, build(other).graph.tensors[1].data);
}

TEST(Architectures, EveryOneIsWrittenAndReadBack) {
  const std::vector<std::pair<Architecture, ir::Shape>> all = {{Architecture::dense, {27}},
                                                               {Architecture::lstm, {6, 3}},
                                                               {Architecture::gru, {6, 3}},
                                                               {Architecture::cnn1d, {32, 3}},
                                                               {Architecture::ds_cnn, {49, 10, 1}},
                                                               {Architecture::resnet8, {32, 32, 3}},
                                                               {Architecture::resnet18, {32, 32, 3}},
                                                               {Architecture::mobilenet_v1, {32, 32, 3}},
                                                               {Architecture::mobilenet_v2, {32, 32, 3}},
                                                               {Architecture::autoencoder, {4, 10}}};
  for (const auto& [kind, input] : all) {
    ArchitectureOptions options;
    options.kind = kind;
    options.input = input;
    options.outputs = 3;
    if (kind == Architecture::resnet18) options.width = 0.125;
    if (kind == Architecture::mobilenet_v1 || kind == Architecture::mobilenet_v2) options.width = 0.25;
    Model model = build(options);
    compile::run_passes(model.graph);
    // TFLite has no GRU op.
    if (kind != Architecture::gru) tflite::read_tflite(tflite::write_tflite(model.graph), "model");
  }
}

TEST(Architectures, ASeriesIsAnImageOfOneChannel) {
  for (const Architecture kind : {Architecture::ds_cnn, Architecture::resnet8, Architecture::mobilenet_v1}) {
    EXPECT_EQ(trainable_parameters(model_of(kind, {128, 6}, 5)), trainable_parameters(model_of(kind, {128, 6, 1}, 5)));
  }
}

TEST(Architectures, RefusesWhatDoesNotFit) {
  EXPECT_THROW(model_of(Architecture::lstm, {27}, 5), Error);
  EXPECT_THROW(model_of(Architecture::resnet8, {32}, 5), Error);
  EXPECT_THROW(model_of(Architecture::dense, {27}, 5, 1, {0}), Error);
}

}  // namespace
}  // namespace whit::learn
