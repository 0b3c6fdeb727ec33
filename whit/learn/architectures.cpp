#include "whit/learn/architectures.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "whit/base/error.hpp"
#include "whit/ir/verify.hpp"
#include "whit/learn/builder.hpp"

namespace whit::learn {
namespace {

using Id = ir::TensorId;
using ir::Activation;

[[noreturn]] void bad(const ArchitectureOptions& o, const std::string& what, const std::string& hint) {
  throw Error(ErrorCode::bad_input, what, kArchitectureNames[static_cast<size_t>(o.kind)], hint);
}

std::vector<int32_t> sizes_of(const ArchitectureOptions& o, std::vector<int32_t> otherwise) {
  if (o.sizes.empty()) return otherwise;
  std::vector<int32_t> sizes;
  for (const int64_t size : o.sizes) {
    if (size < 1 || size > 1 << 16) bad(o, fmt::format("a layer of {} units", size), "sizes from 1 to 65536");
    sizes.push_back(static_cast<int32_t>(size));
  }
  return sizes;
}

void require_rank(const ArchitectureOptions& o, size_t rank, const char* dims) {
  if (o.input.size() == rank) return;
  bad(o, fmt::format("samples of shape {}", ir::to_string(o.input)), fmt::format("it takes samples {}", dims));
}

// The sample as an image; a series becomes one of a single channel.
Id image_input(Builder& b, const ArchitectureOptions& o) {
  if (o.input.size() == 2) return b.reshape(b.input(o.input), {1, o.input[0], o.input[1], 1});
  require_rank(o, 3, "[height, width, channels] or [steps, features]");
  return b.input(o.input);
}

// The sample as one row of features.
Id flat_input(Builder& b, const ArchitectureOptions& o) {
  const Id x = b.input(o.input);
  return b.reshape(x, {1, static_cast<int32_t>(ir::elements(o.input))});
}

// The last layer, and what turns its numbers into probabilities.
Model finish(Builder& b, const ArchitectureOptions& o, Id features) {
  const Id y = b.dense(features, o.outputs, Activation::none, false);
  if (o.task == Task::values) return b.finish(y);
  return b.finish(o.outputs == 1 ? b.unary(y, ir::Op::logistic) : b.unary(y, ir::Op::softmax, ir::SoftmaxAttributes{}));
}

Model dense(Builder& b, const ArchitectureOptions& o) {
  Id x = flat_input(b, o);
  for (const int32_t units : sizes_of(o, {128, 64})) x = b.dense(x, units, Activation::relu, o.batch_norm);
  return finish(b, o, x);
}

Model autoencoder(Builder& b, const ArchitectureOptions& o) {
  const std::vector<int32_t> sizes = sizes_of(o, {128, 128, 128, 128, 8});
  Id x = flat_input(b, o);
  for (const int32_t units : sizes) x = b.dense(x, units, Activation::relu, o.batch_norm);
  for (size_t i = sizes.size() - 1; i-- > 0;) x = b.dense(x, sizes[i], Activation::relu, o.batch_norm);
  x = b.dense(x, static_cast<int32_t>(ir::elements(o.input)), Activation::none, false);
  ir::Shape shape = {1};
  shape.insert(shape.end(), o.input.begin(), o.input.end());
  return b.finish(b.reshape(x, shape));
}

Model recurrent(Builder& b, const ArchitectureOptions& o, ir::Op op) {
  require_rank(o, 2, "[steps, features]");
  const std::vector<int32_t> sizes = sizes_of(o, {32, 16});
  Id x = b.input(o.input);
  for (size_t i = 0; i < sizes.size(); ++i) x = b.recurrent(x, sizes[i], op, i + 1 < sizes.size());
  return finish(b, o, x);
}

Model cnn1d(Builder& b, const ArchitectureOptions& o) {
  require_rank(o, 2, "[steps, features]");
  const std::vector<int32_t> sizes = sizes_of(o, {16, 32, 64});
  Id x = b.reshape(b.input(o.input), {1, 1, o.input[0], o.input[1]});
  for (size_t i = 0; i < sizes.size(); ++i) {
    x = b.conv(x, sizes[i], {1, o.kernel}, {1, 1}, Activation::relu, o.batch_norm);
    if (i + 1 < sizes.size()) x = b.max_pool(x, {1, 2}, {1, 2});
  }
  return finish(b, o, b.global_average(x));
}

Model ds_cnn(Builder& b, const ArchitectureOptions& o) {
  const std::vector<int32_t> sizes = sizes_of(o, {64, 64, 64, 64, 64});
  Id x = b.conv(image_input(b, o), sizes[0], {10, 4}, {2, 2}, Activation::relu, true);
  for (size_t i = 1; i < sizes.size(); ++i) {
    x = b.depthwise(x, {3, 3}, {1, 1}, Activation::relu, true);
    x = b.conv(x, sizes[i], {1, 1}, {1, 1}, Activation::relu, true);
  }
  return finish(b, o, b.global_average(x));
}

int32_t scaled(int32_t channels, double width) {
  return std::max(1, static_cast<int32_t>(std::lround(channels * width)));
}

// Two 3x3 convolutions beside the input, or beside a 1x1 convolution of it where the shape changes.
Id residual_block(Builder& b, Id x, int32_t channels, int32_t stride, bool norm_shortcut) {
  Id y = b.conv(x, channels, {3, 3}, {stride, stride}, Activation::relu, true);
  y = b.conv(y, channels, {3, 3}, {1, 1}, Activation::none, true);
  if (b.shape(x) != b.shape(y)) x = b.conv(x, channels, {1, 1}, {stride, stride}, Activation::none, norm_shortcut);
  return b.add(x, y, Activation::relu);
}

Model resnet8(Builder& b, const ArchitectureOptions& o) {
  Id x = b.conv(image_input(b, o), scaled(16, o.width), {3, 3}, {1, 1}, Activation::relu, true);
  x = residual_block(b, x, scaled(16, o.width), 1, false);
  x = residual_block(b, x, scaled(32, o.width), 2, false);
  x = residual_block(b, x, scaled(64, o.width), 2, false);
  return finish(b, o, b.global_average(x));
}

Model resnet18(Builder& b, const ArchitectureOptions& o) {
  const bool small = std::max(o.input[0], o.input[1]) < 64;
  Id x = image_input(b, o);
  x = small ? b.conv(x, scaled(64, o.width), {3, 3}, {1, 1}, Activation::relu, true)
            : b.max_pool(b.conv(x, scaled(64, o.width), {7, 7}, {2, 2}, Activation::relu, true), {3, 3}, {2, 2});
  for (int32_t stage = 0; stage < 4; ++stage) {
    const int32_t channels = scaled(64 << stage, o.width);
    x = residual_block(b, x, channels, stage == 0 ? 1 : 2, true);
    x = residual_block(b, x, channels, 1, true);
  }
  return finish(b, o, b.global_average(x));
}

// The multiple of 8 nearest to channels * width that is no less than 9/10 of it.
int32_t multiple_of_8(int32_t channels, double width) {
  const double wish = channels * width;
  const int32_t rounded = std::max(8, static_cast<int32_t>(wish + 4) / 8 * 8);
  return rounded < 0.9 * wish ? rounded + 8 : rounded;
}

Model mobilenet_v1(Builder& b, const ArchitectureOptions& o) {
  struct Block {
    int32_t channels, stride;
  };
  constexpr Block kBlocks[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                               {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
  Id x = b.conv(image_input(b, o), multiple_of_8(32, o.width), {3, 3}, {2, 2}, Activation::relu6, true);
  for (const Block& block : kBlocks) {
    x = b.depthwise(x, {3, 3}, {block.stride, block.stride}, Activation::relu6, true);
    x = b.conv(x, multiple_of_8(block.channels, o.width), {1, 1}, {1, 1}, Activation::relu6, true);
  }
  return finish(b, o, b.global_average(x));
}

Model mobilenet_v2(Builder& b, const ArchitectureOptions& o) {
  struct Stage {
    int32_t expansion, channels, blocks, stride;
  };
  constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                               {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  Id x = b.conv(image_input(b, o), multiple_of_8(32, o.width), {3, 3}, {2, 2}, Activation::relu6, true);
  for (const Stage& stage : kStages) {
    const int32_t channels = multiple_of_8(stage.channels, o.width);
    for (int32_t i = 0; i < stage.blocks; ++i) {
      const int32_t stride = i == 0 ? stage.stride : 1;
      Id y = x;
      if (stage.expansion > 1) {
        y = b.conv(y, b.shape(x)[3] * stage.expansion, {1, 1}, {1, 1}, Activation::relu6, true);
      }
      y = b.depthwise(y, {3, 3}, {stride, stride}, Activation::relu6, true);
      y = b.conv(y, channels, {1, 1}, {1, 1}, Activation::none, true);
      x = b.shape(x) == b.shape(y) ? b.add(x, y, Activation::none) : y;
    }
  }
  x = b.conv(x, multiple_of_8(1280, std::max(1.0, o.width)), {1, 1}, {1, 1}, Activation::relu6, true);
  return finish(b, o, b.global_average(x));
}

Model build_unchecked(Builder& b, const ArchitectureOptions& o) {
  switch (o.kind) {
    case Architecture::dense:
      return dense(b, o);
    case Architecture::lstm:
      return recurrent(b, o, ir::Op::lstm);
    case Architecture::gru:
      return recurrent(b, o, ir::Op::gru);
    case Architecture::cnn1d:
      return cnn1d(b, o);
    case Architecture::ds_cnn:
      return ds_cnn(b, o);
    case Architecture::resnet8:
      return resnet8(b, o);
    case Architecture::resnet18:
      return resnet18(b, o);
    case Architecture::mobilenet_v1:
      return mobilenet_v1(b, o);
    case Architecture::mobilenet_v2:
      return mobilenet_v2(b, o);
    case Architecture::autoencoder:
      return autoencoder(b, o);
  }
  return {};
}

}  // namespace

Model build(const ArchitectureOptions& options) {
  Builder builder(kArchitectureNames[static_cast<size_t>(options.kind)], options.seed);
  Model model = build_unchecked(builder, options);
  ir::verify(model.graph);
  model.settings = {{"architecture", model.graph.name},
                    {"sizes", fmt::format("[{}]", fmt::join(options.sizes, ", "))},
                    {"width", fmt::format("{}", options.width)},
                    {"kernel", fmt::format("{}", options.kernel)},
                    {"batch_norm", fmt::format("{}", options.batch_norm)}};
  return model;
}

int64_t trainable_parameters(const Model& model) {
  int64_t count = 0;
  for (const ir::Tensor& tensor : model.graph.tensors) {
    if (tensor.is_constant && tensor.type == ir::DType::f32) count += ir::elements(tensor.shape);
  }
  // gamma and beta take the place of a bias.
  for (const ir::TensorId id : model.normalised) count += model.graph.tensor(id).shape.back();
  return count;
}

}  // namespace whit::learn
