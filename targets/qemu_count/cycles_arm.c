// Thumb and Thumb-2 by class, and what a class costs: see docs/cycles.md for the table and its source.
#include "targets/qemu_count/cycles.h"

enum { kNone = -1, kPc = 15 };

typedef enum {
  kProcess,  // data processing, one cycle
  kSlow,     // a fixed number of cycles, in `count`
  kDivide,
  kLoad,  // one register
  kStoreImmediate,
  kStoreRegister,
  kMultiple,  // LDM, STM, PUSH, POP, VLDM: `count` words
  kBranch,
  kCall,
  kBranchConditional,
  kTable,
  kIfThen,
} Class;

typedef struct {
  Class what;
  int count;       // cycles of kSlow, words of kMultiple, instructions of an IT block
  int bytes;       // of a single access
  int target;      // register written, kNone when it is none of r0-r14 or does not matter
  int base;        // register that the address is made of, kNone for PC and SP
  int index;       // second register of the address
  bool writes_pc;  // a load or data processing into PC
} Decoded;

static Decoded plain(int target) {
  return (Decoded){.what = kProcess, .target = target, .base = kNone, .index = kNone};
}

static Decoded of_class(Class what, int count) {
  Decoded d = plain(kNone);
  d.what = what;
  d.count = count;
  return d;
}

static Decoded access(bool load, bool by_register, int bytes, int target, int base, int index) {
  Decoded d = {.what = load ? kLoad : (by_register ? kStoreRegister : kStoreImmediate), .bytes = bytes};
  d.target = load ? target : kNone;
  d.base = base;
  d.index = index;
  d.writes_pc = load && target == kPc;
  return d;
}

static int bits_set(unsigned x) { return __builtin_popcount(x); }

static Decoded decode_miscellaneous(uint16_t h) {                               // 1011 xxxx xxxx xxxx
  if ((h & 0xF500) == 0xB100) return of_class(kBranchConditional, 0);           // CBZ, CBNZ
  if ((h & 0xFE00) == 0xB400) return of_class(kMultiple, bits_set(h & 0x1FF));  // PUSH
  if ((h & 0xFE00) == 0xBC00) {                                                 // POP
    Decoded d = of_class(kMultiple, bits_set(h & 0x1FF));
    d.writes_pc = (h & 0x100) != 0;
    return d;
  }
  if ((h & 0xFF00) == 0xBF00 && (h & 0xF) != 0) {
    return of_class(kIfThen, 4 - __builtin_ctz(h & 0xF));
  }
  if ((h & 0xFF00) == 0xB000 || (h & 0xFE00) == 0xBE00) return plain(kNone);
  return plain(h & 7);  // extend, reverse
}

static Decoded decode_narrow(uint16_t h) {
  static const uint8_t kSizes[8] = {4, 2, 1, 1, 4, 2, 1, 2};
  const int low = h & 7, middle = (h >> 3) & 7, third = (h >> 8) & 7;
  switch (h >> 12) {
    case 0:
    case 1:
      return plain(low);
    case 2:
    case 3:
      return plain((h & 0xF800) == 0x2800 ? kNone : third);
    case 4:
      if ((h & 0xFC00) == 0x4000) return plain(low);
      if ((h & 0xFF80) == 0x4780) return of_class(kCall, 0);                           // BLX
      if ((h & 0xFF00) == 0x4700) return of_class(kBranch, 0);                         // BX
      if ((h & 0xF800) == 0x4800) return access(true, false, 4, third, kNone, kNone);  // literal
      if ((h & 0xFF00) == 0x4500) return plain(kNone);
      {
        Decoded d = plain(((h >> 4) & 8) | low);
        d.writes_pc = d.target == kPc;
        return d;
      }
    case 5: {
      const int operation = (h >> 9) & 7;
      return access(operation >= 3, true, kSizes[operation], low, middle, (h >> 6) & 7);
    }
    case 6:
      return access((h & 0x800) != 0, false, 4, low, middle, kNone);
    case 7:
      return access((h & 0x800) != 0, false, 1, low, middle, kNone);
    case 8:
      return access((h & 0x800) != 0, false, 2, low, middle, kNone);
    case 9:
      return access((h & 0x800) != 0, false, 4, third, kNone, kNone);
    case 10:
      return plain(third);
    case 11:
      return decode_miscellaneous(h);
    case 12:
      return of_class(kMultiple, bits_set(h & 0xFF));
    case 13:
      return (h & 0xFE00) == 0xDE00 ? of_class(kCall, 0) : of_class(kBranchConditional, 0);
    default:
      return of_class(kBranch, 0);
  }
}

static Decoded decode_floating_point(uint16_t a, uint16_t b) {
  if ((a & 0xFE00) == 0xEC00) {
    if ((a & 0xFFE0) == 0xEC40) return of_class(kSlow, 2);                         // VMOV of two core registers
    if ((a & 0xFF20) == 0xED00) return of_class(kSlow, (b & 0x100) != 0 ? 3 : 2);  // VLDR, VSTR
    return of_class(kMultiple, b & 0xFF);                                          // VLDM, VSTM, VPUSH, VPOP
  }
  if ((b & 0x10) != 0) return plain((b & 0xF000) == 0xF000 ? kNone : b >> 12);  // VMOV, VMRS
  switch ((a >> 4) & 0xB) {
    case 0x8:
      return of_class(kSlow, 14);  // VDIV
    case 0x0:
    case 0x1:
    case 0x9:
    case 0xA:
      return of_class(kSlow, 3);  // VMLA, VNMLA, VFMA, VFNMA
    case 0xB:
      return (a & 0xF) == 1 && (b & 0xC0) == 0xC0 ? of_class(kSlow, 14) : plain(kNone);  // VSQRT
    default:
      return plain(kNone);
  }
}

static Decoded decode_load_store(uint16_t a, uint16_t b) {  // 1111 100x xxxx xxxx
  const bool load = (a & 0x10) != 0;
  const int bytes = 1 << ((a >> 5) & 3);
  const int target = b >> 12, base = a & 0xF;
  if (load && target == kPc && bytes != 4) return plain(kNone);  // PLD
  const bool by_register = base != kPc && (a & 0x80) == 0 && (b & 0x800) == 0;
  return access(load, by_register, bytes, target, base == kPc ? kNone : base, by_register ? b & 0xF : kNone);
}

static Decoded decode_multiply(Core core, uint16_t a, uint16_t b) {
  const int target = (b >> 8) & 0xF;
  if ((a & 0x80) != 0) {  // 64-bit results and division
    const int operation = (a >> 4) & 7;
    if (operation == 1 || operation == 3) return of_class(kDivide, 0);
    if (core == kCoreM3) return of_class(kSlow, operation >= 4 ? 6 : 4);
    return plain(target);
  }
  if (core == kCoreM3 && (a & 0xFFF0) == 0xFB00 && (b & 0xF000) != 0xF000) return of_class(kSlow, 2);  // MLA, MLS
  return plain(target);
}

static Decoded decode_wide(Core core, uint16_t a, uint16_t b) {
  if ((a & 0xEC00) == 0xEC00) return decode_floating_point(a, b);
  if ((a & 0xFE00) == 0xE800) {
    if ((a & 0x40) == 0) {  // LDM, STM
      Decoded d = of_class(kMultiple, bits_set(b));
      d.writes_pc = (a & 0x10) != 0 && (b & 0x8000) != 0;
      return d;
    }
    if ((a & 0xFFF0) == 0xE8D0 && (b & 0xFFE0) == 0xF000) return of_class(kTable, 0);  // TBB, TBH
    if ((a & 0x120) == 0) return of_class(kSlow, 2);                                   // exclusive
    return of_class(kMultiple, 2);                                                     // LDRD, STRD
  }
  if ((a & 0xF800) == 0xF000 && (b & 0x8000) != 0) {
    if ((b & 0x5000) == 0x5000) return of_class(kCall, 0);
    if ((b & 0x1000) != 0) return of_class(kBranch, 0);
    if ((a & 0x0380) != 0x0380) return of_class(kBranchConditional, 0);
    if ((a & 0xFFE0) == 0xF3E0 || (a & 0xFFE0) == 0xF380) return of_class(kSlow, 2);  // MRS, MSR
    return plain(kNone);
  }
  if ((a & 0xFE00) == 0xF800) return decode_load_store(a, b);
  if ((a & 0xFF00) == 0xFB00) return decode_multiply(core, a, b);
  return plain((b >> 8) & 0xF);
}

static void set(uint8_t cycles[kVariants], int low, int mid, int high) {
  cycles[kLow] = (uint8_t)low;
  cycles[kMid] = (uint8_t)mid;
  cycles[kHigh] = (uint8_t)high;
}

static bool depends(const Decoded* d, int reg) { return reg != kNone && (d->base == reg || d->index == reg); }

// Cycles of Cortex-M4 and M3.
static void cost_v7m(const Line* line, const Decoded* d, Instruction* out) {
  const Instruction* before = line->any ? &line->before : 0;
  const bool pipelined = before && before->single_load && !depends(d, before->loaded);
  set(out->taken, 1, 2, 3);
  switch (d->what) {
    case kProcess:
      set(out->cycles, 1, 1, 1);
      break;
    case kSlow:
      set(out->cycles, d->count, d->count, d->count);
      break;
    case kDivide:
      set(out->cycles, 2, 6, 12);
      break;
    case kLoad: {
      const int cycles = pipelined && !d->writes_pc ? 1 : 2;
      set(out->cycles, cycles, cycles, cycles);
      break;
    }
    case kStoreImmediate:
      set(out->cycles, 1, 1, 1);
      break;
    case kStoreRegister: {
      const int cycles = pipelined ? 1 : 2;
      set(out->cycles, cycles, cycles, cycles);
      break;
    }
    case kMultiple:
      set(out->cycles, 1 + d->count, 1 + d->count, 1 + d->count);
      break;
    case kBranch:
    case kCall:
    case kBranchConditional:
      set(out->cycles, 1, 1, 1);
      break;
    case kTable:
      set(out->cycles, 2, 2, 2);
      break;
    case kIfThen: {
      const int folded = before && !before->narrow ? 1 : 0;
      set(out->cycles, 0, folded, 1);
      break;
    }
  }
  const bool single = d->what == kLoad || d->what == kStoreImmediate || d->what == kStoreRegister;
  if (single && before && (depends(d, before->computed) || depends(d, before->loaded))) ++out->cycles[kHigh];
  out->penalised = true;
}

// Cycles of Cortex-M0+ (its manual's table, the single-cycle multiplier): nothing is pipelined, nothing varies.
static void cost_v6m(const Decoded* d, Instruction* out) {
  int cycles = 1, taken = 1;
  switch (d->what) {
    case kLoad:
    case kStoreImmediate:
    case kStoreRegister:
      cycles = 2;
      break;
    case kMultiple:
      cycles = 1 + d->count;
      taken = 2;
      break;
    case kCall:
      taken = 1;
      cycles = out->narrow ? 1 : 2;
      break;
    case kSlow:
      cycles = 3;
      break;
    default:
      break;
  }
  set(out->cycles, cycles, cycles, cycles);
  set(out->taken, taken, taken, taken);
}

Instruction decode_arm(Core core, Line* line, uint16_t first, uint16_t second, int bytes) {
  const Decoded d = bytes == 2 ? decode_narrow(first) : decode_wide(core, first, second);
  Instruction out = {.flow = kFallsThrough, .narrow = bytes == 2, .loaded = kNone, .computed = kNone};
  if (core == kCoreM0plus) {
    cost_v6m(&d, &out);
  } else {
    cost_v7m(line, &d, &out);
  }
  const bool conditional = line->conditional > 0;
  const bool jumps = d.writes_pc || d.what == kBranch || d.what == kCall || d.what == kTable;
  if (d.what == kBranchConditional || (jumps && conditional)) {
    out.flow = kConditional;
  } else if (jumps) {
    out.flow = kJumps;
  }
  const bool single = d.what == kLoad || d.what == kStoreImmediate || d.what == kStoreRegister;
  if (single && d.bytes > 1) out.access_bytes = (uint8_t)d.bytes;
  if (d.what == kLoad) {
    out.single_load = true;
    out.loaded = (int8_t)d.target;
  }
  if (d.what == kProcess) out.computed = (int8_t)d.target;
  // A skipped load or store costs one cycle; the others are paid access by access.
  if (conditional && !jumps && (single || d.what == kMultiple) && out.cycles[kMid] > 1) {
    out.per_access = true;
    set(out.cycles, 1, 1, 1);
  }
  if (conditional) --line->conditional;
  if (d.what == kIfThen) line->conditional = d.count;
  line->before = out;
  line->any = true;
  return out;
}
