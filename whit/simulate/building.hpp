// One floor as a network of thermal resistances and capacities.
#pragma once

#include <array>
#include <cstdint>

namespace whit::simulate {

// The capacities. interior: furniture and partitions; walls: what of the outer walls stores heat.
enum Node : int32_t { kAir, kInterior, kWallMass, kSlab, kNodes };
using PerNode = std::array<double, kNodes>;

struct Network {
  PerNode capacity_j_k = {};
  // Conductances [W/K].
  double air_interior = 0, air_walls = 0, air_slab = 0;
  double air_outside = 0;    // windows
  double air_roof = 0;       // to the roof's outer surface
  double walls_outside = 0;  // to the walls' outer surface
  double slab_ground = 0;
};

// What acts on it from outside during a step.
struct Boundary {
  double outside_celsius = 0;
  double wall_surface_celsius = 0;  // sol-air temperatures
  double roof_surface_celsius = 0;
  double ground_celsius = 0;
  double air_change_w_k = 0;  // infiltration and ventilation: mass flow times heat capacity
  PerNode heat_w = {};        // gains, heating (positive) and cooling
};

// Energies [J] since the start, positive when they warm the building.
struct HeatBalance {
  double windows = 0, roof = 0, walls = 0, ground = 0, air_change = 0, heat = 0;
  double stored = 0;  // capacities times the change of their temperatures
  // What is stored and came from nowhere; a fraction of all that flowed, in and out.
  double residual() const;
};

class Building {
 public:
  Building(const Network& network, const PerNode& celsius)
      : network_(network), celsius_(celsius), start_celsius_(celsius) {}

  // One step of the classical Runge-Kutta method, the boundary constant. Its error is below 1e-5 K for steps up to a
  // fifth of shortest_time_constant_s(). The flows are summed with the weights of the method: the balance closes.
  void step(const Boundary& boundary, double seconds);

  const PerNode& celsius() const { return celsius_; }
  HeatBalance balance() const;
  // Counts from here again.
  void restart_balance();

 private:
  Network network_;
  PerNode celsius_, start_celsius_;
  HeatBalance sums_;
};

// A lower bound on the shortest time constant of the network (Gershgorin).
double shortest_time_constant_s(const Network& network, double air_change_w_k);

}  // namespace whit::simulate
