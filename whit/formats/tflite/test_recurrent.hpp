// Recurrent layers as TFLite's builtin ops have them, as the text of graphs: for the tests of reading and writing, and
// for the interpreter (tests/peer).
#pragma once

namespace whit::tflite {

struct RecurrentText {
  const char *name, *text;
};

inline constexpr RecurrentText kRecurrent[] = {
    {"lstm_f32", R"(variable 0 "h": f32 [1,2] = {0 0}
variable 1 "c": f32 [1,2] = {0 0}
input %0 "x": f32 [1,5,3]
const %1 "w": f32 [2,3] = {1 2 3 4 5 6}
const %2 "r": f32 [2,2] = {1 2 3 4}
const %3 "b": f32 [2] = {7 8}
%4 "h": f32 [1,2] = read_variable()
%5 "c": f32 [1,2] = read_variable() {variable=1}
%6 "y": f32 [1,5,2], %7 "h_next": f32 [1,2], %8 "c_next": f32 [1,2] = lstm(%0, %1, %1, %1, %1, %2, %2, %2, %2, %3, %3, %3, %3, -, -, -, %4, %5) {cell_clip=10}
assign_variable(%7)
assign_variable(%8) {variable=1}
output %6
)"},
    {"lstm_s8", R"(variable 0 "h": i8 [1,2] scale 0.0078125 zero_point 3 = {3 3}
variable 1 "c": i16 [1,2] scale 0.00048828125 zero_point 0 = {0 0}
input %0 "x": i8 [1,5,3] scale 0.5 zero_point -1
const %1 "w": i8 [2,3] scale 0.25 zero_point 0 = {1 2 3 4 5 6}
const %2 "r": i8 [2,2] scale 0.25 zero_point 0 = {1 2 3 4}
const %3 "b": i32 [2] scale 0.125 zero_point 0 = {7 8}
%4 "h": i8 [1,2] scale 0.0078125 zero_point 3 = read_variable()
%5 "c": i16 [1,2] scale 0.00048828125 zero_point 0 = read_variable() {variable=1}
%6 "y": i8 [1,5,2] scale 0.0078125 zero_point 3, %7 "h_next": i8 [1,2] scale 0.0078125 zero_point 3, %8 "c_next": i16 [1,2] scale 0.00048828125 zero_point 0 = lstm(%0, %1, %1, %1, %1, %2, %2, %2, %2, %3, %3, %3, %3, -, -, -, %4, %5) {cell_clip=10}
assign_variable(%7)
assign_variable(%8) {variable=1}
output %6
)"},
    {"svdf_f32", R"(variable 0 "s": f32 [1,8] = {0 0 0 0 0 0 0 0}
input %0 "x": f32 [1,3]
const %1 "wf": f32 [4,3] = {1 2 3 4 5 6 7 8 9 10 11 12}
const %2 "wt": f32 [4,2] = {1 2 3 4 5 6 7 8}
const %3 "b": f32 [2] = {1 2}
%4 "s": f32 [1,8] = read_variable()
%5 "y": f32 [1,2], %6 "s_next": f32 [1,8] = svdf(%0, %1, %2, %3, %4) {rank=2, activation=relu}
assign_variable(%6)
output %5
)"},
    {"svdf_s8", R"(variable 0 "s": i16 [1,8] scale 0.25 zero_point 0 = {0 0 0 0 0 0 0 0}
input %0 "x": i8 [1,3] scale 0.5 zero_point 3
const %1 "wf": i8 [4,3] scale 0.25 zero_point 0 = {1 2 3 4 5 6 7 8 9 10 11 12}
const %2 "wt": i16 [4,2] scale 0.25 zero_point 0 = {1 2 3 4 5 6 7 8}
const %3 "b": i32 [2] scale 0.0625 zero_point 0 = {1 2}
%4 "s": i16 [1,8] scale 0.25 zero_point 0 = read_variable()
%5 "y": i8 [1,2] scale 0.5 zero_point 3, %6 "s_next": i16 [1,8] scale 0.25 zero_point 0 = svdf(%0, %1, %2, %3, %4) {rank=2, activation=relu}
assign_variable(%6)
output %5
)"},
};

// Layers that no builtin op has: written as custom ops.
inline constexpr const char* kCustomRecurrent[] = {
    // No state, reverse, all results used.
    R"(input %0 "x": f32 [5,1,3]
const %1 "w": f32 [2,3] = {1 2 3 4 5 6}
const %2 "r": f32 [2,2] = {1 2 3 4}
const %3 "p": f32 [2] = {1 2}
%4 "y": f32 [5,1,2], %5 "h": f32 [1,2], %6 "c": f32 [1,2] = lstm(%0, %1, %1, %1, %1, %2, %2, %2, %2, -, -, -, -, %3, -, %3, -, -) {time_major=true, reverse=true, cell_clip=2.5}
output %4, %5, %6
)",
    // int16, a first state.
    R"(input %0 "x": i16 [1,5,3] scale 0.5 zero_point 0
const %1 "w": i8 [2,3] scale 0.25 zero_point 0 = {1 2 3 4 5 6}
const %2 "r": i8 [2,2] scale 0.25 zero_point 0 = {1 2 3 4}
const %3 "b": i64 [2] scale 0.125 zero_point 0 = {7 8}
const %4 "c": i16 [1,2] scale 0.00048828125 zero_point 0 = {100 -200}
%5 "y": i16 [1,5,2] scale 0.0078125 zero_point 0, %6 "h": i16 [1,2] scale 0.0078125 zero_point 0, %7 "end": i16 [1,2] scale 0.00048828125 zero_point 0 = lstm(%0, %1, %1, %1, %1, %2, %2, %2, %2, %3, %3, %3, %3, -, -, -, -, %4)
output %5
)",
    // A gru whose state begins at one.
    R"(variable 0 "h": i16 [1,2] scale 3.0517578125e-05 zero_point 0 = {32767 0}
input %0 "x": i8 [1,5,3] scale 0.5 zero_point -1
%3 "h": i16 [1,2] scale 3.0517578125e-05 zero_point 0 = read_variable()
const %1 "w": i8 [2,3] scale 0.25 zero_point 0 = {1 2 3 4 5 6}
const %2 "r": i8 [2,2] scale 0.25 zero_point 0 = {1 2 3 4}
const %4 "b": i32 [2] scale 0.125 zero_point 0 = {7 8}
%5 "y": i8 [1,5,2] scale 0.0078125 zero_point 3, %6 "next": i16 [1,2] scale 3.0517578125e-05 zero_point 0 = gru(%0, %1, %1, %1, %2, %2, %2, %4, -, %4, -, -, -, %3) {linear_before_reset=true}
assign_variable(%6)
output %5
)",
};

}  // namespace whit::tflite
