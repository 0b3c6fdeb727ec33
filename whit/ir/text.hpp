// The text form of a graph: what `--dump-after` prints and what the tests of passes are written in.
// Printed and parsed here, for people; files travel as .tflite or as Programs. Parsing checks the form and the sizes of
// constants, not the meaning of nodes: that is the verifier's.
//
//   graph "tiny"
//   variable 0 "state": i8 [1,2] scale 0.5 zero_point 0 = {1 2}
//   input %0 "x": i8 [1,4,4,1] scale 0.5 zero_point -1 source 0
//   const %1 "w": i8 [2,3,3,1] scale [0.25 0.5] zero_point [0 0] axis 0 = ... 18 bytes crc32 1c291ca3
//   %3 "y": i8 [1,2,2,2] scale 1 zero_point 3 source 7 = conv2d(%0, %1, -) {stride_h=2, activation=relu} op 0
//   output %3
//
// A line is one thing, `#` starts a comment, `-` is an optional input that is absent. Attributes with their default
// value are left out. `source` and `op` are indices in the source file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "whit/ir/graph.hpp"

namespace whit::ir {

struct PrintOptions {
  int64_t inline_elements = 32;  // a constant of more elements is printed as "... SIZE bytes crc32 HASH"
};

// Tensors keep their ids; those that nothing refers to are left out. parse_text(print_text(g)) prints as g does.
std::string print_text(const Graph& graph, const PrintOptions& options = {});

// Error bad_input, with the number of the line, for text that is not a graph; constants must be there in full.
Graph parse_text(std::string_view text);

// The attributes, all default, that nodes of this kind have.
Attributes default_attributes(Op op);

// "conv" for ConvAttributes and so on, by the index in the variant.
const char* name_of_attributes(size_t kind);

}  // namespace whit::ir
