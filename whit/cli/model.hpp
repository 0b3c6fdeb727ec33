// What the verbs that compile have in common: their options, and loading a model file as a Program.
// A file that begins like a Program (.whit) is taken as it is; an .onnx or .tflite file is read and compiled.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "whit/compile/compile.hpp"
#include "whit/device/subject.hpp"

namespace whit::cli {

struct CompileFlags {
  std::string optimize = "balanced";
  std::vector<std::string> skip;
  std::string dump_after;
};

// --optimize, --skip, --dump-after.
void add_compile_flags(CLI::App& verb, CompileFlags& flags);

// The bytes of a model. Error bad_input when they can be none.
std::vector<uint8_t> read_model(const std::string& file);

// Reads `file` and compiles it for `kernels`. With --dump-after the graph is printed to the standard error.
compile::Compiled load_program(const std::string& file, const CompileFlags& flags, compile::KernelSet kernels);

// The same model, as what a device is asked about: not compiled yet, unless the file is a Program.
device::Subject load_subject(const std::string& file, const CompileFlags& flags);

compile::Optimize optimize_of(const CompileFlags& flags);
compile::PassOptions passes_of(const CompileFlags& flags);

}  // namespace whit::cli
