// Log-mel spectrum and MFCC of one frame of sound. Conventions of tf.signal, with which MLPerf Tiny's keyword spotting
// is trained: periodic Hann window, magnitudes, triangles of equal width on the mel scale 1127 ln(1 + Hz / 700),
// ln(energy + 1e-6), DCT-II times sqrt(2 / bands). The caller owns all memory.
#ifndef WHIT_RUNTIME_FEATURES_MEL_HPP_
#define WHIT_RUNTIME_FEATURES_MEL_HPP_

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "whit_runtime/features/fft.hpp"

namespace whit::rt {

struct MelSpectrum {
  int32_t sample_rate_hz;
  int32_t frame;          // samples, at most fft; zeros are appended
  int32_t fft;            // see is_fft_size
  int32_t bands;          // in [1, 256]
  float low_hz, high_hz;  // 0 <= low < high <= sample_rate_hz / 2
};

inline bool is_valid(const MelSpectrum& m) {
  return m.sample_rate_hz > 0 && is_fft_size(m.fft) && m.frame > 0 && m.frame <= m.fft && m.bands > 0 &&
         m.bands <= 256 && m.low_hz >= 0 && m.low_hz < m.high_hz &&
         m.high_hz <= 0.5f * static_cast<float>(m.sample_rate_hz);
}

inline float mel_of(float hz) { return 1127.0f * natural_log(1.0f + hz / 700.0f); }

// The table holds the window [frame], fft_table [fft], the place of each bin on the scale of the bands [fft/2 + 1]
// (band b has its peak at b + 1 and ends at b and b + 2), and cosines for the DCT [4 bands].
inline int32_t mel_table_floats(const MelSpectrum& m) { return m.frame + m.fft + m.fft / 2 + 1 + 4 * m.bands; }

inline void mel_table(const MelSpectrum& m, float* table) {
  for (int32_t i = 0; i < m.frame; ++i) {
    *table++ = 0.5f - 0.5f * rotation(static_cast<float>(i) / static_cast<float>(m.frame)).cos;
  }
  fft_table(m.fft, table);
  table += m.fft;
  const float low = mel_of(m.low_hz), width = (mel_of(m.high_hz) - low) / static_cast<float>(m.bands + 1);
  for (int32_t k = 0; k <= m.fft / 2; ++k) {
    const float hz = static_cast<float>(k) * static_cast<float>(m.sample_rate_hz) / static_cast<float>(m.fft);
    *table++ = (mel_of(hz) - low) / width;
  }
  for (int32_t i = 0; i < 4 * m.bands; ++i) {
    *table++ = rotation(static_cast<float>(i) / static_cast<float>(4 * m.bands)).cos;
  }
}

// sound: [frame]; scratch: [fft]; out: [bands].
inline void log_mel(const MelSpectrum& m, const float* table, const float* sound, float* scratch, float* out) {
  for (int32_t i = 0; i < m.frame; ++i) scratch[i] = sound[i] * table[i];
  for (int32_t i = m.frame; i < m.fft; ++i) scratch[i] = 0;
  const float* place = table + m.frame + m.fft;
  real_fft(scratch, m.fft, table + m.frame);
  for (int32_t b = 0; b < m.bands; ++b) out[b] = 0;
  for (int32_t k = 0; k <= m.fft / 2; ++k) {
    if (!(place[k] > 0 && place[k] < static_cast<float>(m.bands + 1))) continue;
    float magnitude;
    if (k == 0 || k == m.fft / 2) {
      magnitude = fabsf(scratch[k == 0 ? 0 : 1]);
    } else {
      magnitude = sqrtf(scratch[2 * k] * scratch[2 * k] + scratch[2 * k + 1] * scratch[2 * k + 1]);
    }
    const int32_t band = static_cast<int32_t>(place[k]);
    const float rise = place[k] - static_cast<float>(band);
    if (band < m.bands) out[band] += rise * magnitude;
    if (band > 0) out[band - 1] += (1.0f - rise) * magnitude;
  }
  for (int32_t b = 0; b < m.bands; ++b) out[b] = natural_log(out[b] + 1e-6f);
}

// The first `coefficients` <= bands of the DCT of log_mel's output. out: [coefficients].
inline void mfcc(const MelSpectrum& m, const float* table, const float* bands, int32_t coefficients, float* out) {
  const float* cosine = table + m.frame + m.fft + m.fft / 2 + 1;
  const float scale = sqrtf(2.0f / static_cast<float>(m.bands));
  for (int32_t k = 0; k < coefficients; ++k) {
    float sum = 0;
    for (int32_t b = 0; b < m.bands; ++b) sum += bands[b] * cosine[(2 * b + 1) * k % (4 * m.bands)];
    out[k] = sum * scale;
  }
}

}  // namespace whit::rt

#endif  // WHIT_RUNTIME_FEATURES_MEL_HPP_
