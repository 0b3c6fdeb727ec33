// The parts of support.h that are the same on every machine, and the memory functions that the compiler calls.
#include "targets/common/support.h"

// The loops below must not be recognised as the functions that they make up.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint32_t __attribute__((may_alias)) Word;

#if defined(__ARM_FEATURE_UNALIGNED)
static inline bool by_words(uintptr_t) { return true; }
#else
static inline bool by_words(uintptr_t addresses) { return (addresses & 3) == 0; }
#endif

extern "C" {

__attribute__((noinline)) void whit_profile_start(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void whit_profile_stop(void) { __asm__ volatile("" ::: "memory"); }

void whit_write_hex(const void* data, size_t bytes) {
  const uint8_t* p = static_cast<const uint8_t*>(data);
  char text[3] = {0, 0, 0};
  for (const uint8_t* end = p + bytes; p != end; ++p) {
    for (int i = 0; i < 2; ++i) {
      const int digit = (i == 0 ? *p >> 4 : *p & 15);
      text[i] = static_cast<char>(digit < 10 ? '0' + digit : 'a' - 10 + digit);
    }
    whit_write(text);
  }
}

void* memcpy(void* __restrict destination, const void* __restrict source, size_t bytes) {
  uint8_t* d = static_cast<uint8_t*>(destination);
  const uint8_t* s = static_cast<const uint8_t*>(source);
  if (by_words(reinterpret_cast<uintptr_t>(d) | reinterpret_cast<uintptr_t>(s))) {
    for (; bytes >= 16; bytes -= 16, d += 16, s += 16) {
      const Word a = reinterpret_cast<const Word*>(s)[0], b = reinterpret_cast<const Word*>(s)[1];
      const Word c = reinterpret_cast<const Word*>(s)[2], e = reinterpret_cast<const Word*>(s)[3];
      reinterpret_cast<Word*>(d)[0] = a;
      reinterpret_cast<Word*>(d)[1] = b;
      reinterpret_cast<Word*>(d)[2] = c;
      reinterpret_cast<Word*>(d)[3] = e;
    }
    for (; bytes >= 4; bytes -= 4, d += 4, s += 4) *reinterpret_cast<Word*>(d) = *reinterpret_cast<const Word*>(s);
  }
  for (; bytes != 0; --bytes) *d++ = *s++;
  return destination;
}

void* memmove(void* destination, const void* source, size_t bytes) {
  uint8_t* d = static_cast<uint8_t*>(destination);
  const uint8_t* s = static_cast<const uint8_t*>(source);
  if (d <= s) {  // memcpy reads at most 16 bytes before it writes them, so it may move downwards by 16 or more
    if (static_cast<size_t>(s - d) >= 16) return memcpy(destination, source, bytes);
    for (; bytes != 0; --bytes) *d++ = *s++;
    return destination;
  }
  d += bytes;
  s += bytes;
  if (static_cast<size_t>(d - s) >= 4 && by_words(reinterpret_cast<uintptr_t>(d) | reinterpret_cast<uintptr_t>(s))) {
    for (; bytes >= 4; bytes -= 4) {
      d -= 4;
      s -= 4;
      *reinterpret_cast<Word*>(d) = *reinterpret_cast<const Word*>(s);
    }
  }
  for (; bytes != 0; --bytes) *--d = *--s;
  return destination;
}

void* memset(void* destination, int value, size_t bytes) {
  uint8_t* d = static_cast<uint8_t*>(destination);
  const Word word = static_cast<uint8_t>(value) * 0x01010101u;
  for (; bytes != 0 && (reinterpret_cast<uintptr_t>(d) & 3) != 0; --bytes) *d++ = static_cast<uint8_t>(value);
  for (; bytes >= 16; bytes -= 16, d += 16) {
    for (int i = 0; i < 4; ++i) reinterpret_cast<Word*>(d)[i] = word;
  }
  for (; bytes >= 4; bytes -= 4, d += 4) *reinterpret_cast<Word*>(d) = word;
  for (; bytes != 0; --bytes) *d++ = static_cast<uint8_t>(value);
  return destination;
}

int memcmp(const void* a, const void* b, size_t bytes) {
  const uint8_t* p = static_cast<const uint8_t*>(a);
  const uint8_t* q = static_cast<const uint8_t*>(b);
  for (; bytes != 0; --bytes, ++p, ++q) {
    if (*p != *q) return *p - *q;
  }
  return 0;
}

}  // extern "C"
