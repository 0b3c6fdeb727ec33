// Fits the thermal network of whit/simulate to a measured room: fit_room ROOM.csv prints the error of a free run on
// the days of the fit and on the later ones, and the parameters. examples/hvac/robod.py writes such a CSV.
#include <fmt/format.h>
#include <nlopt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "whit/base/error.hpp"
#include "whit/data/columns.hpp"
#include "whit/simulate/building.hpp"

namespace {

using namespace whit::simulate;

constexpr double kStepS = 300;
constexpr size_t kDay = 288, kFitDays = 20, kSettle = 72;  // rows; the first six hours after a gap do not count

struct Row {
  double seconds, air, outdoor, sun, gains_w, chilled_w;
  bool begins = true;  // after a gap
};

// Rows without an indoor temperature end a run; other missing fields are the ones before them (10 of 8352).
std::vector<Row> read_room(const std::string& file) {
  const whit::data::Columns table({file});
  const auto column = [&](const char* name) { return table.index(name); };
  const size_t time = column("time"), air = column("t_in"), outdoor = column("t_out"), sun = column("sun_w_m2"),
               gains = column("gains_w"), chilled = column("chilled_kw");
  std::vector<Row> rows;
  for (size_t i = 0; i < table.rows(); ++i) {
    if (table.is_missing(i, air)) continue;
    const auto number = [&](size_t of) {
      size_t row = i;
      while (row > 0 && table.is_missing(row, of)) --row;
      return static_cast<double>(table.number(row, of));
    };
    Row row{table.seconds(i, time, 1), number(air), number(outdoor), number(sun), number(gains),
            1000 * number(chilled)};
    row.begins = rows.empty() || row.seconds - rows.back().seconds > 1.5 * kStepS;
    rows.push_back(row);
  }
  return rows;
}

// What is fitted; all but the last by its logarithm.
struct Parameter {
  const char* name;
  double first, lowest, highest;
};
constexpr std::array<Parameter, 11> kParameters = {{{"capacity of the air, kJ/K", 1000, 100, 20000},
                                                    {"capacity of the interior, kJ/K", 5000, 500, 200000},
                                                    {"capacity of the walls, kJ/K", 20000, 1000, 500000},
                                                    {"capacity of the slab, kJ/K", 30000, 1000, 1000000},
                                                    {"air to interior, W/K", 500, 10, 10000},
                                                    {"air to walls, W/K", 100, 1, 5000},
                                                    {"air to slab, W/K", 200, 1, 5000},
                                                    {"air to outside, W/K", 50, 0.1, 2000},
                                                    {"windows, m2 of horizontal sun", 1, 0.001, 50},
                                                    {"sensible share of the chilled water", 0.5, 0.05, 1},
                                                    {"the building behind the slab, C", 27, 20, 32}}};
using Values = std::array<double, kParameters.size()>;

class Room {
 public:
  Room(const Values& v, double celsius) : sun_m2_(v[8]), sensible_(v[9]), building_(network(v), filled(celsius)) {
    boundary_.ground_celsius = v[10];
  }
  void step(const Row& row) {
    boundary_.outside_celsius = boundary_.wall_surface_celsius = row.outdoor;
    for (int minute = 0; minute < 5; ++minute) {
      const double coil_w = -sensible_ * row.chilled_w;
      boundary_.heat_w = {0.6 * row.gains_w + coil_w, 0.4 * row.gains_w + 0.5 * sun_m2_ * row.sun, 0,
                          0.5 * sun_m2_ * row.sun};
      building_.step(boundary_, 60);
    }
  }
  double air() const { return building_.celsius()[kAir]; }
  // The same room, all of it warmer.
  Room moved(const Values& v, double by) const {
    Room room = *this;
    PerNode celsius = building_.celsius();
    for (double& each : celsius) each += by;
    room.building_ = Building(network(v), celsius);
    return room;
  }

 private:
  static PerNode filled(double celsius) { return {celsius, celsius, celsius, celsius}; }
  static Network network(const Values& v) {
    Network n;
    n.capacity_j_k = {1000 * v[0], 1000 * v[1], 1000 * v[2], 1000 * v[3]};
    n.air_interior = v[4];
    n.air_walls = v[5];
    n.walls_outside = v[5];
    n.air_slab = v[6];
    n.slab_ground = v[6];
    n.air_outside = v[7];
    return n;
  }

  double sun_m2_, sensible_;
  Boundary boundary_;
  Building building_;
};

struct Error {
  double mae = 0, rmse = 0, p95 = 0;
};

Error error_of(std::vector<double> errors) {
  for (double& e : errors) e = std::abs(e);
  Error error;
  for (const double e : errors) {
    error.mae += e / static_cast<double>(errors.size());
    error.rmse += e * e / static_cast<double>(errors.size());
  }
  error.rmse = std::sqrt(error.rmse);
  const auto p95 = errors.begin() + static_cast<std::ptrdiff_t>(0.95 * static_cast<double>(errors.size()));
  std::nth_element(errors.begin(), p95, errors.end());
  error.p95 = *p95;
  return error;
}

// Simulated minus measured, of rows [first, end): a run that never sees a measured temperature but at each beginning.
// `ahead` > 0: that many rows after the room was set to the measured temperature; `persist`: of the last measured one.
std::vector<double> errors(const Values& v, const std::vector<Row>& rows, size_t first, size_t end, size_t ahead = 0,
                           bool persist = false) {
  std::vector<double> errors;
  Room room(v, rows[first].air);
  size_t since = 0;
  for (size_t i = first; i < end; ++i) {
    if (rows[i].begins || i == first) {
      room = Room(v, rows[i].air);
      since = 0;
    }
    if (since++ >= kSettle) {
      if (ahead == 0) {
        errors.push_back(room.air() - rows[i].air);
      } else if (i + ahead < end && rows[i + ahead].seconds - rows[i].seconds == static_cast<double>(ahead) * kStepS) {
        Room from_here = room.moved(v, rows[i].air - room.air());
        for (size_t k = 0; k < ahead; ++k) from_here.step(rows[i + k]);
        errors.push_back((persist ? rows[i].air : from_here.air()) - rows[i + ahead].air);
      }
    }
    room.step(rows[i]);
  }
  return errors;
}

struct Problem {
  const std::vector<Row>* rows;
  size_t end;
};

Values values_of(const double* x) {
  Values v;
  for (size_t i = 0; i < v.size(); ++i) v[i] = i + 1 < v.size() ? std::exp(x[i]) : x[i];
  return v;
}

double loss(unsigned /*count*/, const double* x, double* /*gradient*/, void* problem) {
  const auto* p = static_cast<const Problem*>(problem);
  double sum = 0;
  const std::vector<double> all = errors(values_of(x), *p->rows, 0, p->end);
  for (const double e : all) sum += e * e;
  return std::isfinite(sum) ? sum / static_cast<double>(all.size()) : 1e6;
}

Values fit(const std::vector<Row>& rows, size_t end) {
  constexpr unsigned kCount = kParameters.size();
  nlopt_opt solver = nlopt_create(NLOPT_LN_SBPLX, kCount);
  std::array<double, kCount> x, low, high;
  for (size_t i = 0; i < kCount; ++i) {
    const Parameter& p = kParameters[i];
    const auto scale = [&](double value) { return i + 1 < kCount ? std::log(value) : value; };
    x[i] = scale(p.first);
    low[i] = scale(p.lowest);
    high[i] = scale(p.highest);
  }
  Problem problem{&rows, end};
  nlopt_set_lower_bounds(solver, low.data());
  nlopt_set_upper_bounds(solver, high.data());
  nlopt_set_min_objective(solver, loss, &problem);
  nlopt_set_maxeval(solver, 6000);
  nlopt_set_ftol_rel(solver, 1e-6);
  double lowest = 0;
  // A simplex that has shrunk begins anew where it stands.
  for (int start = 0; start < 4; ++start) nlopt_optimize(solver, x.data(), &lowest);
  nlopt_destroy(solver);
  return values_of(x.data());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: fit_room ROOM.csv.xz\n");
    return 2;
  }
  try {
    const std::vector<Row> rows = read_room(argv[1]);
    const size_t cut = kFitDays * kDay;
    if (rows.size() < cut + kDay) throw whit::Error(whit::ErrorCode::bad_input, "less than 21 days", argv[1]);
    const Values v = fit(rows, cut);
    const auto print = [](const char* what, const Error& e) {
      fmt::print("{:<52} {:.2f} {:.2f} {:.2f}\n", what, e.mae, e.rmse, e.p95);
    };
    fmt::print("{:<52} {}\n", "error in K", "MAE, RMSE, 95th percentile");
    print("free run, days 1 to 20 (fitted)", error_of(errors(v, rows, 0, cut)));
    print("free run, days 21 to 29", error_of(errors(v, rows, cut, rows.size())));
    print("60 minutes ahead, days 21 to 29", error_of(errors(v, rows, cut, rows.size(), 12)));
    print("... of persistence", error_of(errors(v, rows, cut, rows.size(), 12, true)));
    for (size_t i = 0; i < v.size(); ++i) fmt::print("{:<34} {:.4g}\n", kParameters[i].name, v[i]);
    return 0;
  } catch (const whit::Error& error) {
    fmt::print(stderr, "fit_room: {}: {}\n", error.where(), error.what());
    return static_cast<int>(error.code());
  }
}
