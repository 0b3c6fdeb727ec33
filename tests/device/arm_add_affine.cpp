// Runs add_affine_s8 on random operands, lengths and places, apart and overlapping, and prints a checksum of the whole
// arena after each case. Built twice, with the assembly and with the portable body, it must print the same.
#include "targets/common/support.h"
#include "whit_runtime/kernels/add_affine_s8.hpp"

namespace {

using namespace whit::rt;

uint32_t state = 2463534242u;
uint32_t random_word() {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}
int32_t pick(int32_t low, int32_t high) {
  return low + static_cast<int32_t>((random_word() >> 8) % static_cast<uint32_t>(high - low + 1));
}

alignas(16) uint8_t arena[4096];

void add_case() {
  for (uint8_t& byte : arena) byte = static_cast<uint8_t>(random_word() >> 8);
  AddAffineS8 p{};
  p.count = pick(1, 300);
  p.input1 = static_cast<Ref>(4 * pick(100, 200));
  p.input2 = static_cast<Ref>(4 * pick(300, 400));
  // Apart, in place of either input, or some bytes before one.
  const Ref places[4] = {2048, p.input1, p.input2, p.input1 - static_cast<Ref>(pick(1, 50))};
  p.output = places[pick(0, 3)];
  p.a = pick(-3 << 21, 3 << 21);
  p.b = pick(-3 << 21, 3 << 21);
  p.c = pick(-100 << 21, 100 << 21);
  if (!check(p, {sizeof arena, 0, nullptr})) whit_write("bad record\n");
  add_affine_s8(p, {arena, nullptr});
  uint32_t sum = 0x811c9dc5u;
  for (const uint8_t byte : arena) sum = (sum ^ byte) * 16777619u;
  whit_write("add ");
  whit_write_hex(&sum, sizeof sum);
  whit_write("\n");
}

}  // namespace

int main() {
  for (int i = 0; i < 200; ++i) add_case();
  return 0;
}
