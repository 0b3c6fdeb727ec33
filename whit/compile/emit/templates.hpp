// The fixed text of emitted files; {fields} are filled in by emit.cpp. Text only, no logic.
#pragma once

namespace whit::compile {

inline constexpr char kModelHeader[] = R"(/* Made by whit {version} from a model with SHA-256
 * {sha256}. Do not edit.
 * The API can be called from C. The arena is the only memory that the model needs besides the stack. */
#ifndef {upper}_HPP_
#define {upper}_HPP_

#include <stddef.h>
#include <stdint.h>

#include "whit_runtime/status.h"

#ifdef __cplusplus
extern "C" {{
#endif

/* Bytes of the arena, exact. Align it to 16. */
#define {upper}_ARENA_BYTES {arena_bytes}u

/* Checks the arena and sets the model's state, if it has one. Call once before {name}_invoke. */
whit_status {name}_init(void* arena, size_t arena_bytes);

/* Runs one inference. Write every input before each call: the run reuses their memory. */
void {name}_invoke(void* arena);

/* Sets the model's state back to its initial value. */
void {name}_reset(void* arena);

{tensors}
/* Version of whit that made this file, and SHA-256 of the model file. */
const char* {name}_version(void);
extern const uint8_t {name}_digest[32];

#ifdef __cplusplus
}}
#endif

#endif /* {upper}_HPP_ */
)";

inline constexpr char kModelSource[] = R"(// Made by whit {version}. Do not edit.
#include "{name}.hpp"

// How kernels are shared between layers: set by `whit build --optimize`.
#define WHIT_KERNEL {kernel_attribute}
#include <string.h>

{includes}
// Marks where a layer begins, for profilers that look for the symbols whit_layer_N. Costs no instruction.
#ifdef WHIT_PROFILE
#define WHIT_LAYER(n) asm volatile(".globl whit_layer_" #n "\nwhit_layer_" #n ":" ::: "memory");
#else
#define WHIT_LAYER(n)
#endif

// Records are plain words, so their nested structures need no braces.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wmissing-braces"
#endif

namespace {{

// Weights, biases, requantization and tables.
__attribute__((section(".whit_weights"), aligned(16))) const uint32_t kConstants[] = {{
{constants}}};

{records}
}}  // namespace

extern "C" {{

whit_status {name}_init(void* arena, size_t arena_bytes) {{
  if (arena == nullptr) return whit_status_bad_argument;
  if (arena_bytes < {upper}_ARENA_BYTES) return whit_status_arena_too_small;
  if (reinterpret_cast<uintptr_t>(arena) % 16 != 0) return whit_status_arena_misaligned;
  {name}_reset(arena);
  return whit_status_ok;
}}

void {name}_invoke(void* arena) {{
  const whit::rt::Memory memory = {{static_cast<uint8_t*>(arena), reinterpret_cast<const uint8_t*>(kConstants)}};
{calls}}}

void {name}_reset(void* arena) {{
{reset}}}

{tensors}
const char* {name}_version(void) {{ return "{version}"; }}
const uint8_t {name}_digest[32] = {{{digest}}};

}}  // extern "C"
)";

inline constexpr char kSelftestHeader[] = R"(/* Golden self-test: does this build compute what the model computes? */
#ifndef {upper}_SELFTEST_HPP_
#define {upper}_SELFTEST_HPP_

#ifdef __cplusplus
extern "C" {{
#endif

/* Runs the model on known inputs, with an arena of its own, and compares every output byte (float: within 1e-5).
 * Prints one line through `print`: "pass", or the first difference. Returns 0 on pass, 1 otherwise. */
int {name}_selftest(void (*print)(const char* text));

#ifdef __cplusplus
}}
#endif

#endif /* {upper}_SELFTEST_HPP_ */
)";

inline constexpr char kSelftestSource[] = R"(// Made by whit. Do not edit.
#include "{name}_selftest.hpp"

#include "{name}.hpp"

namespace {{

using Print = void (*)(const char*);

alignas(16) uint8_t arena[{upper}_ARENA_BYTES];

{expected}
uint8_t next(uint32_t& state) {{
  state = state * 1664525u + 1013904223u;
  return static_cast<uint8_t>((state >> 24) - 128u);
}}

[[maybe_unused]] void fill_bytes(uint8_t* bytes, uint32_t count, uint32_t state) {{
  for (uint32_t i = 0; i < count; ++i) bytes[i] = next(state);
}}

[[maybe_unused]] void fill_floats(uint8_t* bytes, uint32_t count, uint32_t state) {{
  float* reals = reinterpret_cast<float*>(bytes);
  for (uint32_t i = 0; i < count / 4; ++i) reals[i] = static_cast<float>(static_cast<int8_t>(next(state))) / 128.0f;
}}

[[maybe_unused]] void fill_zeros(uint8_t* bytes, uint32_t count, uint32_t) {{
  for (uint32_t i = 0; i < count; ++i) bytes[i] = 0;
}}

void print_number(int32_t value, Print print) {{
  char text[12];
  char* end = text + sizeof text;
  *--end = 0;
  uint32_t rest = value < 0 ? 0u - static_cast<uint32_t>(value) : static_cast<uint32_t>(value);
  do {{
    *--end = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }} while (rest > 0);
  if (value < 0) *--end = '-';
  print(end);
}}

void print_difference(uint32_t test, uint32_t index, int32_t got, int32_t want, Print print) {{
  print("FAIL: case ");
  print_number(static_cast<int32_t>(test), print);
  print(", output element ");
  print_number(static_cast<int32_t>(index), print);
  print(" is ");
  print_number(got, print);
  print(", expected ");
  print_number(want, print);
  print("\n");
}}

[[maybe_unused]] bool same_bytes(const void* got, const void* want0, const void* want1, uint32_t test, uint32_t count, Print print) {{
  const int8_t* g = static_cast<const int8_t*>(got);
  const int8_t* w = static_cast<const int8_t*>(test == 0 ? want0 : want1);
  for (uint32_t i = 0; i < count; ++i) {{
    if (g[i] == w[i]) continue;
    print_difference(test, i, g[i], w[i], print);
    return false;
  }}
  return true;
}}

[[maybe_unused]] bool same_floats(const void* got, const void* want0, const void* want1, uint32_t test, uint32_t count, Print print) {{
  const float* g = static_cast<const float*>(got);
  const float* w = static_cast<const float*>(test == 0 ? want0 : want1);
  for (uint32_t i = 0; i < count / 4; ++i) {{
    const float difference = g[i] < w[i] ? w[i] - g[i] : g[i] - w[i];
    const float size = w[i] < 0 ? -w[i] : w[i];
    if (difference <= 1e-5f * (size > 1.0f ? size : 1.0f)) continue;
    print_difference(test, i, static_cast<int32_t>(g[i] * 1000), static_cast<int32_t>(w[i] * 1000), print);
    print("(in thousandths)\n");
    return false;
  }}
  return true;
}}

int run_case(uint32_t test, Print print) {{
  {name}_reset(arena);
{fills}  {name}_invoke(arena);
{compares}  (void)print;
  return 0;
}}

}}  // namespace

extern "C" int {name}_selftest(void (*print)(const char* text)) {{
  if ({name}_init(arena, sizeof arena) != whit_status_ok) {{
    print("FAIL: init refused the arena\n");
    return 1;
  }}
  for (uint32_t test = 0; test < {cases}; ++test) {{
    if (run_case(test, print) != 0) return 1;
  }}
  print("pass\n");
  return 0;
}}
)";

inline constexpr char kSelftestMain[] =
    R"(// The self-test as a program for a machine with stdio. On a board call {name}_selftest with a print of your own.
#include <stdio.h>

#include "{name}_selftest.hpp"

int main() {{
  return {name}_selftest([](const char* text) {{ fputs(text, stdout); }});
}}
)";

inline constexpr char kMakefile[] =
    R"(# `make` builds the model for {target} as libwhit_{name}.a; `make selftest` builds and runs the self-test on this machine.
CXX_TARGET ?= {compiler}
TARGET_FLAGS ?= {flags}
CXXFLAGS ?= {level} -std=c++17 -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections -ffp-contract=off

libwhit_{name}.a: {name}.cpp {name}_selftest.cpp
	$(CXX_TARGET) $(TARGET_FLAGS) $(CXXFLAGS) -I. -c $^
	$(CXX_TARGET:g++=ar) rcs $@ $(^:.cpp=.o)

selftest: {name}_selftest_main.cpp {name}.cpp {name}_selftest.cpp
	$(CXX) $(CXXFLAGS) -I. $^ -o $@
	./$@

.PHONY: clean
clean:
	rm -f *.o libwhit_{name}.a selftest
)";

inline constexpr char kReadme[] = R"(# {name}: a model as firmware source, for {target}

1. Copy this directory into your project and put it on the include path.
2. Add `{name}.cpp` to the build: C++17, `{compiler} {flags}`; no library is needed (float models: libm).
3. `alignas(16) static uint8_t arena[{upper}_ARENA_BYTES];` ({arena_bytes} bytes of RAM, known at compile time).
4. Once: `{name}_init(arena, sizeof arena)` must return `whit_status_ok`.{reset}
5. For each inference write `{name}_input_0(arena)`, call `{name}_invoke(arena)`, read `{name}_output_0(arena)`.
6. `{name}_quantize_input_0` and `{name}_dequantize_output_0` turn real numbers into stored ones and back.
7. To place the {constants_bytes} bytes of constants yourself give section `.whit_weights` a place in the linker script.
8. `make selftest` here, and `{name}_selftest(print)` on the board, prove that the build computes the expected bits.
)";

}  // namespace whit::compile
