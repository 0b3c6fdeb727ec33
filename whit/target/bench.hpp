// What one inference of emitted firmware costs on an emulated target: instructions, estimated cycles, RAM, flash, and
// the output it gave. Emits a Program, builds an image round it and measures it: the last step of `whit bench`.
// Measures no time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "whit/base/file.hpp"
#include "whit/compile/lower/lowering.hpp"
#include "whit/compile/program.hpp"
#include "whit/target/elf.hpp"
#include "whit/target/measure.hpp"

namespace whit::target {

struct BenchLayer {
  std::string name;
  std::string op;
  uint64_t macs = 0;
  Cost cost;
  std::optional<int64_t> alive_bytes;  // of the arena while it runs, where the plan is known
};

using Tensors = std::vector<std::vector<uint8_t>>;  // stored bytes of each input or output

struct BenchResult {
  std::string model_name;
  std::string model_sha256;
  std::string target;
  std::string flags;
  Cost total;
  Traffic traffic;
  std::vector<BenchLayer> layers;
  std::vector<FunctionCost> functions;
  uint32_t arena_bytes = 0;
  uint32_t stack_bytes = 0;  // high-water mark of one invoke
  uint32_t code_bytes = 0;   // all flash of the linked image that is not weights or biases
  uint32_t weights_bytes = 0;
  Tensors outputs;
  std::string output_sha256;           // of the outputs, one after the other
  std::vector<std::string> forbidden;  // heap and stdio symbols in the image: none, for firmware as whit makes it
};

// The firmware of one Program, emitted, built with a main() that runs one inference. The input comes from the emulator:
// the image holds none. Errors as of build_image, run_image and measure_image; gate_failed when the image does not end
// as it should.
class BenchImage {
 public:
  // Both must outlive the image.
  BenchImage(const Target& target, const compile::Program& program, compile::Optimize optimize);

  // `inputs`: one for each input of the model, each of its length.
  BenchResult measure(const Tensors& inputs, double timeout_seconds = 300) const;
  Tensors run(const Tensors& inputs, double timeout_seconds = 300) const;

  const ElfImage& elf() const { return elf_; }

 private:
  MemoryFile input_file(const Tensors& inputs) const;

  const Target& target_;
  const compile::Program& program_;
  TemporaryDirectory directory_;
  std::filesystem::path file_;
  ElfImage elf_;
};

// The result as `whit bench --json` prints it, with a newline at the end.
std::string bench_json(const BenchResult& result);

// The result for people: a line a layer, then the sums.
std::string bench_text(const BenchResult& result);

// Inputs by the rule "ramp37": byte i is ((i * 37 + 11) % 256) - 128; a float element i is that number / 128; elements
// of more than one byte that are no floats are 0.
Tensors ramp37(const compile::Program& program);

}  // namespace whit::target
