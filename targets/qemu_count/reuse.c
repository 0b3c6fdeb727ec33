#include "targets/qemu_count/reuse.h"

#include <stdlib.h>
#include <string.h>

int reuse_begin(Reuse* reuse, uint64_t begin, uint64_t end) {
  memset(reuse, 0, sizeof *reuse);
  reuse->first = begin & ~(uint64_t)(kLineBytes - 1);
  if (end <= begin) return 1;
  reuse->lines = (end - reuse->first + kLineBytes - 1) / kLineBytes;
  reuse->all = calloc(reuse->lines, sizeof *reuse->all);
  return reuse->all != NULL;
}

void reuse_restart(Reuse* reuse) {
  if (reuse->all) memset(reuse->all, 0, reuse->lines * sizeof *reuse->all);
  memset(reuse->last_of, 0, sizeof reuse->last_of);
  memset(reuse->hits, 0, sizeof reuse->hits);
  reuse->newest = reuse->oldest = NULL;
  reuse->count = 0;
}

// The newest line has come to the front: those at the end of levels 0 to `levels` - 1 move into the next one.
static void move_down(Reuse* reuse, int levels) {
  for (int n = 0; n < levels && reuse->last_of[n]; ++n) {
    reuse->last_of[n]->level = (uint8_t)(n + 1);
    reuse->last_of[n] = reuse->last_of[n]->newer;
  }
}

// `line` is in the stack and not the newest. Returns its level.
static int take_out(Reuse* reuse, ReuseLine* line) {
  const int level = line->level;
  if (level < kReuseLevels && reuse->last_of[level] == line) reuse->last_of[level] = line->newer;
  line->newer->older = line->older;
  if (line->older) line->older->newer = line->newer;
  if (reuse->oldest == line) reuse->oldest = line->newer;
  return level;
}

void reuse_touch(Reuse* reuse, uint64_t address) {
  const uint64_t index = (address - reuse->first) / kLineBytes;
  if (address < reuse->first || index >= reuse->lines) return;
  ReuseLine* line = &reuse->all[index];
  if (line == reuse->newest) {
    ++reuse->hits[0];
    return;
  }
  const int known = line->newer != NULL;
  const int level = known ? take_out(reuse, line) : kReuseLevels;
  ++reuse->hits[level];
  line->newer = NULL;
  line->older = reuse->newest;
  line->level = 0;
  if (reuse->newest) reuse->newest->newer = line;
  reuse->newest = line;
  if (!reuse->oldest) reuse->oldest = line;
  move_down(reuse, level);
  if (known) return;
  ++reuse->count;
  for (int n = 0; n < kReuseLevels; ++n) {
    if (reuse->count == (uint64_t)1 << n) reuse->last_of[n] = reuse->oldest;
  }
}
