// What a firmware on an emulated machine can ask of it: text out, an exit code, markers for measuring.
// Used by the self-test and the benchmark images; the model's own code never includes it.
// Not a C library and not for a real board: it talks to the emulator by semihosting.
#ifndef TARGETS_COMMON_SUPPORT_H_
#define TARGETS_COMMON_SUPPORT_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Writes a zero-terminated text to the console of the host.
void whit_write(const char* text);

// `bytes` bytes as lower-case hexadecimal, with no space or newline.
void whit_write_hex(const void* data, size_t bytes);

// Ends the emulator with this exit status (0 to 255).
void whit_exit(int status) __attribute__((noreturn));

// Instructions are counted from the first one of whit_profile_start to the last one before whit_profile_stop.
// A new start begins anew.
void whit_profile_start(void);
void whit_profile_stop(void);

#ifdef __cplusplus
}
#endif

// Marks where layer `number` (0, 1, ... as a literal) begins; use each number once in an image.
#define WHIT_MARK_LAYER(number) __asm__ volatile(".globl whit_layer_" #number "\nwhit_layer_" #number ":" ::: "memory")

// Lowest address of the stack, from the linker script.
extern uint32_t whit_stack_limit[];
#define WHIT_STACK_PAINT 0xC0DE57ACu

static inline __attribute__((always_inline)) uint32_t* whit_stack_pointer(void) {
  uint32_t* pointer;
#ifdef __riscv
  __asm__ volatile("mv %0, sp" : "=r"(pointer));
#else
  __asm__ volatile("mov %0, sp" : "=r"(pointer));
#endif
  return pointer;
}

// Paints the stack below the caller's frame. Inline, so that it has no frame of its own.
static inline __attribute__((always_inline)) void whit_stack_paint(void) {
  for (volatile uint32_t* p = whit_stack_pointer(); p > whit_stack_limit;) *--p = WHIT_STACK_PAINT;
}

// Bytes of stack below the caller's frame that were used since the same function called whit_stack_paint.
static inline __attribute__((always_inline)) uint32_t whit_stack_used_bytes(void) {
  const volatile uint32_t* p = whit_stack_limit;
  const uint32_t* top = whit_stack_pointer();
  while (p < top && *p == WHIT_STACK_PAINT) ++p;
  return (uint32_t)(uintptr_t)top - (uint32_t)(uintptr_t)p;
}

#endif  // TARGETS_COMMON_SUPPORT_H_
