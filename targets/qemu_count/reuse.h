// How far apart a program's accesses to the same line of memory are: what any cache of whole lines would miss.
// Used by the counter plugin. LRU stack simulation (Mattson et al., IBM Systems Journal 9(2), 1970): an access hits in
// a fully associative LRU cache of C lines when fewer than C other lines were touched since the line's last access.
// Does not model associativity, prefetch or write-back.
#ifndef TARGETS_QEMU_COUNT_REUSE_H_
#define TARGETS_QEMU_COUNT_REUSE_H_

#include <stdint.h>

enum { kLineBytes = 32, kReuseLevels = 18, kReuseCold = kReuseLevels };

typedef struct ReuseLine {
  struct ReuseLine *newer, *older;
  uint8_t level;  // smallest with its position in the stack below 2^level; kReuseCold when there is none
} ReuseLine;

typedef struct {
  uint64_t first;  // address of the memory, a multiple of kLineBytes
  uint64_t lines;
  ReuseLine* all;
  ReuseLine *newest, *oldest;
  ReuseLine* last_of[kReuseLevels];  // at position 2^level - 1
  uint64_t count;                    // lines in the stack
  // [n]: accesses that hit in a cache of 2^n lines but in no smaller one of these; [kReuseCold]: first accesses.
  uint64_t hits[kReuseLevels + 1];
} Reuse;

// Of the memory [begin, end). Returns 0 when there is no room for its lines.
int reuse_begin(Reuse* reuse, uint64_t begin, uint64_t end);

// Empties the stack and the sums.
void reuse_restart(Reuse* reuse);

// An access to `address`; of no effect outside of the memory.
void reuse_touch(Reuse* reuse, uint64_t address);

#endif  // TARGETS_QEMU_COUNT_REUSE_H_
