// The Program: a lowered model, the contract between workshop and device.
// Made by whit/compile, played in place by whit_runtime/player, emitted as C++ by whit/compile/emit.
// Nothing is planned, inferred or allocated on the device: every offset, multiplier and shift is already here.
//
// A Program is one block of little-endian bytes, aligned to 16; docs/formats/program.md describes it byte by byte.
#ifndef WHIT_RUNTIME_PROGRAM_HPP_
#define WHIT_RUNTIME_PROGRAM_HPP_

#include <stddef.h>
#include <stdint.h>

namespace whit::rt {

// Where an operand lies: a byte offset into the arena, or, with kConstantBit, into the constants.
using Ref = uint32_t;
inline constexpr Ref kConstantBit = 0x80000000u;
inline constexpr Ref kNoRef = 0xffffffffu;  // an optional operand that is absent

// The two memories that a kernel sees. Not owned. Both aligned to 16 bytes.
struct Memory {
  uint8_t* arena;
  const uint8_t* constants;
};

// Address of an operand that a kernel reads. `ref` must not be kNoRef.
template <typename T>
inline const T* input(const Memory& m, Ref ref) {
  const uint8_t* base = (ref & kConstantBit) != 0 ? m.constants : m.arena;
  return reinterpret_cast<const T*>(base + (ref & ~kConstantBit));
}

// Address of an operand that a kernel writes; always in the arena.
template <typename T>
inline T* output(const Memory& m, Ref ref) {
  return reinterpret_cast<T*>(m.arena + ref);
}

// First word of every op record. The words after it are first `refs` Refs, then plain 32-bit parameters; nothing else
// (a float parameter travels as its bits). So a record can be patched, checked and printed without knowing its kernel.
struct OpHead {
  uint16_t kernel;  // KernelId
  uint8_t refs;     // number of Refs that follow
  uint8_t words;    // length of the record in 32-bit words, this one included
};
static_assert(sizeof(OpHead) == 4);

// Element types of inputs and outputs, numbered for the blob. Never renumber.
enum class ElementType : uint32_t { f32 = 0, i8 = 1, u8 = 2, i16 = 3, i32 = 4, i64 = 5, boolean = 6, f16 = 7 };

inline constexpr uint32_t kMaxRank = 6;

// One input or output of the model.
struct TensorInfo {
  Ref where;       // offset into the arena
  uint32_t bytes;  // length in bytes
  uint32_t type;   // ElementType
  uint32_t rank;   // number of valid dims, at most kMaxRank
  int32_t dims[kMaxRank];
  uint32_t scale_bits;  // float32 bits of the scale; 0 when not quantized
  int32_t zero_point;
  uint32_t name;  // offset into the notes of a zero-terminated name
};
static_assert(sizeof(TensorInfo) == 52);

// What the workshop wants to remember of an op; the device never reads it.
struct OpNote {
  uint32_t name;          // offset into the notes of a zero-terminated name
  uint32_t op;            // offset into the notes of the name of the source op, such as "conv2d"
  int32_t source_op;      // index of the op in the source file, -1 when there is none
  int32_t source_tensor;  // index of the tensor that this op completes, -1 when none
  uint32_t macs;          // multiply-accumulates of this op, by the model's definition, not the kernel's
  uint32_t result;        // offset into the arena of source_tensor, which is whole once the op has run
  uint32_t result_bytes;  // 0 when source_tensor is -1
};
static_assert(sizeof(OpNote) == 28);

inline constexpr uint32_t kProgramMagic = 0x54494857u;  // "WHIT"
inline constexpr uint32_t kProgramVersion = 1;
inline constexpr uint32_t kProgramAlignment = 16;

// Offsets count from the first byte of the header. Sections stand in the order of the fields, each aligned to 16.
struct ProgramHeader {
  uint32_t magic;
  uint32_t version;
  uint32_t total_bytes;  // header included
  uint32_t crc32;        // CRC-32 (IEEE 802.3) of all bytes after this field
  uint32_t target;       // compile target, by number: informative, any player may play any Program
  uint32_t arena_bytes;  // exact need of the arena: activations, scratch, state
  uint32_t state_bytes;  // the arena's first bytes that live from one invoke to the next
  uint32_t state_init;   // offset of their initial value in the constants; unused when state_bytes is 0
  uint32_t input_count;
  uint32_t output_count;
  uint32_t tensors_offset;  // TensorInfo[input_count + output_count]
  uint32_t op_count;
  uint32_t ops_offset;  // op records, one after the other
  uint32_t ops_bytes;
  uint32_t constants_offset;  // weights, biases, requantization, tables
  uint32_t constants_bytes;
  uint32_t weights_bytes;  // bytes of the constants that are weights and biases
  uint32_t notes_offset;   // OpNote[op_count], then strings; may be cut off before shipping (both 0)
  uint32_t notes_bytes;
  uint32_t model_name;       // offset into the notes
  uint8_t model_sha256[32];  // digest of the source file
};
static_assert(sizeof(ProgramHeader) == 112);

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_PROGRAM_HPP_
