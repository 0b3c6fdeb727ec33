// Runs the feature code on random windows and prints checksums. No contraction and no libm but sqrtf, which IEEE 754
// rounds: the host, FPUs and soft float must print the same.
#include "tests/device/random.hpp"
#include "whit_runtime/features/lags.hpp"
#include "whit_runtime/features/mel.hpp"
#include "whit_runtime/features/motion.hpp"
#include "whit_runtime/features/standardize.hpp"

namespace {

using namespace whit::rt;
using namespace whit::tests;

constexpr int32_t kRows = 128;

float window[kRows * kMotionAxes], out[64], table[2048], scratch[512], sound[480];

void print_floats(const char* name, const float* values, int32_t count) {
  print_checksum(name, reinterpret_cast<const uint8_t*>(values), sizeof(float) * static_cast<size_t>(count));
}

void fill(float* values, int32_t count) {
  for (int32_t i = 0; i < count; ++i) values[i] = static_cast<float>(pick(-20000, 20000)) / 1024.0f;
}

void window_case() {
  fill(window, kRows * kMotionAxes);
  motion_features(window, kRows, out);
  print_floats("motion ", out, kMotionFeatures);
  for (int32_t which = 0; which <= static_cast<int32_t>(Statistic::mean_crossings); ++which) {
    out[which] = statistic_of(static_cast<Statistic>(which), window + 1, kRows, kMotionAxes);
  }
  print_floats("statistics ", out, static_cast<int32_t>(Statistic::mean_crossings) + 1);
  LagFeature features[40];
  for (LagFeature& f : features) f = {static_cast<LagKind>(pick(0, 10)), pick(0, kMotionAxes - 1), pick(1, kRows - 1)};
  lag_features(features, 40, window, kRows, kMotionAxes, pick(0, 2000000000), 0.5f, out);
  standardize(out, 40, window, window + 40, 40);
  print_floats("lags ", out, 40);
}

void mel_case(const MelSpectrum& m) {
  mel_table(m, table);
  print_floats("table ", table, mel_table_floats(m));
  for (int i = 0; i < 5; ++i) {
    fill(sound, m.frame);
    log_mel(m, table, sound, scratch, out);
    print_floats("mel ", out, m.bands);
    mfcc(m, table, out, 10, out + m.bands);
    print_floats("mfcc ", out + m.bands, 10);
  }
}

}  // namespace

int main() {
  for (int i = 0; i < 20; ++i) window_case();
  mel_case({16000, 480, 512, 40, 20, 4000});
  mel_case({8000, 256, 256, 20, 0, 4000});
  for (int i = 0; i < 1000; ++i) {
    const float x = static_cast<float>(random_word() >> 8) * 1e-4f + 1e-9f;
    scratch[i % 256] = natural_log(x);
    scratch[256 + i % 256] = rotation(x).sin;
    if (i % 256 == 255) print_floats("elementary ", scratch, 512);
  }
  return 0;
}
