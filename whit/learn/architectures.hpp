// Nets as graphs, with weights to begin training from. Sizes come from a recipe. Knows no torch.
// Convolutions pad as TensorFlow's SAME, so that a written .tflite needs no padding ops.
#pragma once

#include <string>
#include <vector>

#include "whit/learn/train.hpp"

namespace whit::learn {

enum class Architecture { dense, lstm, gru, cnn1d, ds_cnn, resnet8, resnet18, mobilenet_v1, mobilenet_v2, autoencoder };
inline const std::vector<std::string> kArchitectureNames = {
    "dense", "lstm", "gru", "cnn1d", "ds_cnn", "resnet8", "resnet18", "mobilenet_v1", "mobilenet_v2", "autoencoder"};

// What the outputs mean, and so which op ends the net: softmax (logistic for one output), or none.
enum class Task { classes, values };

struct ArchitectureOptions {
  Architecture kind = Architecture::dense;
  ir::Shape
      input;  // of one sample: any for dense and autoencoder, [T,F] for lstm, gru and cnn1d, else [H,W,C] or [T,F]
  int32_t outputs = 1;
  Task task = Task::classes;
  // dense: units of the hidden layers. autoencoder: of the encoder; the decoder mirrors it. lstm, gru: units of the
  // layers. cnn1d: channels of its convolutions. ds_cnn: channels of the first convolution and of each block.
  // Empty: the architecture's own. Others have none.
  std::vector<int64_t> sizes;
  double width = 1.0;       // resnet8, resnet18, mobilenet_v1, mobilenet_v2: factor of all channels
  int32_t kernel = 5;       // cnn1d: taps of each convolution
  bool batch_norm = false;  // dense, cnn1d and autoencoder; the other nets of convolutions always have it
  uint64_t seed = 1;
};

// Weights of layers before a relu are of He et al. 2015 (normal), the others of Glorot and Bengio 2010 (uniform),
// recurrent ones orthogonal; biases are 0, those of an lstm's forget gate 1.
//
// dense: fully connected layers with relu. lstm, gru: layers over the sequence, then a fully connected one on the last
// state. cnn1d: convolutions with relu, each but the last halved by a max pool, then the mean over time. ds_cnn: of
// MLPerf Tiny (Zhang et al. 2017), a 10x4 convolution of stride 2 and blocks of depthwise 3x3 and pointwise. resnet8:
// of MLPerf Tiny. resnet18: He et al. 2016; images below 64 pixels get a 3x3 stem without pool. mobilenet_v1,
// mobilenet_v2: Howard et al. 2017, Sandler et al. 2018; channels are multiples of 8. Error bad_input for an input
// shape or sizes that the architecture cannot have.
Model build(const ArchitectureOptions& options);

// Numbers that training changes: weights, biases, and gamma and beta of batch norm in their place.
int64_t trainable_parameters(const Model& model);

}  // namespace whit::learn
