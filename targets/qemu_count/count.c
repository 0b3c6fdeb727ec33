// A QEMU plugin that counts the instructions of a firmware between two markers, exactly, and estimates their cycles.
// Loaded by whit/target/measure.cpp; arguments core=NAME,markers=FILE,out=FILE.
// Does not know functions or models: it reports straight runs of code and numbered layers, whit gives them names.
//
// FILE of markers, a line each: "start ADDRESS", "stop ADDRESS", "layer NUMBER ADDRESS", "flash BEGIN END" (hexadecimal
// addresses; the memory that holds code and constants).
// FILE of results: "layer NUMBER INSTRUCTIONS LOW MID HIGH" and
// "run ADDRESS INSTRUCTIONS_OF_THE_RUN EXECUTIONS LOW MID HIGH"; layer -1 is what comes before the first layer; and
// "code", "data" and "both", each with the accesses to lines of flash as reuse.h sorts them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/qemu_count/cycles.h"
#include "targets/qemu_count/plugin_api.h"
#include "targets/qemu_count/reuse.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

typedef enum { kStart, kStop, kLayer } Event;

typedef struct {
  uint64_t address;
  Event event;
  int number;
} Marker;

typedef struct {
  uint64_t instructions;
  uint64_t cycles[kVariants];
} Sum;

// Instructions that always execute together: (a part of) a translated block between markers.
typedef struct Run {
  struct Run* next;
  uint64_t address, end;
  uint64_t executions;
  uint64_t cycles[kVariants];  // of all executions, with what only the run can tell
  uint32_t instructions;
  uint32_t once[kVariants];  // of one execution without that
  Instruction last;
  const Marker* marker;  // at its first instruction
} Run;

static Core core;
static const char* out_path;
static Marker* markers;
static size_t marker_count;
static Sum* layers;  // [0] before the first, [1 + number]
static size_t layer_count;
static Run* all_runs;
static const Run* previous;  // executed before
static Run* current;
static Sum* layer;
static bool counting;
static Reuse code, data, both;  // of flash: instructions fetched, constants read, either

static void add(Run* run, Sum* sum, const uint8_t cycles[kVariants]) {
  for (int v = 0; v < kVariants; ++v) {
    run->cycles[v] += cycles[v];
    sum->cycles[v] += cycles[v];
  }
}

static void fail(const char* what, const char* which) {
  fprintf(stderr, "whit counter: %s %s\n", what, which);
  exit(98);
}

static void report_reuse(FILE* out, const char* name, const Reuse* reuse) {
  fprintf(out, "%s", name);
  for (int n = 0; n <= kReuseCold; ++n) fprintf(out, " %llu", (unsigned long long)reuse->hits[n]);
  fprintf(out, "\n");
}

static void report(void) {
  FILE* out = fopen(out_path, "w");
  if (!out) fail("cannot write", out_path);
  for (size_t i = 0; i < layer_count; ++i) {
    const Sum* s = &layers[i];
    fprintf(out, "layer %d %llu %llu %llu %llu\n", (int)i - 1, (unsigned long long)s->instructions,
            (unsigned long long)s->cycles[kLow], (unsigned long long)s->cycles[kMid],
            (unsigned long long)s->cycles[kHigh]);
  }
  for (const Run* r = all_runs; r; r = r->next) {
    if (r->executions == 0) continue;
    fprintf(out, "run %llx %u %llu %llu %llu %llu\n", (unsigned long long)r->address, r->instructions,
            (unsigned long long)r->executions, (unsigned long long)r->cycles[kLow], (unsigned long long)r->cycles[kMid],
            (unsigned long long)r->cycles[kHigh]);
  }
  report_reuse(out, "code", &code);
  report_reuse(out, "data", &data);
  report_reuse(out, "both", &both);
  if (fclose(out) != 0) fail("cannot write", out_path);
}

static void restart(void) {
  for (Run* r = all_runs; r; r = r->next) {
    r->executions = 0;
    memset(r->cycles, 0, sizeof r->cycles);
  }
  memset(layers, 0, layer_count * sizeof *layers);
  layer = layers;
  previous = NULL;
  reuse_restart(&code);
  reuse_restart(&data);
  reuse_restart(&both);
  counting = true;
}

// Control has come to `run`: was the branch at the end of the run before it taken?
static void settle_branch(const Run* run) {
  if (!previous) return;
  const bool elsewhere = previous->end != run->address;
  if (previous->last.flow == kJumps || (previous->last.flow == kConditional && elsewhere)) {
    add((Run*)previous, layer, previous->last.taken);
  }
}

static void run_begins(unsigned int vcpu, void* data) {
  (void)vcpu;
  Run* run = data;
  if (counting) settle_branch(run);
  if (run->marker) {
    switch (run->marker->event) {
      case kStart:
        restart();
        break;
      case kStop:
        if (counting) report();
        counting = false;
        break;
      case kLayer:
        layer = &layers[1 + run->marker->number];
        break;
    }
  }
  current = run;
  if (!counting) return;
  ++run->executions;
  layer->instructions += run->instructions;
  for (int v = 0; v < kVariants; ++v) {
    run->cycles[v] += run->once[v];
    layer->cycles[v] += run->once[v];
  }
  previous = run;
  for (uint64_t at = run->address & ~(uint64_t)(kLineBytes - 1); at < run->end; at += kLineBytes) {
    reuse_touch(&code, at);
    reuse_touch(&both, at);
  }
}

static void memory_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void* unused) {
  (void)vcpu;
  (void)info;
  (void)unused;
  if (!counting) return;
  reuse_touch(&data, address);
  reuse_touch(&both, address);
}

static void unaligned_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void* data) {
  (void)vcpu;
  (void)info;
  const uintptr_t bytes = (uintptr_t)data;
  if (!counting || (address & (bytes - 1)) == 0) return;
  const uint8_t more = (address & 1) != 0 && bytes == 4 ? 2 : 1;
  const uint8_t cycles[kVariants] = {0, more, more};
  add(current, layer, cycles);
}

static void conditional_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void* data) {
  (void)vcpu;
  (void)info;
  (void)address;
  (void)data;
  static const uint8_t kOne[kVariants] = {1, 1, 1};
  if (counting) add(current, layer, kOne);
}

static const Marker* marker_at(uint64_t address) {
  const Marker* found = NULL;  // of several layers at one address all but the last are empty
  for (size_t i = 0; i < marker_count; ++i) {
    if (markers[i].address == address && (!found || markers[i].number > found->number)) found = &markers[i];
  }
  return found;
}

static Run* open_run(uint64_t address, const Marker* marker) {
  Run* run = calloc(1, sizeof *run);
  if (!run) fail("out of", "memory");
  run->address = address;
  run->marker = marker;
  run->next = all_runs;
  all_runs = run;
  return run;
}

static Instruction decode(Line* line, const uint8_t* bytes, size_t size) {
  const uint16_t first = (uint16_t)(bytes[0] | bytes[1] << 8);
  const uint16_t second = size == 4 ? (uint16_t)(bytes[2] | bytes[3] << 8) : 0;
  if (core == kCoreRv32) return decode_rv32(first | (uint32_t)second << 16, (int)size);
  return decode_arm(core, line, first, second, (int)size);
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  Run* run = NULL;
  Line line = {.any = false};
  const size_t count = qemu_plugin_tb_n_insns(tb);
  for (size_t i = 0; i < count; ++i) {
    struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
    const uint64_t address = qemu_plugin_insn_vaddr(insn);
    const size_t size = qemu_plugin_insn_size(insn);
    const Instruction what = decode(&line, qemu_plugin_insn_data(insn), size);
    const Marker* marker = marker_at(address);
    if (!run || marker) {
      run = open_run(address, marker);
      qemu_plugin_register_vcpu_insn_exec_cb(insn, run_begins, QEMU_PLUGIN_CB_NO_REGS, run);
    }
    ++run->instructions;
    run->last = what;
    run->end = address + size;
    for (int v = 0; v < kVariants; ++v) run->once[v] += what.cycles[v];
    if (what.access_bytes > 1 && what.penalised) {
      qemu_plugin_register_vcpu_mem_cb(insn, unaligned_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
                                       (void*)(uintptr_t)what.access_bytes);
    }
    // Reads and writes, though nothing writes to flash: QEMU 7.2 drops what is registered for reads alone.
    qemu_plugin_register_vcpu_mem_cb(insn, memory_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    if (what.per_access) {
      qemu_plugin_register_vcpu_mem_cb(insn, conditional_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    }
  }
}

static void read_markers(const char* path) {
  FILE* in = fopen(path, "r");
  if (!in) fail("cannot read", path);
  char line[128];
  layer_count = 1;
  while (fgets(line, sizeof line, in)) {
    Marker m = {.number = -1};
    unsigned long long address = 0, end = 0;
    if (sscanf(line, "start %llx", &address) == 1) {
      m.event = kStart;
    } else if (sscanf(line, "stop %llx", &address) == 1) {
      m.event = kStop;
    } else if (sscanf(line, "flash %llx %llx", &address, &end) == 2) {
      if (!reuse_begin(&code, address, end) || !reuse_begin(&data, address, end) || !reuse_begin(&both, address, end)) {
        fail("out of", "memory");
      }
      continue;
    } else if (sscanf(line, "layer %d %llx", &m.number, &address) == 2 && m.number >= 0 && m.number < 1 << 20) {
      m.event = kLayer;
      if ((size_t)m.number + 2 > layer_count) layer_count = (size_t)m.number + 2;
    } else {
      fail("cannot understand", line);
    }
    m.address = address;
    markers = realloc(markers, (marker_count + 1) * sizeof *markers);
    if (!markers) fail("out of", "memory");
    markers[marker_count++] = m;
  }
  fclose(in);
  layers = calloc(layer_count, sizeof *layers);
  if (!layers) fail("out of", "memory");
  layer = layers;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc, char** argv) {
  (void)info;
  const char* markers_path = NULL;
  core = kCoreUnknown;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "core=", 5) == 0) core = core_by_name(argv[i] + 5);
    if (strncmp(argv[i], "markers=", 8) == 0) markers_path = argv[i] + 8;
    if (strncmp(argv[i], "out=", 4) == 0) out_path = argv[i] + 4;
  }
  if (core == kCoreUnknown || !markers_path || !out_path) fail("needs", "core=NAME,markers=FILE,out=FILE");
  read_markers(markers_path);
  qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
  return 0;
}
