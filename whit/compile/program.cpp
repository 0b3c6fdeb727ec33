#include "whit/compile/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>

#include "whit/base/error.hpp"
#include "whit_runtime/kernels/kernel_names.hpp"

namespace whit::compile {
std::string identifier(const std::string& file) {
  std::string name;
  bool readable = false;
  for (const char c : std::filesystem::path(file).stem().string()) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;  // a character of several bytes, UTF-8
    if (!continues) name += is_plain ? c : '_';
    readable = readable || is_plain;
  }
  if (!readable) return "model";
  if (std::isdigit(static_cast<unsigned char>(name[0]))) name = "model_" + name;
  return name;
}

namespace {

// The device reads neither shape nor scale; what the workshop makes of them must not depend on trust.
bool is_sound(const ProgramTensor& tensor) {
  if (tensor.info.type > static_cast<uint32_t>(rt::ElementType::f16)) return false;
  const uint32_t size = element_bytes(static_cast<rt::ElementType>(tensor.info.type));
  uint64_t elements = 1;
  for (const int32_t dim : tensor.shape) {
    if (dim < 0 || elements > UINT32_MAX) return false;
    elements *= static_cast<uint64_t>(dim);
  }
  return elements <= UINT32_MAX && elements * size == tensor.info.bytes &&
         tensor.info.where % std::min(size, 4u) == 0 && std::isfinite(tensor.scale) && tensor.scale >= 0;
}

}  // namespace

bool is_program(std::span<const uint8_t> bytes) {
  uint32_t magic = 0;
  if (bytes.size() < sizeof magic) return false;
  std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic == rt::kProgramMagic;
}

uint32_t element_bytes(rt::ElementType type) {
  static constexpr uint32_t kBytes[] = {4, 1, 1, 2, 4, 8, 1, 2};
  return kBytes[static_cast<size_t>(type)];
}

const char* element_c_name(rt::ElementType type) {
  static constexpr const char* kNames[] = {"float",   "int8_t",  "uint8_t", "int16_t",
                                           "int32_t", "int64_t", "uint8_t", "uint16_t"};
  return kNames[static_cast<size_t>(type)];
}

Program::Program(std::vector<uint8_t> bytes, const std::string& file) : bytes_(std::move(bytes)) {
  const whit_status status = rt::program_check(bytes_.data(), bytes_.size());
  if (status != whit_status_ok) {
    throw Error(ErrorCode::bad_input, whit_status_text(status), file,
                "make the file again with `whit compile`, with this version of whit");
  }
  const rt::ProgramHeader& h = header();
  const bool has_notes = h.notes_bytes > 0;
  if (has_notes &&
      (h.notes_offset % rt::kProgramAlignment != 0 || h.notes_offset < sizeof h || h.notes_offset > h.total_bytes ||
       h.notes_bytes > h.total_bytes - h.notes_offset || uint64_t{h.op_count} * sizeof(rt::OpNote) > h.notes_bytes ||
       bytes_[h.notes_offset + h.notes_bytes - 1] != 0)) {
    throw Error(ErrorCode::bad_input, "the notes of the Program are damaged", file, "make the file again");
  }
  name_ = identifier(has_notes ? note(h.model_name) : "model");  // it becomes a file and C name: never trusted

  const auto* tensors = reinterpret_cast<const rt::TensorInfo*>(bytes_.data() + h.tensors_offset);
  for (uint32_t i = 0; i < h.input_count + h.output_count; ++i) {
    ProgramTensor tensor;
    tensor.info = tensors[i];
    tensor.shape.assign(tensors[i].dims, tensors[i].dims + tensors[i].rank);
    tensor.name = has_notes ? note(tensors[i].name) : fmt::format("tensor {}", i);
    std::memcpy(&tensor.scale, &tensors[i].scale_bits, sizeof tensor.scale);
    if (!is_sound(tensor)) {
      throw Error(ErrorCode::bad_input, "an input or output has a wrong type, shape, place or scale", file,
                  "make the file again");
    }
    (i < h.input_count ? inputs_ : outputs_).push_back(std::move(tensor));
  }

  const auto* notes = reinterpret_cast<const rt::OpNote*>(bytes_.data() + h.notes_offset);
  const auto* record = reinterpret_cast<const uint32_t*>(bytes_.data() + h.ops_offset);
  for (uint32_t i = 0; i < h.op_count; ++i) {
    rt::OpHead head;
    std::memcpy(&head, record, sizeof head);
    ProgramOp op;
    op.record = {record, head.words};
    op.kernel = head.kernel;
    op.kernel_name = rt::kernel_name(head.kernel);
    op.name = has_notes ? note(notes[i].name) : fmt::format("op {}", i);
    op.op = has_notes ? note(notes[i].op) : op.kernel_name;
    if (has_notes) {
      op.source_op = notes[i].source_op;
      op.source_tensor = notes[i].source_tensor;
      op.macs = notes[i].macs;
      const bool inside =
          notes[i].result_bytes <= h.arena_bytes && notes[i].result <= h.arena_bytes - notes[i].result_bytes;
      op.result = inside ? notes[i].result : 0;
      op.result_bytes = inside ? notes[i].result_bytes : 0;
    }
    ops_.push_back(std::move(op));
    record += head.words;
  }
}

std::string Program::note(uint32_t offset) const {
  if (offset >= header().notes_bytes) return "?";
  return reinterpret_cast<const char*>(bytes_.data() + header().notes_offset + offset);  // the notes end with a zero
}

std::span<const uint8_t> Program::constants() const {
  return std::span(bytes_).subspan(header().constants_offset, header().constants_bytes);
}

HostPlayer::HostPlayer(const Program& program) : program_(program) {
  arena_storage_.resize(program.header().arena_bytes + rt::kProgramAlignment);
  void* start = arena_storage_.data();
  size_t space = arena_storage_.size();
  std::align(rt::kProgramAlignment, program.header().arena_bytes, start, space);
  arena_ = {static_cast<uint8_t*>(start), program.header().arena_bytes};
  const whit_status status =
      rt::player_init(&player_, program.bytes().data(), program.bytes().size(), arena_.data(), arena_.size());
  assert(status == whit_status_ok);  // the Program was checked when it was made
  (void)status;
}

void HostPlayer::set_input(size_t index, std::span<const uint8_t> bytes) {
  const ProgramTensor& tensor = program_.inputs().at(index);
  if (bytes.size() != tensor.info.bytes) {
    throw Error(ErrorCode::bad_input,
                fmt::format("the input has {} bytes, the model wants {}", bytes.size(), tensor.info.bytes), tensor.name,
                "give raw elements in the model's own type and shape (`whit inspect` shows them)");
  }
  std::memcpy(arena_.data() + tensor.info.where, bytes.data(), bytes.size());
}

void HostPlayer::invoke(rt::OpObserver observer, void* context) { rt::player_invoke(player_, observer, context); }

std::vector<uint8_t> HostPlayer::output(size_t index) const {
  const rt::TensorInfo& info = program_.outputs().at(index).info;
  return {arena_.begin() + info.where, arena_.begin() + info.where + info.bytes};
}

void HostPlayer::reset() { rt::player_reset(player_); }

}  // namespace whit::compile
