// Reads an .onnx file: every node becomes one or a few ops of the IR, and NCHW becomes NHWC.
// The first step of a model's way. Trusts no byte of the file: whatever is wrong with it gives an Error, never a crash.
// Does not optimise, and does not decide what a kernel can do: a model that is read may still be refused by lowering.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "whit/ir/graph.hpp"

namespace whit::onnx {

// Dimension i of the graph's tensor is dimension permutation[i] of the file's; empty: as in the file.
using Permutation = std::vector<int32_t>;

inline constexpr int64_t kMinOpset = 6, kMaxOpset = 22;

struct Model {
  ir::Graph graph;
  std::vector<Permutation> inputs, outputs;  // one for each of the graph
  std::vector<std::string> notes;            // what was decided for the user: layouts, a batch size of 1
};

// The file's graph as one that ir::verify accepts. `name` is the model's name, used in errors too; external data is
// looked for in `folder`.
//
// Operator sets 6 to 22, float32 and quantized (QuantizeLinear and DequantizeLinear round the ops, or QLinear ops).
// Layout (docs/adr/0006-onnx-layout.md): images are NHWC inside; an input that reaches a convolution, pool or resize
// element by element is NHWC, and so is an output that comes from one. Integers are the int8 of TFLite: uint8 becomes
// int8 with all zero points 128 lower; an op between DequantizeLinear and QuantizeLinear becomes an int8 op.
// Whatever depends on shapes and constants only is computed here. A symbolic first dimension of an input is 1.
//
// Error bad_input: damaged or self-contradictory. Error unsupported: names the node, the op and what would work.
Model read_onnx(std::span<const uint8_t> bytes, const std::string& name, const std::filesystem::path& folder = "");

// Reads `path`; the graph is named after the file, without its extension.
Model read_onnx_file(const std::filesystem::path& path);

// True when `bytes` begin like a serialized ModelProto: ir_version, then a field of a model.
bool looks_like_onnx(std::span<const uint8_t> bytes);

}  // namespace whit::onnx
