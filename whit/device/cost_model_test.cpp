// The arithmetic of the cost model, each case small enough to follow by hand.
#include "whit/device/cost_model.hpp"

#include <gtest/gtest.h>

namespace whit::device {
namespace {

Profile profile_of(const std::string& core) {
  Profile p;
  p.core = core;
  p.target = "qemu-cortex-m4";
  p.clock_hz.value = 100e6;
  p.flash_wait_states.value = 5;
  p.flash_fetch_bits.value = 64;
  p.active_mw.value = 40;
  p.sleep_uw.value = 10;
  p.supply_v.value = 3;
  return p;
}

Work work_of(uint64_t instructions, uint64_t low, uint64_t mid, uint64_t high) {
  Work work;
  work.cost = {instructions, {low, mid, high}};
  return work;
}

// 1000 fetches that hit in the last line, 100 that need two lines, 10 that need 32, 4 that are the first.
target::Reuse sample() {
  target::Reuse reuse{};
  reuse[0] = 1000;
  reuse[1] = 100;
  reuse[5] = 10;
  reuse.back() = 4;
  return reuse;
}

TEST(CoreCycles, ACoreWithATableTakesWhatWasCounted) {
  EXPECT_EQ(core_cycles(work_of(100, 110, 120, 130), profile_of("cortex-m4")), (Estimate{110, 120, 130}));
  EXPECT_EQ(core_cycles(work_of(100, 110, 120, 130), profile_of("esp-rv32imc")), (Estimate{110, 120, 130}));
}

TEST(CoreCycles, ACoreWithoutATableIsScaled) {
  const Estimate m7 = core_cycles(work_of(100, 110, 120, 130), profile_of("cortex-m7"));
  EXPECT_DOUBLE_EQ(m7.low, 50);                 // two instructions a cycle
  EXPECT_DOUBLE_EQ(m7.mid, 120 * 3.42 / 5.01);  // more of the same work a cycle
  EXPECT_DOUBLE_EQ(m7.high, 130);               // no worse than an M4
  EXPECT_DOUBLE_EQ(core_cycles(work_of(100, 110, 120, 130), profile_of("cortex-m33")).low, 100);
}

TEST(StallCycles, WithoutACacheEveryChangeOfTheLineWaits) {
  Profile p = profile_of("cortex-m0plus");
  target::Traffic traffic;
  traffic.both = sample();
  // 114 lines of 32 bytes, four fetches of 8 bytes each, 5 cycles a fetch.
  // Low: one fetch each; high: each of the 1000 that stay in the line fetches once more.
  EXPECT_EQ(stall_cycles(traffic, p), (Estimate{570, 2280, 7280}));
}

TEST(StallCycles, ACacheForBoth) {
  Profile p = profile_of("esp-rv32imc");
  p.icache_bytes.value = 1024;  // 32 lines
  p.flash_fetch_bits.value = 256;
  p.flash_wait_states.value = 100;
  target::Traffic traffic;
  traffic.both = sample();
  // 4 misses; with half of the cache the 10 at 32 lines as well.
  EXPECT_EQ(stall_cycles(traffic, p), (Estimate{400, 400, 1400}));
}

TEST(StallCycles, OneCacheEach) {
  Profile p = profile_of("cortex-m4");
  p.icache_bytes.value = 1024;
  p.dcache_bytes.value = 32;
  target::Traffic traffic;
  traffic.code = traffic.data = sample();
  // Misses of code 4, 4, 14; of data with two lines, one, and still that one 14, 114, 114; 20 cycles each.
  EXPECT_EQ(stall_cycles(traffic, p), (Estimate{18 * 20, 118 * 20, 128 * 20}));
}

TEST(StallCycles, NoneWithoutWaitStatesOrInRam) {
  Profile p = profile_of("cortex-m4");
  target::Traffic traffic;
  traffic.both = sample();
  p.code_in = CodeIn::ram;
  EXPECT_EQ(stall_cycles(traffic, p), Estimate{});
  p.code_in = CodeIn::flash;
  p.flash_wait_states.value = 0;
  EXPECT_EQ(stall_cycles(traffic, p), Estimate{});
}

TEST(Latency, CyclesOverClock) {
  Profile p = profile_of("cortex-m4");
  Work work = work_of(1000000, 1000000, 2000000, 3000000);
  work.traffic.both[1] = 1000;  // 20,000 cycles
  const Estimate latency = latency_s(work, p);
  EXPECT_DOUBLE_EQ(latency.low, 0.01005);  // one fetch a line
  EXPECT_DOUBLE_EQ(latency.mid, 0.0202);
  EXPECT_DOUBLE_EQ(latency.high, 0.0302);
}

TEST(Latency, WithoutATargetFromTheMacs) {
  Profile p = profile_of("cortex-a72");
  p.target.clear();
  p.macs_per_cycle.value = 4;
  Work work;
  work.macs = 8000000;
  EXPECT_EQ(latency_s(work, p), (Estimate{0.01, 0.02, 0.04}));
}

TEST(Energy, PowerTimesTime) {
  const Estimate energy = energy_j({0.01, 0.02, 0.03}, profile_of("cortex-m4"));
  EXPECT_DOUBLE_EQ(energy.low, 0.0004);
  EXPECT_DOUBLE_EQ(energy.mid, 0.0008);
  EXPECT_DOUBLE_EQ(energy.high, 0.0012);
}

TEST(Duty, AverageOfWorkAndSleep) {
  const Profile p = profile_of("cortex-m4");
  const Duty duty{1.0, 1000};
  const Estimate power = average_power_w({0.01, 0.02, 0.03}, p, duty);
  EXPECT_DOUBLE_EQ(power.mid, 0.02 * 40e-3 + 0.98 * 10e-6);
  const Estimate life = battery_life_s(power, p, duty);
  EXPECT_DOUBLE_EQ(life.mid, 1.0 * 3600 * 3 / power.mid);  // 1 Ah at 3 V
  EXPECT_LT(life.low, life.mid);
  EXPECT_LT(life.mid, life.high);
}

TEST(Duty, ADeviceThatDoesNotKeepUpNeverSleeps) {
  const Duty duty{0.01, 0};
  EXPECT_DOUBLE_EQ(busy_share(0.02, duty), 2);
  EXPECT_DOUBLE_EQ(average_power_w({0.02, 0.02, 0.02}, profile_of("cortex-m4"), duty).mid, 40e-3);
}

}  // namespace
}  // namespace whit::device
