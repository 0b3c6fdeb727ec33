// RV32IMC by class: a simple in-order core, see docs/cycles.md.
#include <string.h>

#include "targets/qemu_count/cycles.h"

Core core_by_name(const char* name) {
  if (strcmp(name, "cortex-m4") == 0 || strcmp(name, "cortex-m7") == 0 || strcmp(name, "cortex-m33") == 0)
    return kCoreM4;
  if (strcmp(name, "cortex-m3") == 0) return kCoreM3;
  if (strcmp(name, "cortex-m0plus") == 0) return kCoreM0plus;
  if (strcmp(name, "rv32") == 0) return kCoreRv32;
  return kCoreUnknown;
}

static Instruction flat(int low, int mid, int high) {
  return (Instruction){.cycles = {(uint8_t)low, (uint8_t)mid, (uint8_t)high}, .loaded = -1, .computed = -1};
}

static Instruction branch(Flow flow) {
  Instruction out = flat(1, 1, 1);
  out.flow = flow;
  out.taken[kLow] = 1;
  out.taken[kMid] = 2;
  out.taken[kHigh] = 3;
  return out;
}

static Instruction decode_compressed(uint32_t h) {
  const uint32_t quadrant = h & 3, function = (h >> 13) & 7;
  if (quadrant == 0) return function == 2 || function == 3 ? flat(1, 2, 2) : flat(1, 1, 1);  // C.LW, C.FLW
  if (quadrant == 1) {
    if (function == 1 || function == 5) return branch(kJumps);    // C.JAL, C.J
    return function >= 6 ? branch(kConditional) : flat(1, 1, 1);  // C.BEQZ, C.BNEZ
  }
  if (function == 2 || function == 3) return flat(1, 2, 2);                 // C.LWSP
  const bool jumps = function == 4 && (h & 0x7C) == 0 && (h & 0xF80) != 0;  // C.JR, C.JALR
  return jumps ? branch(kJumps) : flat(1, 1, 1);
}

Instruction decode_rv32(uint32_t word, int bytes) {
  if (bytes == 2) return decode_compressed(word);
  switch (word & 0x7F) {
    case 0x03:
    case 0x07:
      return flat(1, 2, 2);
    case 0x63:
      return branch(kConditional);
    case 0x67:
    case 0x6F:
      return branch(kJumps);
    case 0x33:
      if ((word >> 25) == 1) return (word & 0x4000) != 0 ? flat(8, 34, 34) : flat(1, 1, 5);
      return flat(1, 1, 1);
    default:
      return flat(1, 1, 1);
  }
}
