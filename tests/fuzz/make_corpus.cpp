// Writes the seeds of the fuzz targets: small models of our own, as .tflite, .onnx and compiled as Programs.
//   make_fuzz_corpus tests/fuzz/corpus
#include <cstdio>
#include <filesystem>
#include <utility>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/onnx/test_model.hpp"
#include "whit/formats/tflite/reader.hpp"
#include "whit/formats/tflite/test_model.hpp"
#include "whit/formats/tflite/writer.hpp"
#include "whit/ir/text.hpp"

namespace {

using whit::compile::KernelSet;

constexpr std::pair<const char*, KernelSet> kKernelSets[] = {{"host", KernelSet::host},
                                                             {"arm_dsp", KernelSet::arm_dsp},
                                                             {"arm_v7m", KernelSet::arm_v7m},
                                                             {"arm_v6m", KernelSet::arm_v6m},
                                                             {"rv32", KernelSet::rv32}};

void write_seeds(const std::filesystem::path& folder, const std::string& name, const std::vector<uint8_t>& bytes) {
  whit::write_file(folder / "fuzz_tflite" / (name + ".tflite"), bytes);
  for (const auto& [set, kernels] : kKernelSets) {
    whit::compile::CompileOptions options;
    options.kernels = kernels;
    const auto compiled = whit::compile::compile(whit::tflite::read_tflite(bytes, name), options, {});
    whit::write_file(folder / "fuzz_program" / (name + "_" + set + ".whit"), compiled.program.bytes());
  }
}

constexpr const char* kLookups = R"(graph "lookups"
input %0 "i": i32 [1,3]
const %1 "table": i8 [5,2] scale 0.5 zero_point 0 = {1 2 3 4 5 6 7 8 9 10}
%2 "rows": i8 [1,3,2] scale 0.5 zero_point 0 = gather(%1, %0)
%3 "image": i8 [1,3,1,2] scale 0.5 zero_point 0 = reshape(%2)
%4 "large": i8 [1,6,2,2] scale 0.5 zero_point 0 = resize_nearest(%3) {half_pixel_centers=true}
const %5 "on": f32 [] = {1}
const %6 "off": f32 [] = {0}
%7 "hot": f32 [1,3,5] = one_hot(%0, %5, %6) {axis=2}
output %4
output %7
)";

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    write_seeds(argv[1], "convnet", whit::tflite::small_convnet());
    write_seeds(argv[1], "movements", whit::tflite::small_movements());
    write_seeds(argv[1], "state", whit::tflite::small_state());
    write_seeds(argv[1], "arithmetic", whit::tflite::small_arithmetic());
    write_seeds(argv[1], "lookups", whit::tflite::write_tflite(whit::ir::parse_text(kLookups)));
    const std::filesystem::path onnx = std::filesystem::path(argv[1]) / "fuzz_onnx";
    whit::write_file(onnx / "convnet.onnx", whit::onnx::small_convnet().bytes());
    whit::write_file(onnx / "quantized.onnx", whit::onnx::small_quantized().bytes());
    whit::write_file(onnx / "shapes.onnx", whit::onnx::small_shapes().bytes());
  } catch (const whit::Error& error) {
    fprintf(stderr, "%s: %s\n", error.where().c_str(), error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
