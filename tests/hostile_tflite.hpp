// What the tests of hostile files ask of one.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/tflite/reader.hpp"

namespace whit::tests {

// 0 when the file was read, else the exit code. Whatever else is thrown fails the test.
inline int exit_code(const std::vector<uint8_t>& bytes, bool and_compile) {
  try {
    ir::Graph graph = tflite::read_tflite(bytes, "hostile");
    if (and_compile) compile::compile(std::move(graph), {}, {});
    return 0;
  } catch (const Error& error) {
    return static_cast<int>(error.code());
  }
}

inline bool is_refusal(int code) {
  return code == static_cast<int>(ErrorCode::bad_input) || code == static_cast<int>(ErrorCode::unsupported);
}

}  // namespace whit::tests
