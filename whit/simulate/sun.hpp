// Where the sun stands, and what falls on a surface.
#pragma once

#include <cstdint>

namespace whit::simulate {

struct Place {
  double latitude_deg = 0, longitude_deg = 0;  // north and east are positive
  double zone_hours = 0;                       // of local standard time, to UTC
};

struct Sun {
  double sin_height;             // sine of the height above the horizon; negative at night
  double cos_azimuth;            // times the cosine of the height: the component towards north
  double sin_azimuth;            // ... towards east
  double extraterrestrial_w_m2;  // on a surface that faces the sun, outside of the atmosphere
};

// Declination, equation of time and distance by Fourier series (Spencer 1971, as in Duffie & Beckman, Solar Engineering
// of Thermal Processes, 4th ed., eq. 1.4.1b, 1.5.3, 1.6.1b), within 0.3 degrees. `seconds`: local standard time since
// 1970.
Sun sun_at(int64_t seconds, const Place& place);

// Radiation [W/m2] of the sky.
struct Sky {
  double direct_normal = 0;       // on a surface that faces the sun
  double diffuse_horizontal = 0;  // on the ground, without the sun
};

enum class Facing : int32_t { north, east, south, west, up };
constexpr int32_t kFacings = 5;
constexpr int32_t kWalls = 4;  // all but up

struct Irradiance {
  double beam = 0, diffuse = 0;  // diffuse: of sky and ground
  double cos_incidence = 0;      // of the beam; 0 when the sun is behind the surface
  double total() const { return beam + diffuse; }
};

// Isotropic sky (Liu & Jordan 1963; Duffie & Beckman eq. 2.15.1): walls see half of the sky, and half of the ground,
// which reflects `albedo` of what falls on it.
Irradiance on_surface(Facing facing, const Sun& sun, const Sky& sky, double albedo);

// What glass lets through, of what it lets through at normal incidence: 1 - b0 (1 / cos - 1) with b0 = 0.1 for the beam
// (Souka & Safwat 1966; Duffie & Beckman eq. 6.17.10), that of 60 degrees for the diffuse part (Brandemuehl & Beckman
// 1980).
double through_glass(const Irradiance& irradiance);

}  // namespace whit::simulate
