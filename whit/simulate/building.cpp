#include "whit/simulate/building.hpp"

#include <algorithm>
#include <cmath>

namespace whit::simulate {
namespace {

// W, into the building but for the three between nodes, which go from the air.
struct Flows {
  double windows, roof, walls, ground, air_change;
  double to_interior, to_walls, to_slab;
};

Flows flows_at(const Network& n, const Boundary& b, const PerNode& t) {
  return {n.air_outside * (b.outside_celsius - t[kAir]),
          n.air_roof * (b.roof_surface_celsius - t[kAir]),
          n.walls_outside * (b.wall_surface_celsius - t[kWallMass]),
          n.slab_ground * (b.ground_celsius - t[kSlab]),
          b.air_change_w_k * (b.outside_celsius - t[kAir]),
          n.air_interior * (t[kAir] - t[kInterior]),
          n.air_walls * (t[kAir] - t[kWallMass]),
          n.air_slab * (t[kAir] - t[kSlab])};
}

PerNode heating_rate(const Network& n, const Boundary& b, const Flows& f) {
  PerNode rate;
  rate[kAir] = f.windows + f.roof + f.air_change - f.to_interior - f.to_walls - f.to_slab;
  rate[kInterior] = f.to_interior;
  rate[kWallMass] = f.walls + f.to_walls;
  rate[kSlab] = f.ground + f.to_slab;
  for (int32_t i = 0; i < kNodes; ++i) rate[i] = (rate[i] + b.heat_w[i]) / n.capacity_j_k[i];
  return rate;
}

}  // namespace

double HeatBalance::residual() const {
  const double sum = windows + roof + walls + ground + air_change + heat;
  const double all =
      std::abs(windows) + std::abs(roof) + std::abs(walls) + std::abs(ground) + std::abs(air_change) + std::abs(heat);
  return all > 0 ? (stored - sum) / all : 0;
}

void Building::step(const Boundary& boundary, double seconds) {
  constexpr double kReach[4] = {0, 0.5, 0.5, 1}, kWeight[4] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
  PerNode rate = {}, change = {};
  for (int32_t stage = 0; stage < 4; ++stage) {
    PerNode at;
    for (int32_t i = 0; i < kNodes; ++i) at[i] = celsius_[i] + kReach[stage] * seconds * rate[i];
    const Flows flows = flows_at(network_, boundary, at);
    rate = heating_rate(network_, boundary, flows);
    const double weight = kWeight[stage] * seconds;
    for (int32_t i = 0; i < kNodes; ++i) change[i] += weight * rate[i];
    sums_.windows += weight * flows.windows;
    sums_.roof += weight * flows.roof;
    sums_.walls += weight * flows.walls;
    sums_.ground += weight * flows.ground;
    sums_.air_change += weight * flows.air_change;
  }
  for (int32_t i = 0; i < kNodes; ++i) {
    celsius_[i] += change[i];
    sums_.heat += seconds * boundary.heat_w[i];
  }
}

HeatBalance Building::balance() const {
  HeatBalance balance = sums_;
  balance.stored = 0;
  for (int32_t i = 0; i < kNodes; ++i) balance.stored += network_.capacity_j_k[i] * (celsius_[i] - start_celsius_[i]);
  return balance;
}

void Building::restart_balance() {
  sums_ = {};
  start_celsius_ = celsius_;
}

double shortest_time_constant_s(const Network& n, double air_change_w_k) {
  const PerNode touching = {n.air_interior + n.air_walls + n.air_slab + n.air_outside + n.air_roof + air_change_w_k,
                            n.air_interior, n.air_walls + n.walls_outside, n.air_slab + n.slab_ground};
  // Gershgorin: no eigenvalue lies beyond twice a row's diagonal.
  double fastest = 0;
  for (int32_t i = 0; i < kNodes; ++i) fastest = std::max(fastest, 2 * touching[i] / n.capacity_j_k[i]);
  return 1 / fastest;
}

}  // namespace whit::simulate
