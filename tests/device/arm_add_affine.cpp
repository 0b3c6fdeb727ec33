// Runs add_affine_s8 on random operands, lengths and places, apart and overlapping, and prints a checksum of the whole
// arena after each case. Built twice, with the assembly and with the portable body, it must print the same.
#include "tests/device/random.hpp"
#include "whit_runtime/kernels/add_affine_s8.hpp"

namespace {

using namespace whit::rt;
using namespace whit::tests;

alignas(16) uint8_t arena[4096];

void add_case() {
  fill_random(arena, sizeof arena);
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
  print_checksum("add ", arena, sizeof arena);
}

}  // namespace

int main() {
  for (int i = 0; i < 200; ++i) add_case();
  return 0;
}
