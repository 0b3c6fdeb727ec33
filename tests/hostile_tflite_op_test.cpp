// Files that lie, one op at a time: each is sound but for the operands and options of one op, and must be refused.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/hostile_tflite.hpp"
#include "whit/formats/tflite/test_model.hpp"

namespace whit {
namespace {

using namespace tflite;  // NOLINT: the names of the format are what these tests are made of
using tests::exit_code;
using tests::is_refusal;
using Code = BuiltinOperator;

// One op with operands of the case's choice.
struct OpCase {
  const char* name;
  void (*build)(TestModel& b, int32_t input, int32_t output);
};

const OpCase kOpCases[] = {
    {"conv_stride_zero",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::CONV_2D, {i, b.tensor(weights_spec({2, 1, 1, 2}, 0))}, {o},
            CreateConv2DOptions(b.fbb, Padding::SAME, 0, 0));
     }},
    {"conv_stride_negative",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::CONV_2D, {i, b.tensor(weights_spec({2, 1, 1, 2}, 0))}, {o},
            CreateConv2DOptions(b.fbb, Padding::SAME, -1, INT32_MIN));
     }},
    {"conv_dilation_huge",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::CONV_2D, {i, b.tensor(weights_spec({2, 3, 3, 2}, 0))}, {o},
            CreateConv2DOptions(b.fbb, Padding::SAME, 1, 1, Activation::NONE, INT32_MAX, INT32_MAX));
     }},
    {"conv_padding_unknown",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::CONV_2D, {i, b.tensor(weights_spec({2, 1, 1, 2}, 0))}, {o},
            CreateConv2DOptions(b.fbb, static_cast<Padding>(9), 1, 1));
     }},
    {"conv_activation_unknown",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::CONV_2D, {i, b.tensor(weights_spec({2, 1, 1, 2}, 0))}, {o},
            CreateConv2DOptions(b.fbb, Padding::SAME, 1, 1, static_cast<Activation>(77)));
     }},
    {"pool_window_zero",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::AVERAGE_POOL_2D, {i}, {o}, CreatePool2DOptions(b.fbb, Padding::SAME, 1, 1, 0, 0));
     }},
    {"pool_larger_than_input",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::MAX_POOL_2D, {i}, {o}, CreatePool2DOptions(b.fbb, Padding::VALID, 1, 1, 9, 9));
     }},
    {"options_of_another_op",
     [](TestModel& b, int32_t i, int32_t o) { b.op(Code::MAX_POOL_2D, {i}, {o}, CreateSoftmaxOptions(b.fbb, 1.0F)); }},
    {"softmax_beta_nan",
     [](TestModel& b, int32_t i, int32_t o) { b.op(Code::SOFTMAX, {i}, {o}, CreateSoftmaxOptions(b.fbb, NAN)); }},
    {"reshape_with_two_open",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::RESHAPE, {i, b.integers({-1, -1})}, {o});
     }},
    {"reshape_overflows",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::RESHAPE, {i, b.integers({INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX})}, {o});
     }},
    {"reshape_to_nothing",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::RESHAPE, {i, b.integers({0, -1})}, {o});
     }},
    {"transpose_repeats",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::TRANSPOSE, {i, b.integers({0, 1, 1, 3})}, {o});
     }},
    {"transpose_too_short",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::TRANSPOSE, {i, b.integers({0, 1})}, {o});
     }},
    {"pad_negative",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::PAD, {i, b.integers({0, 0, -1, 1, 0, 0, 0, 0})}, {o});
     }},
    {"pad_huge",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::PAD, {i, b.integers({0, INT32_MAX, 0, INT32_MAX, 0, INT32_MAX, 0, 0})}, {o});
     }},
    {"mean_axis_outside",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::MEAN, {i, b.integers({4})}, {o}, CreateReducerOptions(b.fbb));
     }},
    {"concat_axis_outside",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::CONCATENATION, {i, i}, {o}, CreateConcatenationOptions(b.fbb, -5));
     }},
    {"slice_outside",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::SLICE, {i, b.integers({0, 3, 0, 0}), b.integers({1, 2, 4, 2})}, {o});
     }},
    {"strided_slice_stride_zero",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::STRIDED_SLICE, {i, b.integers({0}), b.integers({1}), b.integers({0})}, {o},
            CreateStridedSliceOptions(b.fbb));
     }},
    {"strided_slice_too_many",
     [](TestModel& b, int32_t i, int32_t o) {
       const std::vector<int32_t> ones(9, 1);
       b.op(Code::STRIDED_SLICE, {i, b.integers(ones), b.integers(ones), b.integers(ones)}, {o},
            CreateStridedSliceOptions(b.fbb));
     }},
    {"strided_slice_two_ellipses",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::STRIDED_SLICE, {i, b.integers({0, 0}), b.integers({1, 1}), b.integers({1, 1})}, {o},
            CreateStridedSliceOptions(b.fbb, 0, 0, 3));
     }},
    {"split_unevenly",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::SPLIT, {b.scalar(1), i}, {o, o, o});
     }},
    {"split_v_sizes_overflow",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::SPLIT_V, {i, b.integers({INT32_MAX, INT32_MAX}), b.scalar(1)}, {o, o});
     }},
    {"unpack_of_another_count",
     [](TestModel& b, int32_t i, int32_t o) { b.op(Code::UNPACK, {i}, {o}, CreateUnpackOptions(b.fbb, 1, 1)); }},
    {"resize_to_nothing",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::RESIZE_BILINEAR, {i, b.integers({0, 4})}, {o}, CreateResizeBilinearOptions(b.fbb));
     }},
    {"depth_to_space_block_zero",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::DEPTH_TO_SPACE, {i}, {o}, CreateDepthToSpaceOptions(b.fbb, 0));
     }},
    {"depth_to_space_block_huge",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::DEPTH_TO_SPACE, {i}, {o}, CreateDepthToSpaceOptions(b.fbb, 65536));
     }},
    {"tile_overflows",
     [](TestModel& b, int32_t i, int32_t o) {
       b.op(Code::TILE, {i, b.integers({INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX})}, {o});
     }},
    {"call_once_of_itself",
     [](TestModel& b, int32_t, int32_t) { b.op(Code::CALL_ONCE, {}, {}, CreateCallOnceOptions(b.fbb, 0)); }},
    {"call_once_of_nothing",
     [](TestModel& b, int32_t, int32_t) { b.op(Code::CALL_ONCE, {}, {}, CreateCallOnceOptions(b.fbb, 7)); }},
    {"variable_without_value",
     [](TestModel& b, int32_t, int32_t) {
       b.op(Code::VAR_HANDLE, {}, {b.tensor({{}, TensorType::RESOURCE})}, CreateVarHandleOptions(b.fbb));
     }},
    {"read_of_no_handle", [](TestModel& b, int32_t i, int32_t o) { b.op(Code::READ_VARIABLE, {i}, {o}); }},
    {"dequantize_of_half_a_float",
     [](TestModel& b, int32_t, int32_t o) {
       b.op(Code::DEQUANTIZE, {b.tensor({{1, 4, 4, 2}, TensorType::FLOAT16, std::vector<uint8_t>(63)})}, {o});
     }},
    {"shapes_that_overflow",
     [](TestModel& b, int32_t i, int32_t o) {
       const int32_t huge = b.tensor({{1}, TensorType::INT64, bytes_of_values(std::vector<int64_t>{INT64_MAX})});
       const int32_t sum = b.tensor({{1}, TensorType::INT64});
       b.op(Code::ADD, {huge, huge}, {sum}, CreateAddOptions(b.fbb));
       b.op(Code::RESHAPE, {i, sum}, {o});
     }},
    {"gather_outside_of_a_shape",
     [](TestModel& b, int32_t i, int32_t o) {
       const int32_t dims = b.tensor({{4}, TensorType::INT32}), one = b.tensor({{1}, TensorType::INT32});
       b.op(Code::SHAPE, {i}, {dims});
       b.op(Code::GATHER, {dims, b.integers({4})}, {one}, CreateGatherOptions(b.fbb));
       b.op(Code::RESHAPE, {i, one}, {o});
     }},
};

class HostileOp : public testing::TestWithParam<OpCase> {};

TEST_P(HostileOp, IsRefused) {
  TestModel b;
  const int32_t input = b.activation({1, 4, 4, 2}), output = b.activation({1, 4, 4, 2});
  GetParam().build(b, input, output);
  b.end_subgraph({input}, {output});
  EXPECT_TRUE(is_refusal(exit_code(b.finish(), true)));
}

INSTANTIATE_TEST_SUITE_P(All, HostileOp, testing::ValuesIn(kOpCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace whit
