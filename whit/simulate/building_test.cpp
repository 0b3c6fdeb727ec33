// The network against closed solutions, and its energies.
#include "whit/simulate/building.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

namespace whit::simulate {
namespace {

Network office() {
  Network n;
  n.capacity_j_k = {9.4e6, 3.6e7, 9.1e7, 1.05e8};
  n.air_interior = 3577;
  n.air_walls = 145;
  n.air_slab = 1329;
  n.air_outside = 141;
  n.air_roof = 61;
  n.walls_outside = 1446;
  n.slab_ground = 83;
  return n;
}

using Matrix = std::array<PerNode, kNodes>;

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c = {};
  for (size_t i = 0; i < kNodes; ++i) {
    for (size_t j = 0; j < kNodes; ++j) {
      for (size_t k = 0; k < kNodes; ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

// exp(a) by its series, after halving it 30 times.
Matrix exponential(Matrix a) {
  for (PerNode& row : a) {
    for (double& value : row) value = std::ldexp(value, -30);
  }
  Matrix sum = {}, term = {};
  for (size_t i = 0; i < kNodes; ++i) sum[i][i] = term[i][i] = 1;
  for (int order = 1; order < 8; ++order) {
    term = product(term, a);
    for (size_t i = 0; i < kNodes; ++i) {
      for (size_t j = 0; j < kNodes; ++j) sum[i][j] += (term[i][j] /= order);
    }
  }
  for (int i = 0; i < 30; ++i) sum = product(sum, sum);
  return sum;
}

// The rate of change is matrix times temperature when it is 0 degrees outside and nothing heats.
Matrix matrix_of(const Network& n, double air_change) {
  Matrix a = {};
  const auto join = [&](size_t i, size_t j, double w_k) {
    a[i][i] -= w_k / n.capacity_j_k[i];
    a[j][j] -= w_k / n.capacity_j_k[j];
    a[i][j] += w_k / n.capacity_j_k[i];
    a[j][i] += w_k / n.capacity_j_k[j];
  };
  join(kAir, kInterior, n.air_interior);
  join(kAir, kWallMass, n.air_walls);
  join(kAir, kSlab, n.air_slab);
  a[kAir][kAir] -= (n.air_outside + n.air_roof + air_change) / n.capacity_j_k[kAir];
  a[kWallMass][kWallMass] -= n.walls_outside / n.capacity_j_k[kWallMass];
  a[kSlab][kSlab] -= n.slab_ground / n.capacity_j_k[kSlab];
  return a;
}

TEST(Building, AnswersAStepAsTheMatrixExponentialDoes) {
  const Network n = office();
  const PerNode start = {21, 20, 12, 18};
  Boundary b;
  b.air_change_w_k = 300;
  Building building(n, start);
  double worst = 0;
  for (int hour = 1; hour <= 240; ++hour) {
    for (int i = 0; i < 60; ++i) building.step(b, 60);
    Matrix a = matrix_of(n, b.air_change_w_k);
    for (PerNode& row : a) {
      for (double& value : row) value *= 3600.0 * hour;
    }
    const Matrix solution = exponential(a);
    for (size_t i = 0; i < kNodes; ++i) {
      double exact = 0;
      for (size_t j = 0; j < kNodes; ++j) exact += solution[i][j] * start[j];
      worst = std::max(worst, std::abs(exact - building.celsius()[i]));
    }
  }
  RecordProperty("worst_error_k", fmt::format("{:.1e}", worst));
  EXPECT_LT(worst, 1e-4);
}

// Air and interior alone, heated by 10 kW from 0 degrees: two exponentials, whose rates are the roots of
// s^2 - s (g / C_i + (g + u) / C_a) + g u / (C_a C_i) = 0.
TEST(Building, AnswersHeatWithTwoExponentials) {
  Network n;
  const double ca = 9.4e6, ci = 3.6e7, g = 3500, u = 500, w = 10000;
  n.capacity_j_k = {ca, ci, 1e6, 1e6};
  n.air_interior = g;
  n.air_outside = u;
  Boundary b;
  b.heat_w[kAir] = w;
  Building building(n, {});
  const double p = g / ci + (g + u) / ca, q = g * u / (ca * ci);
  const double fast = p / 2 + std::sqrt(p * p / 4 - q), slow = q / fast;
  // T = w / u + a exp(-fast t) + b exp(-slow t), from T(0) = 0 and T'(0) = w / C_a.
  const double end = w / u, a_fast = -(w / ca - slow * end) / (fast - slow), a_slow = -end - a_fast;
  for (int minute = 1; minute <= 3000; ++minute) {
    building.step(b, 60);
    const double t = 60.0 * minute;
    const double exact = end + a_fast * std::exp(-fast * t) + a_slow * std::exp(-slow * t);
    ASSERT_NEAR(building.celsius()[kAir], exact, 1e-5) << minute;
  }
}

TEST(Building, SettlesWhereTheConductancesSay) {
  const Network n = office();
  Boundary b;
  b.outside_celsius = b.wall_surface_celsius = b.roof_surface_celsius = b.ground_celsius = -5;
  b.air_change_w_k = 200;
  b.heat_w[kAir] = 12000;
  Building building(n, {20, 20, 20, 20});
  for (int i = 0; i < 90 * 1440; ++i) building.step(b, 60);
  const double walls = 1 / (1 / n.air_walls + 1 / n.walls_outside), slab = 1 / (1 / n.air_slab + 1 / n.slab_ground);
  EXPECT_NEAR(building.celsius()[kAir], -5 + 12000 / (n.air_outside + n.air_roof + 200 + walls + slab), 1e-4);
  EXPECT_NEAR(building.celsius()[kInterior], building.celsius()[kAir], 1e-4);
}

TEST(Building, StoresWhatFlowsIn) {
  const Network n = office();
  Building building(n, {21, 20, 5, 17});
  Boundary b;
  double heat = 0;
  for (int i = 0; i < 1440; ++i) {
    b.outside_celsius = b.wall_surface_celsius = 5 * std::sin(i / 200.0);
    b.roof_surface_celsius = b.outside_celsius - 3;
    b.ground_celsius = 8;
    b.air_change_w_k = i % 700;
    b.heat_w = {i % 30 < 10 ? 40000.0 : 0.0, 500, 0, 900};
    for (const double w : b.heat_w) heat += 60 * w;
    building.step(b, 60);
  }
  const HeatBalance balance = building.balance();
  EXPECT_NEAR(balance.heat, heat, 1e-6 * heat);
  EXPECT_LT(balance.air_change, 0);
  EXPECT_LT(std::abs(balance.residual()), 1e-9);
  building.restart_balance();
  EXPECT_EQ(building.balance().residual(), 0);
  EXPECT_EQ(building.balance().stored, 0);
}

TEST(Building, KnowsItsShortestTimeConstant) {
  Network n;
  n.capacity_j_k = {1e6, 1e7, 1e7, 1e7};
  n.air_outside = 1000;  // alone: 1000 s
  EXPECT_LE(shortest_time_constant_s(n, 0), 1000);
  EXPECT_GE(shortest_time_constant_s(n, 0), 500);
}

}  // namespace
}  // namespace whit::simulate
