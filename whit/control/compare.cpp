#include "whit/control/compare.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <thread>

namespace whit::control {
namespace {

constexpr double kMonthDays = 30;

// What is compared, of one loop.
struct Figure {
  const char* key;
  double (*of)(const LoopResult&);
};
constexpr Figure kFigures[] = {
    {"cycles_a_day", [](const LoopResult& r) { return static_cast<double>(r.starts) / r.days; }},
    {"kwh_a_month", [](const LoopResult& r) { return r.kwh * kMonthDays / r.days; }},
    {"discomfort_kh_a_month", [](const LoopResult& r) { return r.discomfort_kh * kMonthDays / r.days; }},
    {"scheduled_discomfort_kh_a_month",
     [](const LoopResult& r) { return r.scheduled_discomfort_kh * kMonthDays / r.days; }},
    {"peak_kw", [](const LoopResult& r) { return r.peak_kw; }},
};

using Json = nlohmann::ordered_json;

Json to_json(const Estimate& e) { return {{"mean", e.mean}, {"low", e.low}, {"high", e.high}}; }

std::vector<double> values_of(const std::vector<LoopResult>& runs, const Figure& figure) {
  std::vector<double> values;
  for (const LoopResult& run : runs) values.push_back(figure.of(run));
  return values;
}

// `ours` minus `theirs`, seed by seed.
std::vector<double> differences(const std::vector<LoopResult>& ours, const std::vector<LoopResult>& theirs,
                                const Figure& figure) {
  std::vector<double> values = values_of(ours, figure);
  for (size_t i = 0; i < values.size(); ++i) values[i] -= figure.of(theirs[i]);
  return values;
}

// How much less than `theirs`, in percent of its mean over the seeds.
Estimate saving(const Estimate& difference, double theirs) {
  if (theirs == 0) return {};
  const double percent = -100 / theirs;
  return {difference.mean * percent, difference.high * percent, difference.low * percent};
}

Json predictive_json(const std::vector<LoopResult>& runs) {
  std::vector<double> mae, share;
  std::vector<int32_t> leads;
  for (const LoopResult& run : runs) {
    mae.push_back(run.forecast_mae_k);
    share.push_back(run.predictive_share);
    leads.insert(leads.end(), run.leads.begin(), run.leads.end());
  }
  std::sort(leads.begin(), leads.end());
  Json json{{"forecast_mae_k", to_json(estimate(mae))}, {"trusted_share", to_json(estimate(share))}};
  Json& lead = json["lead_minutes"] = {{"count", leads.size()}};
  if (leads.empty()) return json;
  for (const auto& [name, part] : {std::pair{"p5", 0.05}, {"median", 0.5}, {"p95", 0.95}}) {
    lead[name] = leads[static_cast<size_t>(part * static_cast<double>(leads.size() - 1))];
  }
  return json;
}

// What the saved energy is worth, for floors that are alike. A year is the mean of the seasons, each as long as the
// others.
Json money_json(const Json& seasons, const std::string& baseline, const Options& options) {
  double saved_kwh_a_month = 0;
  for (const Json& season : seasons) {
    saved_kwh_a_month -= season["against"][baseline]["kwh_a_month"]["difference"]["mean"].get<double>();
  }
  saved_kwh_a_month /= static_cast<double>(seasons.size());
  Json json = Json::array();
  for (const auto& [floors, devices] : {std::pair{1, 1}, {10, 10}, {10, 1}}) {
    const double a_year = saved_kwh_a_month * 12 * options.price_kwh * floors, cost = options.device_cost * devices;
    Json row{{"floors", floors}, {"devices", devices}, {"saved_a_year", a_year}, {"devices_cost", cost}};
    row["payback_months"] = a_year > 0 ? Json(cost / a_year * 12) : Json(nullptr);
    json.push_back(row);
  }
  return json;
}

Json against(const SeasonResult& result, Controller baseline) {
  const auto& ours = result.runs.at(Controller::predictive);
  const auto& theirs = result.runs.at(baseline);
  Json json;
  for (const Figure& figure : kFigures) {
    const Estimate difference = estimate(differences(ours, theirs, figure));
    json[figure.key] = {{"difference", to_json(difference)},
                        {"saving_percent", to_json(saving(difference, estimate(values_of(theirs, figure)).mean))}};
  }
  const double more_discomfort = json["discomfort_kh_a_month"]["difference"]["mean"];
  const double at_least = json["discomfort_kh_a_month"]["difference"]["low"];
  // By the mean; "not distinguishable": more on the mean, but zero lies within the interval.
  json["comfort"] = more_discomfort <= 0 ? "equal or better" : at_least <= 0 ? "not distinguishable" : "worse";
  return json;
}

Json trace_json(const std::vector<Minute>& trace, const rt::ControlOptions& device) {
  const auto number = [](float x) { return rt::is_number(x) ? Json(std::round(x * 1000.0) / 1000) : Json(nullptr); };
  Json json{{"minute", Json::array()},   {"t_in", Json::array()},      {"t_out", Json::array()},
            {"forecast", Json::array()}, {"low", Json::array()},       {"high", Json::array()},
            {"demand", Json::array()},   {"occupancy", Json::array()}, {"hvac", Json::array()}};
  for (const Minute& m : trace) {
    const bool open = rt::is_open(device.schedule, m.readings.minute);
    json["minute"].push_back(m.readings.minute);
    json["t_in"].push_back(number(m.readings.sensors[0]));
    json["t_out"].push_back(number(m.readings.sensors[1]));
    json["forecast"].push_back(number(m.foreseen));
    json["low"].push_back(number(open ? device.comfort.low : device.setback.low));
    json["high"].push_back(number(open ? device.comfort.high : device.setback.high));
    json["demand"].push_back(static_cast<int32_t>(m.demand));
    json["occupancy"].push_back(number(m.readings.sensors[2]));
    json["hvac"].push_back(number(m.readings.sensors[3]));
  }
  return json;
}

// Open, and somebody comes while it is.
bool is_at_work(std::span<const Minute> day, const rt::Schedule& schedule) {
  return std::any_of(day.begin(), day.end(), [&](const Minute& m) {
    return rt::is_open(schedule, m.readings.minute) && m.readings.sensors[2] > 0;
  });
}

// `trace_day` of the plan, or another one that is worth looking at.
std::span<const Minute> day_to_show(std::span<const Minute> all, const Plan& plan, const rt::Schedule& schedule) {
  const auto day = [&](int64_t number) {
    return all.subspan(static_cast<size_t>(number * rt::kDayMinutes), static_cast<size_t>(rt::kDayMinutes));
  };
  const int64_t wanted = std::min(plan.trace_day, plan.days - 1);
  if (is_at_work(day(wanted), schedule)) return day(wanted);
  for (int64_t number = 0; number < plan.days; ++number) {
    if (is_at_work(day(number), schedule)) return day(number);
  }
  return day(wanted);
}

}  // namespace

double student_t(int64_t freedom) {
  static constexpr double kTable[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                      2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};
  if (freedom <= 20) return kTable[freedom - 1];
  // Expansion round the normal quantile (Abramowitz & Stegun 26.7.5), two terms.
  const double z = 1.959964, n = static_cast<double>(freedom);
  return z + (z * z * z + z) / (4 * n) + (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * n * n);
}

Estimate estimate(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = values.empty() ? 0 : sum / n;
  if (values.size() < 2) return {mean, mean, mean};
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double half = student_t(static_cast<int64_t>(values.size()) - 1) * std::sqrt(squares / (n - 1) / n);
  return {mean, mean - half, mean + half};
}

std::vector<SeasonResult> compare(const Plan& plan, const simulate::SimulationOptions& simulation,
                                  const Options& options, const Forecaster& forecaster,
                                  const std::function<void(int64_t, int64_t)>& progress) {
  std::vector<SeasonResult> results;
  std::vector<std::function<void()>> jobs;
  results.reserve(plan.seasons.size());
  for (const Season& season : plan.seasons) {
    SeasonResult& result = results.emplace_back(SeasonResult{season, {}, {}});
    for (const Controller controller : kControllers) {
      std::vector<LoopResult>& runs = result.runs[controller];
      runs.resize(plan.seeds.size());
      for (size_t i = 0; i < plan.seeds.size(); ++i) {
        jobs.push_back([&, controller, i, run = &runs[i], start = season.start_seconds] {
          simulate::SimulationOptions own = simulation;
          own.start_seconds = start;
          const bool keep = controller == Controller::predictive && i == 0;
          *run = run_loop(controller, own, plan.seeds[i], plan.days, options, &forecaster, keep);
        });
      }
    }
  }
  std::atomic<size_t> next = 0, done = 0;
  std::mutex lock;
  std::exception_ptr failure;
  const auto work = [&] {
    for (size_t job = next++; job < jobs.size(); job = next++) {
      try {
        jobs[job]();
      } catch (...) {
        const std::lock_guard guard(lock);
        failure = std::current_exception();
      }
      const std::lock_guard guard(lock);
      progress(static_cast<int64_t>(++done), static_cast<int64_t>(jobs.size()));
    }
  };
  std::thread other(work);
  work();
  other.join();
  if (failure) std::rethrow_exception(failure);
  for (SeasonResult& result : results) {
    std::vector<Minute>& all = result.runs.at(Controller::predictive)[0].minutes;
    const std::span<const Minute> day = day_to_show(all, plan, options.device.schedule);
    result.trace.assign(day.begin(), day.end());
    all.clear();
  }
  return results;
}

Json to_json(const std::vector<SeasonResult>& results, const Plan& plan, const Options& options) {
  Json json{{"seeds", plan.seeds},
            {"days", plan.days},
            {"price_kwh", options.price_kwh},
            {"device_cost", options.device_cost}};
  json["comfort"] = {{"low_celsius", options.device.comfort.low}, {"high_celsius", options.device.comfort.high}};
  for (const SeasonResult& result : results) {
    Json& season = json["seasons"][result.season.name];
    for (const auto& [controller, runs] : result.runs) {
      Json& entry = season["controllers"][name_of(controller)];
      for (const Figure& figure : kFigures) {
        entry[figure.key] = to_json(estimate(values_of(runs, figure)));
        entry[figure.key]["by_seed"] = values_of(runs, figure);
      }
      if (controller == Controller::predictive) entry.update(predictive_json(runs));
    }
    for (const Controller baseline : kControllers) {
      if (baseline == Controller::predictive) continue;
      season["against"][name_of(baseline)] = against(result, baseline);
    }
    season["trace"] = trace_json(result.trace, options.device);
  }
  for (Json& season : json["seasons"]) {
    for (const auto& [baseline, entry] : season["against"].items()) {
      entry["money"] = money_json(json["seasons"], baseline, options);
    }
  }
  return json;
}

}  // namespace whit::control
