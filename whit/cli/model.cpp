#include "whit/cli/model.hpp"

#include <cstdio>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/cli/graph.hpp"

namespace whit::cli {

void add_compile_flags(CLI::App& verb, CompileFlags& flags) {
  verb.add_option("--optimize", flags.optimize, "share code between layers, or specialise it")
      ->check(CLI::IsMember({"size", "balanced", "speed"}))
      ->capture_default_str();
  verb.add_option("--skip", flags.skip, "leave out a pass (may be given several times)");
  verb.add_option("--dump-after", flags.dump_after, "print the graph as text after this pass");
}

compile::Optimize optimize_of(const CompileFlags& flags) {
  if (flags.optimize == "size") return compile::Optimize::size;
  return flags.optimize == "speed" ? compile::Optimize::speed : compile::Optimize::balanced;
}

compile::PassOptions passes_of(const CompileFlags& flags) {
  compile::PassOptions options;
  options.skip = {flags.skip.begin(), flags.skip.end()};
  options.dump_after = flags.dump_after;
  options.dump = [](const std::string& text) { std::fputs(text.c_str(), stderr); };
  return options;
}

namespace {

// A Program is past the passes, and its kernels are chosen.
compile::Compiled load_blob(std::vector<uint8_t> bytes, const std::string& file, const CompileFlags& flags,
                            compile::KernelSet kernels) {
  if (!flags.skip.empty() || !flags.dump_after.empty()) {
    throw Error(ErrorCode::usage, "--skip and --dump-after do nothing for a Program: its passes have run", file,
                "give the model's file");
  }
  compile::Program program(std::move(bytes), file);
  const bool is_for_others = program.header().target != static_cast<uint32_t>(kernels);
  if (is_for_others && kernels != compile::KernelSet::host) {
    std::fprintf(stderr,
                 "note: %s was compiled for other kernels; it runs, but slower: compile it with this --target\n",
                 file.c_str());
  }
  return {std::move(program), 0, {}};
}

}  // namespace

std::vector<uint8_t> read_model(const std::string& file) {
  std::vector<uint8_t> bytes = read_file(file);
  if (bytes.empty()) throw Error(ErrorCode::bad_input, "the file is empty", file, "copy or download the model again");
  if (file.ends_with(".whit") && !compile::is_program(bytes)) {
    throw Error(ErrorCode::bad_input, "not a Program: it does not begin with WHIT", file,
                "make it with `whit compile model.tflite -o model.whit`");
  }
  return bytes;
}

compile::Compiled load_program(const std::string& file, const CompileFlags& flags, compile::KernelSet kernels) {
  std::vector<uint8_t> bytes = read_model(file);
  if (compile::is_program(bytes)) return load_blob(std::move(bytes), file, flags, kernels);
  compile::CompileOptions options;
  options.kernels = kernels;
  options.optimize = optimize_of(flags);
  options.passes = passes_of(flags);
  const Sha256 digest = sha256(bytes);
  auto [graph, notes] = read_graph(bytes, file);  // its errors name the file already
  for (const std::string& note : notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  graph.name = compile::identifier(file);
  try {
    return compile::compile(std::move(graph), options, digest);
  } catch (const Error& error) {
    throw error.at(error.where().empty() ? file : file + ": " + error.where());
  }
}

device::Subject load_subject(const std::string& file, const CompileFlags& flags) {
  device::Subject subject;
  subject.file = file;
  subject.optimize = optimize_of(flags);
  std::vector<uint8_t> bytes = read_model(file);
  if (compile::is_program(bytes)) {
    subject.program = load_blob(std::move(bytes), file, flags, compile::KernelSet::host).program;
    return subject;
  }
  subject.passes = passes_of(flags);
  subject.sha256 = sha256(bytes);
  auto [graph, notes] = read_graph(bytes, file);
  for (const std::string& note : notes) std::fprintf(stderr, "note: %s\n", note.c_str());
  graph.name = compile::identifier(file);
  subject.graph = std::move(graph);
  return subject;
}

}  // namespace whit::cli
