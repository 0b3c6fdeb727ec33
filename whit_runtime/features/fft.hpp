// Fast Fourier transform of real numbers. The caller owns all memory; tables are made once, or lie in flash.
#ifndef WHIT_RUNTIME_FEATURES_FFT_HPP_
#define WHIT_RUNTIME_FEATURES_FFT_HPP_

#include <stdint.h>

#include "whit_runtime/features/elementary.hpp"

namespace whit::rt {

// n: a power of two in [4, 65536].
inline bool is_fft_size(int32_t n) { return n >= 4 && n <= 65536 && (n & (n - 1)) == 0; }

// table: [n/2] pairs of the cosine and the sine of k/n of a turn; n floats.
inline void fft_table(int32_t n, float* table) {
  for (int32_t k = 0; k < n / 2; ++k) {
    const Rotation r = rotation(static_cast<float>(k) / static_cast<float>(n));
    table[2 * k] = r.cos;
    table[2 * k + 1] = r.sin;
  }
}

// In place: X[k] = sum over t of x[t] exp(-2 pi i k t / n). x: [n] real; then X[0], X[n/2] (both real), and from x[2]
// the pairs of real and imaginary part of X[1] to X[n/2 - 1]. The even and odd values are the real and imaginary parts
// of n/2 complex numbers, transformed by decimation in time (Cooley and Tukey 1965) and taken apart after.
inline void real_fft(float* x, int32_t n, const float* table) {
  const int32_t half = n / 2;
  for (int32_t i = 1, j = 0; i < half; ++i) {  // to the order of reversed bits
    int32_t bit = half / 2;
    for (; (j & bit) != 0; bit /= 2) j ^= bit;
    j |= bit;
    if (i >= j) continue;
    for (int32_t part = 0; part < 2; ++part) {
      const float swapped = x[2 * i + part];
      x[2 * i + part] = x[2 * j + part];
      x[2 * j + part] = swapped;
    }
  }
  for (int32_t size = 2; size <= half; size *= 2) {
    for (int32_t k = 0; k < size / 2; ++k) {
      const float c = table[2 * (k * (n / size))], s = table[2 * (k * (n / size)) + 1];
      for (int32_t i = k; i < half; i += size) {
        float* a = x + 2 * i;
        float* b = a + size;
        const float re = b[0] * c + b[1] * s, im = b[1] * c - b[0] * s;
        b[0] = a[0] - re;
        b[1] = a[1] - im;
        a[0] += re;
        a[1] += im;
      }
    }
  }
  const float zero = x[0] + x[1];
  x[1] = x[0] - x[1];
  x[0] = zero;
  for (int32_t k = 1; k <= half / 2; ++k) {
    float* a = x + 2 * k;
    float* b = x + 2 * (half - k);
    const float c = table[2 * k], s = table[2 * k + 1];
    // Even and odd part: (Z[k] +- conj Z[half - k]) / 2.
    const float even_re = 0.5f * (a[0] + b[0]), even_im = 0.5f * (a[1] - b[1]);
    const float odd_re = 0.5f * (a[1] + b[1]), odd_im = 0.5f * (b[0] - a[0]);
    const float re = odd_re * c + odd_im * s, im = odd_im * c - odd_re * s;
    a[0] = even_re + re;
    a[1] = even_im + im;
    b[0] = even_re - re;
    b[1] = im - even_im;
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_FFT_HPP_
