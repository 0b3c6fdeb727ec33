// Reads a .tflite file: the FlatBuffer is checked, and every op becomes one or a few ops of the IR.
// The first step of a model's way. Trusts no byte of the file: whatever is wrong with it gives an Error, never a crash.
// Does not optimise, and does not decide what a kernel can do: a model that is read may still be refused by lowering.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "whit/ir/graph.hpp"

namespace whit::tflite {

// The first subgraph of the file as a graph that ir::verify accepts. `name` is the model's name, used in errors too.
//
// Expressed with other ops: split, split_v and unpack as slices; pack as a concat of reshapes; squeeze and expand_dims
// as reshapes; SAME and VALID padding as explicit padding; negative axes and strided_slice's masks as plain numbers.
// Integer arithmetic on shapes is done here. Constants that are only dequantized (float16 or integers) become f32
// constants. A float layer with integer weights: TFLite quantizes its activations at run time; here the weights become
// f32, which is nearer to the trained model, so results differ from TFLite's within that quantization's error.
//
// Error bad_input: damaged or self-contradictory. Error unsupported: names the op, its index and types.
ir::Graph read_tflite(std::span<const uint8_t> bytes, const std::string& name);

// Reads `path`; the graph is named after the file, without its extension.
ir::Graph read_tflite_file(const std::string& path);

}  // namespace whit::tflite
