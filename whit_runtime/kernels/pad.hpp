// Padding of any element type in one pass: gaps filled with a value and runs of the input, alternating in order.
// [planes][rows] runs; between two rows `row_gap` bytes, between two planes `plane_gap`. Each run is read whole before
// it is written, so output may overlap input. With no run at all see fill.hpp. Does not mirror.
#ifndef WHIT_RUNTIME_KERNELS_PAD_HPP_
#define WHIT_RUNTIME_KERNELS_PAD_HPP_

#include "whit_runtime/kernels/fill.hpp"

namespace whit::rt {

struct Pad {
  OpHead head;
  Ref input;   // planes * rows * run_bytes bytes
  Ref output;  // the same and the gaps
  int32_t planes;
  int32_t rows;
  int32_t run_bytes;
  int32_t first_gap;  // bytes
  int32_t row_gap;
  int32_t plane_gap;
  int32_t last_gap;
  int32_t pattern;  // see fill_pattern
  static constexpr uint8_t kRefs = 2;
};

inline bool check(const Pad& p, const Extent& e) {
  const uint64_t in = area(p.planes, p.rows, p.run_bytes);
  if (p.first_gap < 0 || p.row_gap < 0 || p.plane_gap < 0 || p.last_gap < 0 || !readable(e, p.input, in)) return false;
  const uint64_t planes = static_cast<uint64_t>(p.planes);
  const uint64_t rows = static_cast<uint64_t>(p.rows);  // planes * rows is below 2^32 as `in` is, a gap below 2^31
  const uint64_t gaps = static_cast<uint64_t>(p.first_gap) + static_cast<uint64_t>(p.last_gap) +
                        planes * (rows - 1) * static_cast<uint64_t>(p.row_gap);
  return gaps <= (uint64_t{1} << 40) && planes <= (uint64_t{1} << 31) &&
         writable(e, p.output, in + gaps + (planes - 1) * static_cast<uint64_t>(p.plane_gap));
}

WHIT_KERNEL void pad(const Pad& p, const Memory& m) {
  const uint8_t* x = input<uint8_t>(m, p.input);
  uint8_t* y = output<uint8_t>(m, p.output);
  int32_t gap = p.first_gap;
  for (int32_t plane = 0; plane < p.planes; ++plane) {
    for (int32_t row = 0; row < p.rows; ++row) {
      fill_pattern(y, gap, static_cast<uint32_t>(p.pattern));
      y += gap;
      memmove(y, x, static_cast<size_t>(p.run_bytes));
      x += p.run_bytes;
      y += p.run_bytes;
      gap = p.row_gap;
    }
    gap = p.plane_gap;
  }
  fill_pattern(y, p.last_gap, static_cast<uint32_t>(p.pattern));
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_PAD_HPP_
