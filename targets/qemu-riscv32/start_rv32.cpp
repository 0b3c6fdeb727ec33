// Start-up of the RISC-V machine and its semihosting.
#include "targets/common/support.h"

#pragma GCC optimize("no-tree-loop-distribute-patterns")  // else the loops become calls of memcpy and memset

extern "C" {

int main();
extern uint32_t whit_data_load[], whit_data_begin[], whit_data_end[], whit_bss_begin[], whit_bss_end[];

// The three instructions that QEMU recognises must be uncompressed and must not straddle a page.
__attribute__((noinline)) static void semihost(uint32_t operation, const void* argument) {
  register uint32_t a0 __asm__("a0") = operation;
  register const void* a1 __asm__("a1") = argument;
  __asm__ volatile(
      ".option push\n .option norvc\n .balign 16\n"
      "slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n"
      ".option pop"
      : "+r"(a0)
      : "r"(a1)
      : "memory");
}

void whit_write(const char* text) { semihost(0x04, text); }

void whit_exit(int status) {
  const uint32_t block[2] = {0x20026, static_cast<uint32_t>(status)};
  for (;;) semihost(0x20, block);
}

__attribute__((used, aligned(4))) void whit_fault(void) {
  whit_write("fault\n");
  whit_exit(99);
}

__attribute__((used)) void whit_begin(void) {
  const uint32_t* from = whit_data_load;
  for (uint32_t* to = whit_data_begin; to != whit_data_end;) *to++ = *from++;
  for (uint32_t* to = whit_bss_begin; to != whit_bss_end;) *to++ = 0;
  whit_exit(main());
}

// First byte of the image: there is no stack yet.
__attribute__((naked, used, section(".vectors"))) void whit_reset(void) {
  __asm__ volatile(
      "la sp, whit_stack_top\n"
      "la t0, whit_fault\n"
      ".insn i 0x73, 1, x0, t0, 0x305\n"  // csrw mtvec, t0: -march=rv32imc has no name for it
      "j whit_begin");
}

}  // extern "C"
