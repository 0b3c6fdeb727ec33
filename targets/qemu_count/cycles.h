// What one instruction costs on a core: the table of docs/cycles.md as a decoder, low, mid and high variant.
// Used by the counter plugin, once for each instruction that QEMU translates.
// Does not simulate: what only a run can tell (branch taken, address unaligned, skipped by IT) is left to the counter.
#ifndef TARGETS_QEMU_COUNT_CYCLES_H_
#define TARGETS_QEMU_COUNT_CYCLES_H_

#include <stdbool.h>
#include <stdint.h>

enum { kLow, kMid, kHigh, kVariants };

typedef enum { kCoreM4, kCoreM3, kCoreM0plus, kCoreRv32, kCoreUnknown } Core;  // an M7 is estimated with the M4's table

typedef enum { kFallsThrough, kConditional, kJumps } Flow;

typedef struct {
  uint8_t cycles[kVariants];  // not taken, aligned; of an instruction under IT: if it is skipped
  uint8_t taken[kVariants];   // to add when control goes elsewhere
  Flow flow;
  uint8_t access_bytes;  // of a single load or store that may be unaligned, else 0
  bool penalised;        // an unaligned access costs more
  bool per_access;       // one cycle more for each memory access that happens: loads and stores under IT
  bool single_load;      // LDR and its kin: a load or store right after it is pipelined
  bool narrow;           // 16-bit encoding: an IT after it is folded
  int8_t loaded;         // register that a single load writes, -1 for none
  int8_t computed;       // register that a data-processing instruction writes, -1 for none
} Instruction;

// State from one instruction to the next of a straight line.
typedef struct {
  Instruction before;
  bool any;         // `before` is valid
  int conditional;  // instructions of an IT block that are still to come
} Line;

Core core_by_name(const char* name);

// Decodes one instruction (`bytes` 2 or 4) and advances the line.
Instruction decode_arm(Core core, Line* line, uint16_t first, uint16_t second, int bytes);
Instruction decode_rv32(uint32_t word, int bytes);

#endif  // TARGETS_QEMU_COUNT_CYCLES_H_
