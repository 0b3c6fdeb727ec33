// Writes the seeds of the fuzz targets: small models of our own, as .tflite, .onnx and compiled as Programs.
//   make_fuzz_corpus tests/fuzz/corpus
#include <png.h>
#include <sndfile.h>
#include <turbojpeg.h>
#include <zip.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/compile/compile.hpp"
#include "whit/formats/npy/npy.hpp"
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

// One file of each kind that whit/data reads, behind the byte that names its kind to fuzz_data.
void write_data_seeds(const std::filesystem::path& folder) {
  const whit::TemporaryDirectory work;
  const auto keep = [&](uint8_t kind, const std::string& name) {
    std::vector<uint8_t> bytes = whit::read_file(work.path() / name);
    bytes.insert(bytes.begin(), kind);
    whit::write_file(folder / name, bytes);
  };
  const std::vector<uint8_t> x = whit::npy::write({"<i2", {2, 3}, std::vector<uint8_t>(12, 7)});
  whit::write_file(work.path() / "x.npy", x);
  keep(0, "x.npy");
  int code = 0;
  zip_t* archive = zip_open((work.path() / "x.npz").c_str(), ZIP_CREATE, &code);
  zip_file_add(archive, "x.npy", zip_source_buffer(archive, x.data(), x.size(), 0), 0);
  if (zip_close(archive) == 0) keep(1, "x.npz");
  whit::write_file(work.path() / "x.csv", "a,label,split\n1,0,cal\n\"2\",1,test\n");
  keep(2, "x.csv");
  whit::write_file(work.path() / "x.bin", "12345678");
  keep(3, "x.bin");
  const auto record = [&](uint8_t kind, const char* name, int format) {
    SF_INFO info{};
    info.samplerate = 8000, info.channels = 1, info.format = format | SF_FORMAT_PCM_16;
    SNDFILE* audio = sf_open((work.path() / name).c_str(), SFM_WRITE, &info);
    const float wave[4] = {0.5f, -0.5f, 0.25f, 0};
    sf_writef_float(audio, wave, 4);
    sf_close(audio);
    keep(kind, name);
  };
  record(4, "x.wav", SF_FORMAT_WAV);
  record(5, "x.flac", SF_FORMAT_FLAC);
  png_image image{};
  image.version = PNG_IMAGE_VERSION, image.width = 2, image.height = 1, image.format = PNG_FORMAT_RGB;
  const uint8_t pixels[6] = {1, 2, 3, 4, 5, 6};
  if (png_image_write_to_file(&image, (work.path() / "x.png").c_str(), 0, pixels, 0, nullptr) != 0) keep(6, "x.png");
  unsigned char* jpeg = nullptr;
  unsigned long length = 0;
  tjhandle encoder = tjInitCompress();
  if (tjCompress2(encoder, pixels, 2, 0, 1, TJPF_RGB, &jpeg, &length, TJSAMP_444, 50, 0) == 0) {
    whit::write_file(work.path() / "x.jpg", std::vector<uint8_t>(jpeg, jpeg + length));
    keep(7, "x.jpg");
  }
  tjFree(jpeg);
  tjDestroy(encoder);
}

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
    write_data_seeds(std::filesystem::path(argv[1]) / "fuzz_data");
  } catch (const whit::Error& error) {
    fprintf(stderr, "%s: %s\n", error.where().c_str(), error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
