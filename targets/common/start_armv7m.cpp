// Start-up of the Cortex-M machines and their semihosting. Also runs code for ARMv6-M and ARMv8-M mainline.
#include "targets/common/support.h"

#pragma GCC optimize("no-tree-loop-distribute-patterns")  // else the loops become calls of memcpy and memset

extern "C" {

int main();
extern uint32_t whit_data_load[], whit_data_begin[], whit_data_end[], whit_bss_begin[], whit_bss_end[];
extern uint32_t whit_stack_top[];

static inline __attribute__((always_inline)) void semihost(uint32_t operation, const void* argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

void whit_write(const char* text) { semihost(0x04, text); }

void whit_exit(int status) {
  const uint32_t block[2] = {0x20026, static_cast<uint32_t>(status)};
  for (;;) semihost(0x20, block);
}

static void fault() {
  whit_write("fault\n");
  whit_exit(99);
}

void whit_reset(void) {
#ifdef __ARM_FP
  *reinterpret_cast<volatile uint32_t*>(0xE000ED88) |= 0xFu << 20;  // CPACR: let the FPU be used
  __asm__ volatile("dsb\n isb" ::: "memory");
#endif
  const uint32_t* from = whit_data_load;
  for (uint32_t* to = whit_data_begin; to != whit_data_end;) *to++ = *from++;
  for (uint32_t* to = whit_bss_begin; to != whit_bss_end;) *to++ = 0;
  whit_exit(main());
}

// No interrupt is ever enabled and every fault escalates: the table ends at HardFault.
typedef void (*Vector)();
__attribute__((section(".vectors"), used))
const Vector whit_vectors[4] = {reinterpret_cast<Vector>(whit_stack_top), whit_reset, fault, fault};

}  // extern "C"
