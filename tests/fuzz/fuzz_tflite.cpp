// Any bytes as a .tflite file: read or refused with an Error; what is read is compiled or refused, too.
#include <span>

#include "tests/fuzz/fuzz_graph.hpp"
#include "whit/base/error.hpp"
#include "whit/formats/tflite/reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    whit::compile_and_run(whit::tflite::read_tflite(std::span(data, size), "fuzz"));
  } catch (const whit::Error&) {
    return 0;
  }
  return 0;
}
