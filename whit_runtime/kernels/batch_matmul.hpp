// Batched matrix product, int8 and float32: out[b,i,j] = sum_k a[b,i,k] * b[b,k,j].
// Strides stand for transposition and for broadcasting (0), so neither operand is moved.
// int8: (a - a_zero_point) * (b - b_zero_point), one requantization for the whole output. Adds no bias.
#ifndef WHIT_RUNTIME_KERNELS_BATCH_MATMUL_HPP_
#define WHIT_RUNTIME_KERNELS_BATCH_MATMUL_HPP_

#include "whit_runtime/half.hpp"
#include "whit_runtime/kernels/kernel.hpp"

namespace whit::rt {

struct BatchMatmulS8 {
  OpHead head;
  Ref a;       // int8
  Ref b;       // int8
  Ref output;  // int8 [batches[0], batches[1], rows, columns]
  int32_t batches[2];
  int32_t a_batch_stride[2];  // strides count elements
  int32_t b_batch_stride[2];
  int32_t rows;
  int32_t columns;
  int32_t depth;
  int32_t a_row_stride;
  int32_t a_depth_stride;
  int32_t b_column_stride;
  int32_t b_depth_stride;
  int32_t a_zero_point;
  int32_t b_zero_point;
  int32_t multiplier;
  int32_t shift;
  int32_t output_zero_point;
  static constexpr uint8_t kRefs = 3;
};

template <typename W>  // float or Half
struct BatchMatmulFloat {
  using Weight = W;
  OpHead head;
  Ref a;       // float
  Ref b;       // W
  Ref output;  // float [batches[0], batches[1], rows, columns]
  int32_t batches[2];
  int32_t a_batch_stride[2];
  int32_t b_batch_stride[2];
  int32_t rows;
  int32_t columns;
  int32_t depth;
  int32_t a_row_stride;
  int32_t a_depth_stride;
  int32_t b_column_stride;
  int32_t b_depth_stride;
  static constexpr uint8_t kRefs = 3;
};
using BatchMatmulF32 = BatchMatmulFloat<float>;
using BatchMatmulF32W16 = BatchMatmulFloat<Half>;

// Elements that a walk of four dimensions reaches; 2^40 when a stride is negative or it is too far.
inline uint64_t reach(const int32_t (&dims)[4], const int32_t (&strides)[4]) {
  const uint64_t too_much = uint64_t{1} << 40;
  uint64_t last = 0;
  for (int32_t d = 0; d < 4; ++d) {
    if (dims[d] <= 0 || strides[d] < 0) return too_much;
    last += static_cast<uint64_t>(dims[d] - 1) * static_cast<uint64_t>(strides[d]);
    if (last > (uint64_t{1} << 32)) return too_much;
  }
  return last + 1;
}

template <typename P>
inline bool check_matmul(const P& p, const Extent& e, uint32_t element_bytes, uint32_t b_element_bytes) {
  const uint64_t a = reach({p.batches[0], p.batches[1], p.rows, p.depth},
                           {p.a_batch_stride[0], p.a_batch_stride[1], p.a_row_stride, p.a_depth_stride});
  const uint64_t b = reach({p.batches[0], p.batches[1], p.columns, p.depth},
                           {p.b_batch_stride[0], p.b_batch_stride[1], p.b_column_stride, p.b_depth_stride});
  return readable(e, p.a, a * element_bytes, element_bytes) && readable(e, p.b, b * b_element_bytes, b_element_bytes) &&
         writable(e, p.output, area(p.batches[0], p.batches[1], p.rows, p.columns) * element_bytes, element_bytes) &&
         readable(e, p.a, area(p.rows, p.depth) * element_bytes);  // bounds the work even where strides are 0
}

inline bool check(const BatchMatmulS8& p, const Extent& e) {
  return check_matmul(p, e, 1, 1) && within(p.a_zero_point, -128, 127) && within(p.b_zero_point, -128, 127) &&
         p.multiplier >= 0 && within(p.shift, -31, 30) && within(p.output_zero_point, -128, 127);
}
template <typename W>
inline bool check(const BatchMatmulFloat<W>& p, const Extent& e) {
  return check_matmul(p, e, 4, sizeof(W));
}

// Calls `result(sum)` for each output in order, where `sum` adds `product(a, b)` over the depth.
template <typename A, typename B, typename Sum, typename P, typename Product, typename Result>
WHIT_ALWAYS_INLINE void matmul_walk(const P& p, const Memory& m, Product product, Result result) {
  const A* a_start = input<A>(m, p.a);
  const B* b_start = input<B>(m, p.b);
  for (int32_t n0 = 0; n0 < p.batches[0]; ++n0) {
    for (int32_t n1 = 0; n1 < p.batches[1]; ++n1) {
      const A* a = a_start + n0 * p.a_batch_stride[0] + n1 * p.a_batch_stride[1];
      const B* b = b_start + n0 * p.b_batch_stride[0] + n1 * p.b_batch_stride[1];
      for (int32_t i = 0; i < p.rows; ++i) {
        for (int32_t j = 0; j < p.columns; ++j) {
          const A* left = a + i * p.a_row_stride;
          const B* right = b + j * p.b_column_stride;
          Sum sum = 0;
          for (int32_t k = 0; k < p.depth; ++k) {
            sum += product(left[k * p.a_depth_stride], right[k * p.b_depth_stride]);
          }
          result(sum);
        }
      }
    }
  }
}

WHIT_KERNEL void batch_matmul_s8(const BatchMatmulS8& p, const Memory& m) {
  int8_t* y = output<int8_t>(m, p.output);
  matmul_walk<int8_t, int8_t, int32_t>(
      p, m, [&p](int8_t a, int8_t b) { return (a - p.a_zero_point) * (b - p.b_zero_point); },
      [&](int32_t sum) {
        const int32_t scaled = multiply_by_quantized_multiplier(sum, p.multiplier, p.shift);
        *y++ = static_cast<int8_t>(clamp(scaled + p.output_zero_point, -128, 127));
      });
}

template <typename W>
WHIT_ALWAYS_INLINE void batch_matmul_float(const BatchMatmulFloat<W>& p, const Memory& m) {
  float* y = output<float>(m, p.output);
  matmul_walk<float, W, float>(
      p, m, [](float a, W b) { return a * to_f32(b); }, [&y](float sum) { *y++ = sum; });
}

WHIT_KERNEL void batch_matmul_f32(const BatchMatmulF32& p, const Memory& m) { batch_matmul_float(p, m); }
WHIT_KERNEL void batch_matmul_f32_w16(const BatchMatmulF32W16& p, const Memory& m) { batch_matmul_float(p, m); }

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_KERNELS_BATCH_MATMUL_HPP_
