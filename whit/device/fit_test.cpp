// Verdicts, margins and the printed forms, on figures that are easy to follow.
#include "whit/device/fit.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "whit/device/fit_print.hpp"

namespace whit::device {
namespace {

Figure figure(double value) { return {value, "estimate: test"}; }

Profile board() {
  Profile p;
  p.name = "board";
  p.title = "A board";
  p.core = "cortex-m4";
  p.target = "qemu-cortex-m4";
  p.clock_hz = figure(100e6);
  p.ram_bytes = figure(65536);
  p.ram_free_bytes = figure(32768);
  p.flash_bytes = figure(262144);
  p.flash_free_bytes = figure(131072);
  p.flash_wait_states = figure(0);
  p.flash_fetch_bits = figure(64);
  p.supply_v = figure(3);
  p.active_mw = figure(50);
  p.sleep_uw = figure(5);
  p.usd = figure(4);
  return p;
}

Measured measured() {
  Measured m;
  m.work.cost = {1000000, {1000000, 2000000, 3000000}};
  m.work.macs = 500000;
  m.arena_bytes = 20000;
  m.stack_bytes = 480;
  m.code_bytes = 10000;
  m.weights_bytes = 50000;
  return m;
}

TEST(Fit, WithoutBudgetsTheDeviceIsTheBudget) {
  const Fit result = fit(measured(), board(), {});
  ASSERT_EQ(result.checks.size(), 2u);
  EXPECT_TRUE(result.fits());
  EXPECT_EQ(result.find(Resource::ram)->need, 20480);
  EXPECT_EQ(result.find(Resource::ram)->margin(), 32768 - 20480);
  EXPECT_EQ(result.find(Resource::flash)->need, 60000);
  EXPECT_EQ(result.tightest().resource, Resource::ram);
  EXPECT_EQ(result.find(Resource::latency), nullptr);
  EXPECT_FALSE(result.need.average_power_w);
}

TEST(Fit, ABudgetIsNeverMoreThanTheDeviceHas) {
  Budgets budgets;
  budgets.ram_bytes = 1e9;
  EXPECT_EQ(fit(measured(), board(), budgets).find(Resource::ram)->budget, 65536);
}

TEST(Fit, JudgedByMidAndMarkedWhenTheRangeHoldsTheBudget) {
  Budgets budgets;
  budgets.latency_s = 0.025;  // 10, 20 and 30 ms
  budgets.energy_j = 0.9e-3;  // 0.5, 1 and 1.5 mJ
  const Fit result = fit(measured(), board(), budgets);
  EXPECT_FALSE(result.fits());
  EXPECT_TRUE(result.find(Resource::latency)->fits());
  EXPECT_TRUE(result.find(Resource::latency)->is_uncertain);
  EXPECT_FALSE(result.find(Resource::energy)->fits());
  EXPECT_EQ(violations(result), "energy 1.00 mJ of 900 uJ");
}

TEST(Fit, AnInferenceLongerThanThePeriodDoesNotFit) {
  Budgets budgets;
  budgets.period_s = 0.015;
  EXPECT_FALSE(fit(measured(), board(), budgets).fits());
  budgets.period_s = 1;
  budgets.battery_mah = 1000;
  const Fit result = fit(measured(), board(), budgets);
  EXPECT_TRUE(result.fits());
  // 20 ms of 50 mW and 980 ms of 5 uW; 1 Ah at 3 V are 10,800 J.
  EXPECT_NEAR(result.need.average_power_w->mid, 1.0049e-3, 1e-9);
  EXPECT_NEAR(result.need.battery_life_s->mid, 10800 / 1.0049e-3, 1);
}

TEST(Fit, CodeThatRunsInRamTakesIt) {
  Profile p = board();
  p.code_in = CodeIn::ram;
  EXPECT_EQ(fit(measured(), p, {}).find(Resource::ram)->need, 20480 + 60000);
}

TEST(Fit, ADeviceWithoutATargetIsMeasuredOnAnother) {
  Profile p = board();
  p.target.clear();
  p.macs_per_cycle = figure(0.5);
  EXPECT_EQ(measured_target(p).name, "qemu-riscv32");
  EXPECT_DOUBLE_EQ(fit(measured(), p, {}).need.latency_s.mid, 0.01);
  EXPECT_NE(notes(p, measured(), true)[1].find("an estimated 0.5 MACs a cycle"), std::string::npos);
  Budgets budgets;
  budgets.latency_s = 0.015;
  EXPECT_TRUE(fit(measured(), p, budgets).find(Resource::latency)->is_uncertain);
}

TEST(Fit, TimeOfFloatsIsUnknownWhereTheDevicesFigureIsOfInt8) {
  Profile p = board();
  p.target.clear();
  p.macs_per_cycle = figure(0.5);
  Measured m = measured();
  m.is_float = true;
  EXPECT_TRUE(fit(m, p, {}).fits());
  Budgets budgets;
  budgets.latency_s = 1e9;
  const Fit result = fit(m, p, budgets);
  EXPECT_FALSE(result.fits());
  EXPECT_FALSE(result.is_known());
  EXPECT_NE(violations(result).find("latency unknown (the device's MACs a cycle are of int8"), std::string::npos);
  budgets.flash_bytes = 1;
  EXPECT_TRUE(fit(m, p, budgets).is_known());
}

TEST(Fit, WhatWasNotBuiltFitsOnlyWithRoomForCodeAndStack) {
  Measured m = measured();
  m.work.cost = {};
  m.stack_bytes = m.code_bytes = 0;
  Profile p = board();
  const Fit unsure = fit(m, p, {});
  EXPECT_FALSE(unsure.fits());
  EXPECT_FALSE(unsure.is_known());
  EXPECT_FALSE(unsure.need.time_unknown.empty());
  p.ram_free_bytes = p.flash_free_bytes = figure(1e9);
  EXPECT_TRUE(fit(m, p, {}).fits());
  p.flash_free_bytes = figure(1000);
  EXPECT_TRUE(fit(m, p, {}).is_known());
}

TEST(Fit, BudgetsThatDoNotCountAreNamed) {
  Budgets budgets;
  budgets.ram_bytes = 1e9;
  budgets.battery_mah = 100;
  EXPECT_EQ(budget_notes(board(), budgets).size(), 1u);
  Profile cloud = board();
  cloud.sleep_uw = {};
  EXPECT_EQ(budget_notes(cloud, budgets).size(), 2u);
}

TEST(Fit, AnAcceleratorIsSpokenOf) {
  Profile p = board();
  p.accelerator = "NPU";
  p.accelerator_accepts = "full-integer TFLite";
  p.accelerator_runs_tflite = true;
  p.accelerator_macs_per_s = figure(5e9);
  EXPECT_EQ(own_notes(p, measured(), true),
            std::vector<std::string>{
                "its NPU takes this model (full-integer TFLite): at least 100 us an inference, estimated"});
  EXPECT_EQ(own_notes(p, measured(), false),
            std::vector<std::string>{"its NPU, not counted here, takes: full-integer TFLite"});
}

FitReport report() {
  FitReport r;
  r.model = "m";
  r.profile = board();
  r.budgets.ram_bytes = 10240;
  r.measured = measured();
  r.fit = fit(r.measured, r.profile, r.budgets);
  r.notes = notes(r.profile, r.measured, true);
  Measured smaller = r.measured;
  smaller.arena_bytes = 9000;
  r.advice = {{"half", "train it", fit(smaller, r.profile, r.budgets), true, "from shapes"},
              {"none", "try it", std::nullopt, false, "no layer"}};
  return r;
}

TEST(FitPrint, SaysEstimatedBesideWhatIs) {
  const std::string text = fit_text(report());
  EXPECT_NE(text.find("latency  20.0 ms  estimated, 10.0 ms to 30.0 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("It does not fit: RAM 20.0 KB of 10.0 KB."), std::string::npos) << text;
  EXPECT_NE(text.find("~9480 B"), std::string::npos) << text;
  EXPECT_NE(text.find("try it (no layer)"), std::string::npos) << text;
  EXPECT_NE(
      fit_markdown(report()).find("| RAM | 20.0 KB | arena 19.5 KB, stack 480 B | 10.0 KB | -10.0 KB (-100 %) | NO |"),
      std::string::npos)
      << fit_markdown(report());
}

TEST(FitPrint, JsonHoldsTheSame) {
  const auto json = nlohmann::json::parse(fit_json(report()));
  EXPECT_EQ(json["fits"], false);
  EXPECT_EQ(json["arena_bytes"], 20000);
  EXPECT_EQ(json["latency_s"]["estimated"], 0.02);
  EXPECT_EQ(json["checks"][0]["resource"], "RAM");
  EXPECT_EQ(json["checks"][0]["margin"], -10240);
  EXPECT_EQ(json["advice"][0]["fits"], true);
  EXPECT_EQ(json["advice"][0]["predicted"], true);
  EXPECT_EQ(json["advice"][1]["note"], "no layer");
}

TEST(FitPrint, ADeviceThatFailedHasItsReason) {
  const Profile p = board();
  DevicesReport devices{"m", {{&p, fit(measured(), p, {}), "", {}}, {&p, std::nullopt, "too large", {}}}};
  const std::string text = devices_text(devices);
  EXPECT_EQ(text.rfind("m fits 1 of 2 devices\n", 0), 0u) << text;
  EXPECT_NE(text.find("too large"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(devices_json(devices))["devices"][1]["failure"], "too large");
}

}  // namespace
}  // namespace whit::device
