// Files that lie: damaged by length or bit, and hand-made ones in which one thing is wrong. Each must give an Error
// with exit code 3 or 4, or, where the damage happens to leave a sound model, be read and compiled. Run under the
// sanitizers.
#include "tests/hostile_tflite.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/golden.hpp"
#include "whit/base/file.hpp"
#include "whit/formats/tflite/test_model.hpp"

namespace whit {
namespace {

using namespace tflite;  // NOLINT: the names of the format are what these tests are made of
using tests::exit_code;
using tests::is_refusal;
using Code = BuiltinOperator;
namespace fs = std::filesystem;

std::vector<std::vector<uint8_t>> sound_models() {
  return {small_convnet(), small_movements(), small_state(), small_arithmetic()};
}

TEST(HostileTflite, SoundModelsAreRead) {
  for (const auto& bytes : sound_models()) EXPECT_EQ(exit_code(bytes, false), 0);
}

TEST(HostileTflite, EveryLengthIsRefused) {
  for (const auto& bytes : sound_models()) {
    for (size_t length = 0; length < bytes.size(); ++length) {
      const std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      const int code = exit_code(cut, false);
      ASSERT_TRUE(code == 0 || is_refusal(code)) << length;
      // What lies at the end may be data that nobody reads, but never half of the file.
      if (length < bytes.size() / 2) {
        ASSERT_TRUE(is_refusal(code)) << length;
      }
    }
  }
}

TEST(HostileTflite, EveryFlippedBitIsSurvived) {
  for (const auto& bytes : sound_models()) {
    int refused = 0;
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::vector<uint8_t> flipped = bytes;
      flipped[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
      const int code = exit_code(flipped, bit % 5 == 0);
      ASSERT_TRUE(code == 0 || is_refusal(code)) << bit;
      refused += code == 0 ? 0 : 1;
    }
    EXPECT_GT(refused, 1000);
  }
}

TEST(HostileTflite, ManyFlippedBytesAreSurvived) {
  uint32_t random = 12345;
  const auto next = [&] { return (random = random * 1664525U + 1013904223U) >> 8; };
  for (const auto& bytes : sound_models()) {
    for (int round = 0; round < 3000; ++round) {
      std::vector<uint8_t> broken = bytes;
      for (uint32_t n = next() % 6 + 1; n > 0; --n) broken[next() % broken.size()] = static_cast<uint8_t>(next());
      const int code = exit_code(broken, true);
      ASSERT_TRUE(code == 0 || is_refusal(code)) << round;
    }
  }
}

// A fully connected layer, of which each case spoils one part.
struct Layer {
  TensorSpec input{{1, 4}, TensorType::INT8, {}, {0.5F}, {0}};
  TensorSpec weights{{3, 4}, TensorType::INT8, std::vector<uint8_t>(12, 1), {0.5F}, {0}};
  TensorSpec bias{{3}, TensorType::INT32, std::vector<uint8_t>(12), {0.25F}, {0}};
  TensorSpec output{{1, 3}, TensorType::INT8, {}, {0.5F}, {0}};
  std::vector<int32_t> inputs{0, 1, 2}, outputs{3}, graph_inputs{0}, graph_outputs{3};
  uint32_t opcode_shift = 0;
  bool options = true;

  std::vector<uint8_t> build() const {
    TestModel b;
    for (const TensorSpec* spec : {&input, &weights, &bias, &output}) b.tensor(*spec);
    b.opcode_shift = opcode_shift;
    if (options) b.op(Code::FULLY_CONNECTED, inputs, outputs, CreateFullyConnectedOptions(b.fbb));
    if (!options) b.op(Code::FULLY_CONNECTED, inputs, outputs);
    b.end_subgraph(graph_inputs, graph_outputs);
    return b.finish();
  }
};

struct LayerCase {
  const char* name;
  void (*spoil)(Layer&);
};

const LayerCase kLayerCases[] = {
    {"weights_too_short", [](Layer& l) { l.weights.data.resize(11); }},
    {"weights_too_long", [](Layer& l) { l.weights.data.resize(13); }},
    {"weights_without_data", [](Layer& l) { l.weights.data.clear(); }},
    {"bias_of_wrong_length", [](Layer& l) { l.bias.shape = {2}, l.bias.data.resize(8); }},
    {"bias_of_wrong_type", [](Layer& l) { l.bias.type = TensorType::FLOAT32; }},
    {"weights_of_wrong_depth",
     [](Layer& l) {
       l.weights.shape = {4, 3};
     }},
    {"weights_of_wrong_rank", [](Layer& l) { l.weights.shape = {12}; }},
    {"scalar_weights", [](Layer& l) { l.weights.shape = {}, l.weights.data.resize(1); }},
    {"negative_dimension",
     [](Layer& l) {
       l.input.shape = {1, -4};
     }},
    {"zero_dimension",
     [](Layer& l) {
       l.input.shape = {0, 4};
     }},
    {"huge_dimension",
     [](Layer& l) {
       l.input.shape = {0x7FFFFFFF, 0x7FFFFFFF};
     }},
    {"product_overflows",
     [](Layer& l) {
       l.input.shape = {65536, 65536, 65536, 65536, 65536};
     }},
    {"product_overflows_to_4",
     [](Layer& l) {
       l.input.shape = {0x40000000, 4, 4, 0x40000000, 1};
     }},
    {"too_many_dimensions", [](Layer& l) { l.input.shape = std::vector<int32_t>(4000, 1); }},
    {"huge_weights",
     [](Layer& l) {
       l.weights.shape = {0x10000000, 0x10000000};
     }},
    {"scale_zero", [](Layer& l) { l.input.scale = {0.0F}; }},
    {"scale_negative", [](Layer& l) { l.output.scale = {-1.0F}; }},
    {"scale_nan", [](Layer& l) { l.weights.scale = {std::numeric_limits<float>::quiet_NaN()}; }},
    {"scale_infinite", [](Layer& l) { l.output.scale = {std::numeric_limits<float>::infinity()}; }},
    {"no_scale", [](Layer& l) { l.output.scale.clear(); }},
    {"no_scale_of_weights", [](Layer& l) { l.weights.scale.clear(); }},
    {"zero_point_out_of_range", [](Layer& l) { l.input.zero_point = {128}; }},
    {"zero_point_of_64_bits", [](Layer& l) { l.input.zero_point = {int64_t{1} << 40}; }},
    {"asymmetric_weights", [](Layer& l) { l.weights.zero_point = {1}; }},
    {"fewer_zero_points",
     [](Layer& l) {
       l.weights.scale = {1, 1, 1}, l.weights.zero_point = {0, 0};
     }},
    {"fewer_scales_than_channels",
     [](Layer& l) {
       l.weights.scale = {1, 1}, l.weights.zero_point = {0, 0};
     }},
    {"axis_out_of_range",
     [](Layer& l) {
       l.weights.scale = {1, 1, 1}, l.weights.zero_point = {0, 0, 0}, l.weights.axis = 7;
     }},
    {"axis_negative",
     [](Layer& l) {
       l.weights.scale = {1, 1, 1}, l.weights.zero_point = {0, 0, 0}, l.weights.axis = -1;
     }},
    {"input_per_channel",
     [](Layer& l) {
       l.input.scale = {1, 1, 1, 1}, l.input.zero_point = {0, 0, 0, 0}, l.input.axis = 1;
     }},
    {"no_such_buffer", [](Layer& l) { l.weights.data.clear(), l.weights.buffer = 99; }},
    {"last_buffer_number", [](Layer& l) { l.input.buffer = 0xFFFFFFFF; }},
    {"no_such_tensor",
     [](Layer& l) {
       l.inputs = {0, 1, 99};
     }},
    {"tensor_minus_two",
     [](Layer& l) {
       l.inputs = {-2, 1, 2};
     }},
    {"absent_input",
     [](Layer& l) {
       l.inputs = {-1, 1, 2};
     }},
    {"no_inputs", [](Layer& l) { l.inputs = {}; }},
    {"too_many_inputs",
     [](Layer& l) {
       l.inputs = {0, 1, 2, 0, 0};
     }},
    {"no_outputs", [](Layer& l) { l.outputs = {}; }},
    {"two_outputs",
     [](Layer& l) {
       l.outputs = {3, 3};
     }},
    {"output_is_the_input", [](Layer& l) { l.outputs = {0}; }},
    {"output_is_a_constant", [](Layer& l) { l.outputs = {1}; }},
    {"output_is_no_tensor", [](Layer& l) { l.outputs = {-1}; }},
    {"reads_its_own_output",
     [](Layer& l) {
       l.inputs = {3, 1, 2};
     }},
    {"result_is_no_tensor", [](Layer& l) { l.graph_outputs = {4}; }},
    {"no_results", [](Layer& l) { l.graph_outputs = {}; }},
    {"model_input_is_no_tensor", [](Layer& l) { l.graph_inputs = {-1}; }},
    {"model_input_twice",
     [](Layer& l) {
       l.graph_inputs = {0, 0};
     }},
    {"model_input_is_computed",
     [](Layer& l) {
       l.graph_inputs = {0, 3};
     }},
    {"model_input_missing", [](Layer& l) { l.graph_inputs = {}; }},
    {"no_such_op_code", [](Layer& l) { l.opcode_shift = 1; }},
    {"last_op_code", [](Layer& l) { l.opcode_shift = 0xFFFFFFFF; }},
    {"options_missing", [](Layer& l) { l.options = false; }},
    {"output_of_wrong_shape",
     [](Layer& l) {
       l.output.shape = {1, 4};
     }},
    {"output_of_wrong_type", [](Layer& l) { l.output.type = TensorType::INT32; }},
    {"string_input", [](Layer& l) { l.input.type = TensorType::STRING; }},
    {"unknown_type", [](Layer& l) { l.input.type = static_cast<TensorType>(101); }},
    {"sparse_weights", [](Layer& l) { l.weights.sparse = true, l.weights.data.resize(5); }},
};

class HostileLayer : public testing::TestWithParam<LayerCase> {};

TEST_P(HostileLayer, IsRefused) {
  Layer layer;
  GetParam().spoil(layer);
  EXPECT_TRUE(is_refusal(exit_code(layer.build(), true)));
}

INSTANTIATE_TEST_SUITE_P(All, HostileLayer, testing::ValuesIn(kLayerCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(HostileTflite, TheLayerIsSoundBeforeItIsSpoiled) { EXPECT_EQ(exit_code(Layer().build(), false), 0); }

TEST(HostileTflite, CyclesAreRefused) {
  TestModel b;
  const int32_t input = b.activation({1, 4}), left = b.activation({1, 4}), right = b.activation({1, 4});
  b.op(Code::ADD, {input, right}, {left}, CreateAddOptions(b.fbb));
  b.op(Code::ADD, {input, left}, {right}, CreateAddOptions(b.fbb));
  b.end_subgraph({input}, {right});
  EXPECT_EQ(exit_code(b.finish(), false), 3);
}

TEST(HostileTflite, TwoProducersAreRefused) {
  TestModel b;
  const int32_t input = b.activation({1, 4}), output = b.activation({1, 4});
  b.op(Code::RELU, {input}, {output});
  b.op(Code::RELU6, {input}, {output});
  b.end_subgraph({input}, {output});
  EXPECT_EQ(exit_code(b.finish(), false), 3);
}

// Every model at hand is read or refused; those of the MLPerf Tiny benchmark are read.
TEST(HostileTflite, RealModelsAreReadOrRefused) {
  const fs::path models = tests::shared_directory() / "models" / "tflite";
  if (tests::shared_directory().empty() || !fs::is_directory(models)) GTEST_SKIP() << "skipped: no ../shared";
  int read = 0;
  for (const auto& entry : fs::recursive_directory_iterator(models)) {
    if (entry.path().extension() != ".tflite") continue;
    const int code = exit_code(read_file(entry.path()), false);
    EXPECT_TRUE(code == 0 || is_refusal(code)) << entry.path();
    if (entry.path().parent_path().filename() == "mlcommons-tiny") {
      EXPECT_EQ(code, 0) << entry.path();
    }
    read += code == 0 ? 1 : 0;
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace whit
