// What the programs of this folder share: numbers that are the same on every machine, and a checksum of memory.
#ifndef TESTS_DEVICE_RANDOM_HPP_
#define TESTS_DEVICE_RANDOM_HPP_

#include <stddef.h>
#include <stdint.h>

#include "targets/common/support.h"

namespace whit::tests {

// xorshift32
inline uint32_t random_word() {
  static uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

// In [low, high].
inline int32_t pick(int32_t low, int32_t high) {
  return low + static_cast<int32_t>((random_word() >> 8) % static_cast<uint32_t>(high - low + 1));
}

inline void fill_random(uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(random_word() >> 8);
}

// FNV-1a over a whole arena: outputs, scratch, and what nobody may touch.
inline void print_checksum(const char* name, const uint8_t* bytes, size_t count) {
  uint32_t sum = 0x811c9dc5u;
  for (size_t i = 0; i < count; ++i) sum = (sum ^ bytes[i]) * 16777619u;
  whit_write(name);
  whit_write_hex(&sum, sizeof sum);
  whit_write("\n");
}

}  // namespace whit::tests

#endif  // TESTS_DEVICE_RANDOM_HPP_
