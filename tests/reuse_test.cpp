// The stack simulation of the counter against a plain list of lines, most recent first.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

extern "C" {
#include "targets/qemu_count/reuse.h"
}

namespace {

constexpr uint64_t kBegin = 0x08000000;

class Simulated {
 public:
  explicit Simulated(uint64_t lines) { EXPECT_NE(reuse_begin(&reuse_, kBegin, kBegin + lines * kLineBytes), 0); }
  ~Simulated() { free(reuse_.all); }
  Simulated(const Simulated&) = delete;
  Simulated& operator=(const Simulated&) = delete;

  void touch(uint64_t line) { reuse_touch(&reuse_, kBegin + line * kLineBytes + line % kLineBytes); }
  std::vector<uint64_t> hits() const { return {reuse_.hits, reuse_.hits + kReuseLevels + 1}; }
  Reuse& reuse() { return reuse_; }

 private:
  Reuse reuse_{};
};

class Plain {
 public:
  void touch(uint64_t line) {
    const auto at = std::find(newest_first_.begin(), newest_first_.end(), line);
    const auto position = static_cast<uint64_t>(at - newest_first_.begin());
    size_t level = kReuseLevels;
    if (at != newest_first_.end()) {
      level = 0;
      while ((uint64_t{1} << level) <= position) ++level;
      newest_first_.erase(at);
    }
    ++hits[level];
    newest_first_.insert(newest_first_.begin(), line);
  }
  std::vector<uint64_t> hits = std::vector<uint64_t>(kReuseLevels + 1);

 private:
  std::vector<uint64_t> newest_first_;
};

TEST(Reuse, AsAPlainListOfLines) {
  std::mt19937 random(1);
  for (const uint64_t lines : {1, 2, 3, 4, 5, 8, 9, 31, 64, 200}) {
    Simulated simulated(lines);
    Plain plain;
    for (int i = 0; i < 3000; ++i) {
      // Near the last one, or anywhere.
      const uint64_t line = random() % 3 == 0 ? random() % lines : static_cast<uint64_t>(i / 7) % lines;
      simulated.touch(line);
      plain.touch(line);
    }
    EXPECT_EQ(simulated.hits(), plain.hits) << lines << " lines";
  }
}

TEST(Reuse, AStreamAroundTwiceMissesInWhatIsSmaller) {
  Simulated simulated(64);
  for (int round = 0; round < 2; ++round) {
    for (uint64_t line = 0; line < 48; ++line) simulated.touch(line);
  }
  std::vector<uint64_t> expected(kReuseLevels + 1);
  expected[6] = 48;  // 47 others between: a cache of 64 lines holds them
  expected[kReuseCold] = 48;
  EXPECT_EQ(simulated.hits(), expected);
  reuse_restart(&simulated.reuse());
  EXPECT_EQ(simulated.hits(), std::vector<uint64_t>(kReuseLevels + 1));
}

TEST(Reuse, WhatLiesElsewhereDoesNotCount) {
  Simulated simulated(4);
  reuse_touch(&simulated.reuse(), kBegin - 1);
  reuse_touch(&simulated.reuse(), kBegin + 4 * kLineBytes);
  reuse_touch(&simulated.reuse(), 0x20000000);
  EXPECT_EQ(simulated.hits(), std::vector<uint64_t>(kReuseLevels + 1));
}

}  // namespace
