// whit run model --input in.bin|in.npy -o out.bin|out.npy
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/cli/model.hpp"
#include "whit/cli/verbs.hpp"
#include "whit/formats/npy/npy.hpp"

namespace whit::cli {
namespace {

struct Arguments {
  std::string model;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  CompileFlags compile;
};

const char* npy_type(const compile::ProgramTensor& tensor) {
  static constexpr const char* kTypes[] = {"<f4", "|i1", "|u1", "<i2", "<i4", "<i8", "|b1", "<f2"};
  return kTypes[tensor.info.type];
}

bool is_npy(const std::string& file) { return file.ends_with(".npy"); }

// Raw bytes of one input. An .npy must have the element type of the model; and its shape.
std::vector<uint8_t> read_input(const std::string& file, const compile::ProgramTensor& tensor) {
  std::vector<uint8_t> bytes = read_file(file);
  if (!is_npy(file)) return bytes;
  npy::Array array = npy::read(bytes, file);
  if (array.descr != npy_type(tensor)) {
    throw Error(ErrorCode::bad_input,
                fmt::format("the array has type {}, the model wants {}", array.descr, npy_type(tensor)), file,
                tensor.scale > 0 ? fmt::format("quantize it: round(x / {}) + {}, clipped, as '{}'", tensor.scale,
                                               tensor.info.zero_point, npy_type(tensor))
                                 : fmt::format("convert it: x.astype('{}')", npy_type(tensor)));
  }
  // Dimensions of 1 do not count: (49, 10) is as good as (1, 49, 10, 1).
  std::vector<int64_t> given;
  std::vector<int64_t> wanted;
  std::copy_if(array.shape.begin(), array.shape.end(), std::back_inserter(given), [](int64_t dim) { return dim != 1; });
  std::copy_if(tensor.shape.begin(), tensor.shape.end(), std::back_inserter(wanted),
               [](int64_t dim) { return dim != 1; });
  if (given != wanted) {
    throw Error(ErrorCode::bad_input,
                fmt::format("the array has shape ({}), the model wants ({})", fmt::join(array.shape, ", "),
                            fmt::join(tensor.shape, ", ")),
                file, "reshape or transpose it");
  }
  return std::move(array.data);
}

void write_output(const std::string& file, const compile::ProgramTensor& tensor, std::vector<uint8_t> bytes) {
  if (!is_npy(file)) return write_file(file, bytes);
  write_file(file, npy::write({npy_type(tensor), {tensor.shape.begin(), tensor.shape.end()}, std::move(bytes)}));
}

void expect_count(const char* what, size_t given, size_t wanted) {
  if (given != wanted) {
    throw Error(ErrorCode::usage,
                fmt::format("the model has {} {}{}, {} {} given", wanted, what, wanted == 1 ? "" : "s", given,
                            given == 1 ? "file was" : "files were"),
                "", fmt::format("give --{} once for each, in the model's order", what));
  }
}

void run(const Arguments& arguments) {
  const compile::Compiled compiled = load_program(arguments.model, arguments.compile, compile::KernelSet::host);
  const compile::Program& program = compiled.program;
  expect_count("input", arguments.inputs.size(), program.inputs().size());
  expect_count("output", arguments.outputs.size(), program.outputs().size());
  compile::HostPlayer player(program);
  for (size_t i = 0; i < arguments.inputs.size(); ++i) {
    const std::string& file = arguments.inputs[i];
    try {
      player.set_input(i, read_input(file, program.inputs()[i]));
    } catch (const Error& error) {
      throw error.at(fmt::format("{} (input \"{}\")", file, program.inputs()[i].name));
    }
  }
  player.invoke();
  for (size_t i = 0; i < arguments.outputs.size(); ++i) {
    write_output(arguments.outputs[i], program.outputs()[i], player.output(i));
  }
}

}  // namespace

void add_run(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb = app.add_subcommand("run", "one inference on this machine");
  verb->add_option("model", arguments->model, "model.onnx, model.tflite or model.whit")->required();
  verb->add_option("--input", arguments->inputs, "raw elements (.bin) or .npy; once for each input")->required();
  verb->add_option("-o,--output", arguments->outputs, "file to write, .bin or .npy; once for each output")->required();
  add_compile_flags(*verb, arguments->compile);
  verb->callback([arguments] { run(*arguments); });
}

}  // namespace whit::cli
