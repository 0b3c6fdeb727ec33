// count_instructions TARGET [-DNAME] [-Idir] [-fFLAG] FILE.cpp...: builds a firmware, runs it in the target's emulator
// and prints its output, instructions and estimated cycles, by layer and by function. For whoever tunes a kernel:
//
//   #include "targets/common/support.h"
//   int main() {
//     whit_profile_start();
//     WHIT_MARK_LAYER(0);
//     kernel(...);
//     whit_profile_stop();
//     return 0;
//   }
//
// Does not compile models: that is `whit bench`.
#include <fmt/format.h>

#include <cstdio>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/target/build.hpp"
#include "whit/target/elf.hpp"
#include "whit/target/measure.hpp"

namespace {

void print_cost(const std::string& name, const whit::target::Cost& cost) {
  fmt::print("{:<40} {:>12} instructions {:>12} cycles ({}-{})\n", name, cost.instructions, cost.cycles[1],
             cost.cycles[0], cost.cycles[2]);
}

int count(const std::vector<std::string>& arguments) {
  using namespace whit::target;
  const Target& target = find_target(arguments.at(0));
  BuildInput input;
  input.include_directories.push_back(WHIT_SOURCE_DIR);
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].starts_with("-")) {
      input.flags.push_back(arguments[i]);
    } else {
      input.sources.push_back(arguments[i]);
    }
  }
  const whit::TemporaryDirectory directory;
  const std::filesystem::path elf = directory.path() / "image.elf";
  build_image(target, input, elf);
  const SectionSizes sizes = section_sizes(read_elf(elf));
  const Measurement measured = measure_image(target, elf, 120);
  fmt::print("{}", measured.run.output);
  fmt::print("flags: {}\n", flags_text(target));
  fmt::print("code {} weights {} data {} bss {} bytes, exit code {}\n", sizes.code_bytes, sizes.weights_bytes,
             sizes.data_bytes, sizes.bss_bytes, measured.run.exit_code);
  print_cost("total", measured.total);
  for (const LayerCost& layer : measured.layers) {
    if (layer.cost.instructions > 0) {
      print_cost(layer.number < 0 ? "before the layers" : fmt::format("layer {}", layer.number), layer.cost);
    }
  }
  for (const FunctionCost& function : measured.functions) print_cost("function " + function.name, function.cost);
  return measured.run.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: count_instructions TARGET [-FLAG...] FILE.cpp...\n", stderr);
    return static_cast<int>(whit::ErrorCode::usage);
  }
  try {
    return count({argv + 1, argv + argc});
  } catch (const whit::Error& error) {
    fmt::print(stderr, "{}: {}\n{}\n", error.where(), error.what(), error.hint());
    return static_cast<int>(error.code());
  }
}
