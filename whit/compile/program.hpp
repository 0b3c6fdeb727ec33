// A Program seen from the workshop: its bytes, checked, with the notes that the device ignores.
// Made by compile() or read from a .whit file; read by emit, the verbs run and bench, and tests. Owns its bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "whit/base/hash.hpp"
#include "whit_runtime/player/player.hpp"
#include "whit_runtime/program.hpp"

namespace whit::compile {

struct ProgramOp {
  std::span<const uint32_t> record;  // the words of the record, its head first
  uint16_t kernel = 0;
  std::string kernel_name;  // "conv2d_s8"
  std::string name;         // of the result tensor; "op 3" when the Program has no notes
  std::string op;           // of the source op, such as "conv2d"
  int32_t source_op = -1;
  int32_t source_tensor = -1;
  int64_t macs = 0;
  uint32_t result = 0;  // where source_tensor lies in the arena after the op
  uint32_t result_bytes = 0;
};

struct ProgramTensor {
  rt::TensorInfo info;
  std::string name;
  std::vector<int32_t> shape;
  float scale = 0.0f;  // 0 when not quantized
};

class Program {
 public:
  // Checks all of `bytes`. Error bad_input when it is damaged, of another version, or names an unknown kernel.
  Program(std::vector<uint8_t> bytes, const std::string& file);

  const rt::ProgramHeader& header() const { return *reinterpret_cast<const rt::ProgramHeader*>(bytes_.data()); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  const std::string& name() const { return name_; }
  const std::vector<ProgramTensor>& inputs() const { return inputs_; }
  const std::vector<ProgramTensor>& outputs() const { return outputs_; }
  const std::vector<ProgramOp>& ops() const { return ops_; }
  std::span<const uint8_t> constants() const;

 private:
  std::string note(uint32_t offset) const;

  std::vector<uint8_t> bytes_;
  std::string name_;
  std::vector<ProgramTensor> inputs_;
  std::vector<ProgramTensor> outputs_;
  std::vector<ProgramOp> ops_;
};

// A C identifier from a file name: "kws_ref_model" from "a/kws-ref-model.tflite"; "model" where no letter or digit of
// ASCII is left.
std::string identifier(const std::string& file);

// True when `bytes` begin like a Program.
bool is_program(std::span<const uint8_t> bytes);

// Bytes of one element and its name in C ("int8_t").
uint32_t element_bytes(rt::ElementType type);
const char* element_c_name(rt::ElementType type);

// One inference on this machine. `inputs` are the raw bytes of each input; so are the results of the outputs.
// Error bad_input when their number or lengths are wrong. `observer` is called after each op with the
// op's index; arena() then shows what the op left.
class HostPlayer {
 public:
  explicit HostPlayer(const Program& program);  // `program` must outlive the player
  void set_input(size_t index, std::span<const uint8_t> bytes);
  void invoke(rt::OpObserver observer = nullptr, void* context = nullptr);
  std::vector<uint8_t> output(size_t index) const;
  void reset();  // the state

  std::span<const uint8_t> arena() const { return arena_; }

 private:
  const Program& program_;
  std::vector<uint8_t> arena_storage_;
  std::span<uint8_t> arena_;
  rt::Player player_{};
};

}  // namespace whit::compile
