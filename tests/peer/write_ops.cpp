// Writes a .tflite file for each op and type that the writer takes into a directory, for the interpreter to open.
//   write_ops DIRECTORY
// Prints "written NAME" or "refused NAME: why" for each.
#include <fmt/format.h>

#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/formats/tflite/test_recurrent.hpp"
#include "whit/formats/tflite/writer.hpp"
#include "whit/ir/text.hpp"

namespace {

struct Type {
  const char* name;
  const char* quantization;  // of an activation
  const char* fixed[3];      // of the output of: logistic, softmax; tanh, l2_normalization; log_softmax
};

constexpr Type kTypes[] = {
    {"f32", "", {"", "", ""}},
    {"i8",
     " scale 0.5 zero_point 3",
     {" scale 0.00390625 zero_point -128", " scale 0.0078125 zero_point 0", " scale 0.0625 zero_point 127"}},
    {"u8",
     " scale 0.5 zero_point 130",
     {" scale 0.00390625 zero_point 0", " scale 0.0078125 zero_point 128", " scale 0.0625 zero_point 255"}},
    {"i16",
     " scale 0.5 zero_point 0",
     {" scale 0.000030517578125 zero_point 0", " scale 0.000030517578125 zero_point 0", ""}},
    {"i32", "", {"", "", ""}},
    {"i64", "", {"", "", ""}},
    {"bool", "", {"", "", ""}},
    {"f16", "", {"", "", ""}},
};

struct Op {
  const char* name;
  const char* text;  // T: a type, Q: its quantization, F0 F1 F2: the fixed ones
};

std::string unary(const char* op, const char* quantization) {
  return fmt::format("input %0 \"x\": T [1,2,3]Q\n%1 \"y\": T [1,2,3]{} = {}(%0)\noutput %1\n", quantization, op);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

constexpr const char* kUnary[] = {"relu", "relu6", "relu_n1_to_1", "relu_0_to_1", "leaky_relu", "elu",   "hard_swish",
                                  "abs",  "neg",   "exp",          "log",         "sqrt",       "rsqrt", "square",
                                  "sin",  "cos",   "floor",        "ceil",        "round"};
constexpr const char* kBinary[] = {"add", "sub", "mul", "div", "maximum", "minimum", "squared_difference"};
constexpr const char* kCompare[] = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};
constexpr const char* kReduce[] = {"mean", "sum", "reduce_max", "reduce_min"};

constexpr Op kOps[] = {
    {"average_pool2d",
     "input %0 \"x\": T [1,4,4,2]Q\n%1 \"y\": T [1,2,2,2]Q = average_pool2d(%0) {kernel_h=2, "
     "kernel_w=2, stride_h=2, stride_w=2}\noutput %1\n"},
    {"max_pool2d",
     "input %0 \"x\": T [1,4,4,2]Q\n%1 \"y\": T [1,2,2,2]Q = max_pool2d(%0) {kernel_h=2, "
     "kernel_w=2, stride_h=2, stride_w=2}\noutput %1\n"},
    {"max_pool2d_padded",
     "input %0 \"x\": T [1,4,4,2]Q\n%1 \"y\": T [1,2,2,2]Q = max_pool2d(%0) {kernel_h=3, "
     "kernel_w=3, stride_h=2, stride_w=2, pad_top=1, pad_left=1}\noutput %1\n"},
    {"batch_matmul",
     "input %0 \"x\": T [2,3,4]Q\ninput %1 \"z\": T [2,4,5]Q\n%2 \"y\": T [2,3,5]Q = "
     "batch_matmul(%0, %1)\noutput %2\n"},
    {"prelu",
     "input %0 \"x\": T [2,3]Q\nconst %1 \"w\": T [3]Q = {1 0 1}\n%2 \"y\": T [2,3]Q = prelu(%0, %1)\noutput "
     "%2\n"},
    {"select",
     "input %0 \"c\": bool [2,3]\ninput %1 \"a\": T [2,3]Q\ninput %2 \"b\": T [3]Q\n%3 \"y\": T [2,3]Q = "
     "select(%0, %1, %2)\noutput %3\n"},
    {"select6",
     "input %0 \"c\": bool [1,1,1,1,2,3]\ninput %1 \"a\": T [1,1,1,1,2,3]Q\ninput %2 \"b\": T [3]Q\n%3 "
     "\"y\": T [1,1,1,1,2,3]Q = select(%0, %1, %2)\noutput %3\n"},
    {"softmax", "input %0 \"x\": T [1,5]Q\n%1 \"y\": T [1,5]F0 = softmax(%0)\noutput %1\n"},
    {"log_softmax", "input %0 \"x\": T [1,5]Q\n%1 \"y\": T [1,5]F2 = log_softmax(%0)\noutput %1\n"},
    {"l2_normalization", "input %0 \"x\": T [1,5]Q\n%1 \"y\": T [1,5]F1 = l2_normalization(%0)\noutput %1\n"},
    {"arg_max", "input %0 \"x\": T [2,3]Q\n%1 \"y\": i32 [2] = arg_max(%0) {axes=[1]}\noutput %1\n"},
    {"arg_min", "input %0 \"x\": T [2,3]Q\n%1 \"y\": i64 [3] = arg_min(%0) {axes=[0]}\noutput %1\n"},
    {"quantize", "input %0 \"x\": f32 [3]\n%1 \"y\": T [3]Q = quantize(%0)\noutput %1\n"},
    {"dequantize", "input %0 \"x\": T [3]Q\n%1 \"y\": f32 [3] = dequantize(%0)\noutput %1\n"},
    {"requantize_from_i8",
     "input %0 \"x\": i8 [3] scale 0.25 zero_point 1\n%1 \"y\": T [3]Q = quantize(%0)\noutput "
     "%1\n"},
    {"requantize_from_u8",
     "input %0 \"x\": u8 [3] scale 0.25 zero_point 1\n%1 \"y\": T [3]Q = quantize(%0)\noutput "
     "%1\n"},
    {"requantize_from_i16",
     "input %0 \"x\": i16 [3] scale 0.25 zero_point 0\n%1 \"y\": T [3]Q = "
     "quantize(%0)\noutput %1\n"},
    {"requantize_from_i32",
     "input %0 \"x\": i32 [3] scale 0.25 zero_point 0\n%1 \"y\": T [3]Q = quantize(%0)\noutput %1\n"},
    {"mirror_pad6",
     "input %0 \"x\": T [1,1,1,1,2,3]Q\n%1 \"y\": T [1,1,1,1,2,4]Q = mirror_pad(%0) {before=[0 0 0 0 0 0], after=[0 0 "
     "0 0 "
     "0 1]}\noutput %1\n"},
    {"mirror_pad5",
     "input %0 \"x\": T [1,1,1,2,3]Q\n%1 \"y\": T [1,1,1,2,4]Q = mirror_pad(%0) {before=[0 0 0 0 0], after=[0 0 0 "
     "0 1]}\noutput %1\n"},
    {"quantize_i32", "input %0 \"x\": T [3]Q\n%1 \"y\": i32 [3] scale 0.5 zero_point 0 = quantize(%0)\noutput %1\n"},
    {"cast_to_f32", "input %0 \"x\": T [3]Q\n%1 \"y\": f32 [3] = cast(%0)\noutput %1\n"},
    {"cast_from_f32", "input %0 \"x\": f32 [3]\n%1 \"y\": T [3]Q = cast(%0)\noutput %1\n"},
    {"cast_to_i32", "input %0 \"x\": T [3]Q\n%1 \"y\": i32 [3] = cast(%0)\noutput %1\n"},
    {"reshape", "input %0 \"x\": T [2,3]Q\n%1 \"y\": T [3,2]Q = reshape(%0)\noutput %1\n"},
    {"reshape_scalar", "input %0 \"x\": T [1,1]Q\n%1 \"y\": T []Q = reshape(%0)\noutput %1\n"},
    {"transpose2", "input %0 \"x\": T [2,3]Q\n%1 \"y\": T [3,2]Q = transpose(%0) {permutation=[1 0]}\noutput %1\n"},
    {"transpose5",
     "input %0 \"x\": T [1,1,1,2,3]Q\n%1 \"y\": T [1,1,1,3,2]Q = transpose(%0) {permutation=[0 1 2 4 "
     "3]}\noutput %1\n"},
    {"transpose6",
     "input %0 \"x\": T [1,1,1,1,2,3]Q\n%1 \"y\": T [1,1,1,1,3,2]Q = transpose(%0) {permutation=[0 1 2 "
     "3 5 4]}\noutput %1\n"},
    {"transpose8",
     "input %0 \"x\": T [1,1,1,1,1,2,1,3]Q\n%1 \"y\": T [1,1,1,1,1,3,1,2]Q = transpose(%0) "
     "{permutation=[0 1 2 3 4 7 6 5]}\noutput %1\n"},
    {"concat", "input %0 \"x\": T [2,3]Q\n%1 \"y\": T [2,6]Q = concat(%0, %0) {axis=1}\noutput %1\n"},
    {"concat8",
     "input %0 \"x\": T [1,1,1,1,1,1,2,3]Q\n%1 \"y\": T [1,1,1,1,1,1,2,6]Q = concat(%0, %0) "
     "{axis=7}\noutput %1\n"},
    {"slice", "input %0 \"x\": T [4,3]Q\n%1 \"y\": T [2,2]Q = slice(%0) {begin=[1 1], stride=[1 1]}\noutput %1\n"},
    {"slice5",
     "input %0 \"x\": T [1,1,1,4,3]Q\n%1 \"y\": T [1,1,1,2,2]Q = slice(%0) {begin=[0 0 0 1 1], stride=[1 1 "
     "1 1 1]}\noutput %1\n"},
    {"slice6",
     "input %0 \"x\": T [1,1,1,1,4,3]Q\n%1 \"y\": T [1,1,1,1,2,2]Q = slice(%0) {begin=[0 0 0 0 1 1], "
     "stride=[1 1 1 1 1 1]}\noutput %1\n"},
    {"strided_slice",
     "input %0 \"x\": T [4,3]Q\n%1 \"y\": T [2,2]Q = slice(%0) {begin=[2 0], stride=[-2 "
     "2]}\noutput %1\n"},
    {"strided_slice5",
     "input %0 \"x\": T [1,1,1,4,3]Q\n%1 \"y\": T [1,1,1,2,2]Q = slice(%0) {begin=[0 0 0 2 0], "
     "stride=[1 1 1 -2 2]}\noutput %1\n"},
    {"strided_slice6",
     "input %0 \"x\": T [1,1,1,1,4,3]Q\n%1 \"y\": T [1,1,1,1,2,2]Q = slice(%0) {begin=[0 0 0 0 2 "
     "0], stride=[1 1 1 1 -2 2]}\noutput %1\n"},
    {"pad", "input %0 \"x\": T [2,3]Q\n%1 \"y\": T [2,4]Q = pad(%0) {before=[0 0], after=[0 1], value=Z}\noutput %1\n"},
    {"pad5",
     "input %0 \"x\": T [1,1,1,2,3]Q\n%1 \"y\": T [1,1,1,2,4]Q = pad(%0) {before=[0 0 0 0 0], after=[0 0 0 0 "
     "1], value=Z}\noutput %1\n"},
    {"pad6",
     "input %0 \"x\": T [1,1,1,1,2,3]Q\n%1 \"y\": T [1,1,1,1,2,4]Q = pad(%0) {before=[0 0 0 0 0 0], after=[0 "
     "0 0 0 0 1], value=Z}\noutput %1\n"},
    {"pad_value",
     "input %0 \"x\": T [2,3]Q\n%1 \"y\": T [2,4]Q = pad(%0) {before=[0 0], after=[0 1], "
     "value=7}\noutput %1\n"},
    {"mirror_pad",
     "input %0 \"x\": T [2,3]Q\n%1 \"y\": T [2,4]Q = mirror_pad(%0) {before=[0 0], after=[0 "
     "1]}\noutput %1\n"},
    {"tile", "input %0 \"x\": T [2,3]Q\n%1 \"y\": T [4,3]Q = tile(%0)\noutput %1\n"},
    {"gather",
     "input %0 \"x\": T [2,3]Q\ninput %1 \"i\": i32 [2]\n%2 \"y\": T [2,2]Q = gather(%0, %1) "
     "{axis=1}\noutput %2\n"},
    {"one_hot",
     "input %0 \"i\": i32 [2]\ninput %1 \"on\": T []Q\ninput %2 \"off\": T []Q\n%3 \"y\": T [2,3]Q = "
     "one_hot(%0, %1, %2) {axis=1}\noutput %3\n"},
    {"space_to_depth",
     "input %0 \"x\": T [1,4,4,1]Q\n%1 \"y\": T [1,2,2,4]Q = space_to_depth(%0) {block=2}\noutput "
     "%1\n"},
    {"depth_to_space",
     "input %0 \"x\": T [1,2,2,4]Q\n%1 \"y\": T [1,4,4,1]Q = depth_to_space(%0) {block=2}\noutput "
     "%1\n"},
    {"resize_nearest", "input %0 \"x\": T [1,2,2,1]Q\n%1 \"y\": T [1,4,3,1]Q = resize_nearest(%0)\noutput %1\n"},
    {"resize_bilinear",
     "input %0 \"x\": T [1,2,2,1]Q\n%1 \"y\": T [1,4,3,1]Q = resize_bilinear(%0) "
     "{half_pixel_centers=true}\noutput %1\n"},
    {"variable",
     "variable 0 \"s\": T [2]Q = {1 0}\ninput %0 \"x\": T [2]Q\n%1 \"y\": T [2]Q = "
     "read_variable()\nassign_variable(%0)\noutput %1\n"},
};

// Layers: activations A of quantization Q, weights W of quantization V (P: per channel along 3), biases B.
constexpr Op kLayers[] = {
    {"conv2d",
     "input %0 \"x\": A [1,4,4,2]Q\nconst %1 \"w\": W [2,1,1,2]V = {1 2 3 -4}\nconst %2 \"b\": B [2] = {1 "
     "2}\n%3 \"y\": A [1,4,4,2]Q = conv2d(%0, %1, %2) {activation=relu}\noutput %3\n"},
    {"conv2d_padded",
     "input %0 \"x\": A [1,4,4,1]Q\nconst %1 \"w\": W [2,2,2,1]V = {1 2 3 -4 5 6 7 7}\n%3 \"y\": A "
     "[1,3,3,2]Q = conv2d(%0, %1, -) {stride_h=2, stride_w=2, pad_top=2, pad_left=2, dilation_h=1, "
     "activation=relu6}\noutput %3\n"},
    {"depthwise_conv2d",
     "input %0 \"x\": A [1,4,4,1]Q\nconst %1 \"w\": W [1,3,1,2]P = {1 2 3 -4 5 6}\nconst %2 \"b\": B "
     "[2] = {1 2}\n%3 \"y\": A [1,4,4,2]Q = depthwise_conv2d(%0, %1, %2) {pad_top=1, "
     "pad_bottom=1, activation=relu_n1_to_1}\noutput %3\n"},
    {"depthwise_conv2d_dilated",
     "input %0 \"x\": A [1,5,5,2]Q\nconst %1 \"w\": W [1,3,1,2]P = {1 2 3 -4 5 6}\n%3 \"y\": "
     "A [1,1,5,2]Q = depthwise_conv2d(%0, %1, -) {dilation_h=2}\noutput %3\n"},
    {"transpose_conv2d",
     "input %0 \"x\": A [1,2,2,1]Q\nconst %1 \"w\": W [2,3,3,1]V = {1 2 3 4 5 6 7 7 7 1 2 3 4 5 6 7 "
     "7 7}\nconst %2 \"b\": B [2] = {1 2}\n%3 \"y\": A [1,4,4,2]Q = transpose_conv2d(%0, %1, %2) "
     "{stride_h=2, stride_w=2, pad_bottom=1, pad_right=1}\noutput %3\n"},
    {"transpose_conv2d_cut",
     "input %0 \"x\": A [1,2,2,1]Q\nconst %1 \"w\": W [2,3,3,1]V = {1 2 3 4 5 6 7 7 7 1 2 3 4 5 "
     "6 7 7 7}\n%3 \"y\": A [1,4,4,2]Q = transpose_conv2d(%0, %1, -) {stride_h=2, stride_w=2, "
     "pad_top=1, pad_left=1, activation=relu}\noutput %3\n"},
    {"transpose_conv2d_same",
     "input %0 \"x\": A [1,2,2,1]Q\nconst %1 \"w\": W [2,3,3,1]V = {1 2 3 4 5 6 7 7 7 1 2 3 4 5 6 7 7 7}\nconst %2 "
     "\"b\": B "
     "[2] = {1 2}\n%3 \"y\": A [1,2,2,2]Q = transpose_conv2d(%0, %1, %2) {pad_top=1, pad_left=1, pad_bottom=1, "
     "pad_right=1}\noutput %3\n"},
    {"transpose_conv2d_long",
     "input %0 \"x\": A [1,2,2,1]Q\nconst %1 \"w\": W [2,1,1,1]V = {1 2}\n%3 \"y\": A [1,4,4,2]Q = "
     "transpose_conv2d(%0, "
     "%1, -) {stride_h=2, stride_w=2, pad_bottom=-1, pad_right=-1}\noutput %3\n"},
    {"fully_connected",
     "input %0 \"x\": A [2,3]Q\nconst %1 \"w\": W [2,3]V = {1 2 3 -4 5 6}\nconst %2 \"b\": B [2] = {1 "
     "2}\n%3 \"y\": A [2,2]Q = fully_connected(%0, %1, %2) {activation=relu}\noutput %3\n"},
    {"fully_connected_kept",
     "input %0 \"x\": A [2,2,3]Q\nconst %1 \"w\": W [2,3]V = {1 2 3 -4 5 6}\n%3 \"y\": A "
     "[2,2,2]Q = fully_connected(%0, %1, -)\noutput %3\n"},
};

// Weights of halves, enough of them to be stored as FLOAT16 behind a DEQUANTIZE.
std::string half_layer(const char* layer, const char* input, const char* weights, const char* output) {
  std::string values;
  for (int i = 0; i < 144; ++i) values += i % 3 == 0 ? "0.75 " : "-1.5 ";
  return fmt::format(
      "input %0 \"x\": f32 {}\nconst %1 \"w\": f32 {} = {{{}}}\n%2 \"y\": f32 {} = {}(%0, %1)\noutput %2\n", input,
      weights, values, output, layer);
}

struct LayerTypes {
  const char *name, *activation, *quantization, *weights, *bias;
};

constexpr LayerTypes kLayerTypes[] = {
    {"f32", "f32", "", "f32", "f32"},
    {"s8", "i8", " scale 0.5 zero_point 3", "i8", "i32"},
    {"s8_w4", "i8", " scale 0.5 zero_point 3", "i4", "i32"},
    {"u8", "u8", " scale 0.5 zero_point 130", "u8", "i32"},
    {"16x8", "i16", " scale 0.5 zero_point 0", "i8", "i64"},
    {"16x8_narrow_bias", "i16", " scale 0.5 zero_point 0", "i8", "i32"},
};

void write_text(const std::filesystem::path& directory, const std::string& name, const std::string& text) {
  try {
    whit::write_file(directory / (name + ".tflite"),
                     whit::tflite::write_tflite(whit::ir::parse_text("graph \"g\"\n" + text)));
    fmt::print("written {}\n", name);
  } catch (const whit::Error& error) {
    fmt::print("refused {}: {}\n", name, error.what());
  }
}

void write_half_layers(const std::filesystem::path& directory) {
  write_text(directory, "conv2d_half_weights", half_layer("conv2d", "[1,4,4,2]", "[8,3,3,2]", "[1,2,2,8]"));
  write_text(directory, "depthwise_conv2d_half_weights",
             half_layer("depthwise_conv2d", "[1,4,4,16]", "[1,3,3,16]", "[1,2,2,16]"));
  write_text(directory, "transpose_conv2d_half_weights",
             half_layer("transpose_conv2d", "[1,2,2,2]", "[8,3,3,2]", "[1,4,4,8]"));
  write_text(directory, "fully_connected_half_weights", half_layer("fully_connected", "[2,12]", "[12,12]", "[2,12]"));
  write_text(directory, "batch_matmul_half_weights", half_layer("batch_matmul", "[2,12]", "[12,12]", "[2,12]"));
}

void write_layer(const std::filesystem::path& directory, const Op& op, const LayerTypes& types, bool per_channel) {
  std::string text = op.text;
  const bool quantized = *types.quantization != 0;
  const std::string channels = " scale [0.25 0.125] zero_point [0 0]", one = " scale 0.25 zero_point 0";
  text = replaced(text, ": A ", std::string(": ") + types.activation + " ");
  text = replaced(text, ": W ", std::string(": ") + types.weights + " ");
  text = replaced(text, ": B ", std::string(": ") + types.bias + " ");
  text = replaced(text, "]Q", std::string("]") + types.quantization);
  text = replaced(text, "]V", "]" + (quantized ? (per_channel ? channels : one) : ""));
  text = replaced(text, "]P", "]" + (quantized ? (per_channel ? channels + " axis 3" : one) : ""));
  if (std::string(types.weights) == "u8") text = replaced(text, "-4", "4");
  write_text(directory, fmt::format("{}_{}{}", op.name, types.name, per_channel ? "_per_channel" : ""), text);
}

void write(const std::filesystem::path& directory, const std::string& op, const std::string& text, const Type& type) {
  const std::string name = op + "_" + type.name;
  std::string filled = text;
  const std::string quantization = type.quantization;
  const std::string zero = quantization.empty() ? "0" : quantization.substr(quantization.rfind(' ') + 1);
  for (int i = 0; i < 3; ++i) filled = replaced(filled, "F" + std::to_string(i), type.fixed[i]);
  filled = replaced(filled, ": T ", std::string(": ") + type.name + " ");
  filled = replaced(replaced(filled, "]Q", "]" + quantization), "=Z", "=" + zero);
  write_text(directory, name, filled);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return static_cast<int>(whit::ErrorCode::usage);
  for (const auto& layer : whit::tflite::kRecurrent) write_text(argv[1], layer.name, layer.text);
  write_half_layers(argv[1]);
  for (const LayerTypes& types : kLayerTypes) {
    for (const Op& op : kLayers) {
      write_layer(argv[1], op, types, false);
      if (*types.quantization != 0) write_layer(argv[1], op, types, true);
    }
  }
  for (const Type& type : kTypes) {
    for (const char* op : kUnary) write(argv[1], op, unary(op, "Q"), type);
    write(argv[1], "logistic", unary("logistic", "F0"), type);
    write(argv[1], "tanh", unary("tanh", "F1"), type);
    for (const char* op : kBinary) {
      write(argv[1], op,
            fmt::format(
                "input %0 \"a\": T [2,3]Q\ninput %1 \"b\": T [3]Q\n%2 \"y\": T [2,3]Q = {}(%0, %1)\noutput %2\n", op),
            type);
      write(argv[1], std::string(op) + "6",
            fmt::format("input %0 \"a\": T [1,1,1,1,2,3]Q\ninput %1 \"b\": T [3]Q\n%2 \"y\": T [1,1,1,1,2,3]Q = {}(%0, "
                        "%1)\noutput %2\n",
                        op),
            type);
    }
    for (const char* op : kCompare) {
      write(argv[1], op,
            fmt::format(
                "input %0 \"a\": T [2,3]Q\ninput %1 \"b\": T [3]Q\n%2 \"y\": bool [2,3] = {}(%0, %1)\noutput %2\n", op),
            type);
    }
    for (const char* op : kReduce) {
      write(argv[1], op,
            fmt::format("input %0 \"a\": T [2,3,4]Q\n%1 \"y\": T [2,4]Q = {}(%0) {{axes=[1]}}\noutput %1\n", op), type);
    }
    for (const Op& op : kOps) write(argv[1], op.name, op.text, type);
  }
}
