#include "whit/learn/search/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/base/hash.hpp"
#include "whit/base/toml_draft.hpp"
#include "whit/compress/evaluate.hpp"
#include "whit/device/measured.hpp"
#include "whit/learn/differences.hpp"
#include "whit/learn/quantize.hpp"
#include "whit/learn/search/footprint.hpp"
#include "whit/learn/search/selection.hpp"

namespace whit::learn {
namespace {

namespace fs = std::filesystem;
using compress::Precision;
using Json = nlohmann::ordered_json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename Values>
std::string digest(const Values& values) {
  return hex(sha256({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(values[0])}));
}

// All that the result depends on, but for the machine; the program and the compilers of the device are part of it.
Json fingerprint(const SearchRecipe& recipe, const data::DataSet& set) {
  Json all = Json::parse(TomlDraft(TomlTable::read(recipe.base.data.file())).json());
  all["seed"] = recipe.base.options.seed;
  all["device"] = {{"name", recipe.device.name}};
  for (const device::FigureField& field : device::figure_fields()) {
    all["device"][field.key] = (recipe.device.*field.figure).value;
  }
  for (const data::Samples& part : set.parts) {
    all["the data"].push_back(digest(part.values) + digest(part.labels));
  }
  if (recipe.base.options.distillation) all["the teacher"] = digest(recipe.base.options.distillation->teacher);
  all["the version of whit"] = digest(read_file("/proc/self/exe"));
  all["the version of a compiler or emulator"] = device::toolchain_versions();
  return all;
}

bool is_integer(Precision precision) { return precision != Precision::f32 && precision != Precision::float16; }

// Quantized after training.
ir::Graph as_precision(ir::Graph graph, Precision precision, const data::Samples& training) {
  if (is_integer(precision)) return begin_quantized(std::move(graph), precision, training).quantized;
  if (precision == Precision::f32) return graph;
  compress::prepare(graph);
  compress::QuantizeOptions options;
  options.recipe.precision = precision;
  return compress::quantize(graph, compress::calibrate(graph, {}, false), options);
}

class Search {
 public:
  Search(const SearchRecipe& recipe, const data::DataSet& set, const SearchPlan& plan, Team& team,
         const SearchHooks& hooks)
      : recipe_(recipe), set_(set), plan_(plan), team_(team), hooks_(hooks), space_(space_of(recipe)) {
    result_.metric = metric_name(recipe.base.options.loss, set.validation());
    result_.more_is_better = result_.metric == compress::name_of(compress::Metric::accuracy);
    for (const Candidate& candidate : space_.candidates) result_.candidates.push_back({candidate, {}, {}, {}, false});
  }

  SearchResult run() {
    team_.together([&] { begin(); });
    measure_untrained();
    std::vector<size_t> alive = fitting();
    for (int64_t rung = 0; rung < recipe_.rungs; ++rung) {
      train_rung(rung, alive);
      if (rung + 1 < recipe_.rungs) alive = chosen(alive);
    }
    finish(alive);
    choose_front(alive);
    return std::move(result_);
  }

 private:
  // The folder's work is of this search, or none's.
  void begin() const {
    if (set_.validation().count() == 0) {
      throw Error(ErrorCode::bad_input, "a search needs validation samples", recipe_.base.data.file(),
                  "a share of the samples for validation in [data.split]");
    }
    const std::string state = work_file(plan_, "search.json");
    const Json mine = fingerprint(recipe_, set_);
    if (!fs::exists(state)) {
      if (team_.rank() > 0) return;
      fs::create_directories(fs::path(state).parent_path());
      return write_file(state, mine.dump());
    }
    if (!plan_.resume && team_.rank() == 0) {
      throw Error(ErrorCode::bad_input, "the folder holds a search already", plan_.folder,
                  "--resume to go on with it, or another -o");
    }
    const Json its = stored(state);
    if (its == mine) return;
    throw Error(ErrorCode::bad_input, "the search in this folder was begun otherwise: " + differences(its, mine),
                plan_.folder, "as it was begun, or another -o: results of the two would not compare");
  }

  // A result in a file of the work folder.
  static Json stored(const std::string& file) {
    try {
      return Json::parse(read_file(file));
    } catch (const Json::exception&) {
      throw Error(ErrorCode::bad_input, "the file is damaged", file, "remove it, and --resume");
    }
  }

  // Does the jobs whose results are not in their files yet; in the order of the list they get to whoever is free.
  // All results, in the same order.
  std::vector<Json> stage(const std::string& what, const std::vector<std::string>& names,
                          const std::function<Json(size_t)>& job) {
    std::vector<size_t> open;
    std::vector<std::string> files;
    for (size_t i = 0; i < names.size(); ++i) {
      files.push_back(work_file(plan_, names[i] + ".json"));
    }
    team_.together([&] {  // before anyone writes more of them
      for (size_t i = 0; i < names.size(); ++i) {
        if (!fs::exists(files[i])) open.push_back(i);
      }
    });
    if (hooks_.on_stage) hooks_.on_stage(what, static_cast<int64_t>(open.size()));
    jobs_ = static_cast<int64_t>(open.size());
    team_.share(jobs_, [&](int64_t i) {
      job_ = i;
      show(0, 1);
      const size_t task = open[static_cast<size_t>(i)];
      write_file(files[task], job(task).dump());
    });
    std::vector<Json> results;
    results.reserve(files.size());
    for (const std::string& file : files) results.push_back(stored(file));
    return results;
  }

  // How far the job is. Jobs before it in the list count as done: others have them, or had.
  void show(int64_t done, int64_t total) const {
    team_.answer();
    const double share = static_cast<double>(done) / static_cast<double>(total);
    if (hooks_.on_progress) hooks_.on_progress((static_cast<double>(job_) + share) / static_cast<double>(jobs_));
  }

  // Sizes and time hardly depend on the weights, so any will do; which ranges of activations they give does not count.
  void measure_untrained() {
    std::vector<std::string> names;
    for (const Candidate& candidate : space_.candidates) names.push_back("untrained-" + candidate.name);
    const std::vector<Json> results = stage("measure", names, [&](size_t i) {
      const Candidate& candidate = space_.candidates[i];
      const Net& net = space_.nets[candidate.net];
      ir::Graph graph = build(net.architecture).graph;
      const std::optional<compress::Sparsity> sparsity = sparsity_of(net);
      if (sparsity) {
        compress::prepare(graph);
        if (compress::prune(graph, *sparsity) == 0) return to_json(nothing_to_prune());
      }
      return to_json(footprint(as_precision(std::move(graph), candidate.precision, set_.train()), recipe_.device,
                               recipe_.budgets, /*is_trained=*/false));
    });
    for (size_t i = 0; i < results.size(); ++i) result_.candidates[i].untrained = footprint_from(results[i]);
  }

  std::optional<compress::Sparsity> sparsity_of(const Net& net) const {
    if (net.sparsity || !recipe_.base.options.prune) return net.sparsity;
    return recipe_.base.options.prune->sparsity;
  }

  std::vector<size_t> fitting() const {
    std::vector<size_t> fitting;
    size_t nearest = 0;
    for (size_t i = 0; i < result_.candidates.size(); ++i) {
      const Footprint& each = result_.candidates[i].untrained;
      if (each.fits) fitting.push_back(i);
      if (each.excess < result_.candidates[nearest].untrained.excess) nearest = i;
    }
    if (!fitting.empty()) return fitting;
    const SearchedCandidate& best = result_.candidates[nearest];
    throw Error(ErrorCode::gate_failed,
                fmt::format("none of {} candidates fits {}: the smallest, {}, needs {}{}", result_.candidates.size(),
                            recipe_.device.name, best.candidate.name, best.untrained.violations,
                            best.untrained.excess < kInfinity
                                ? fmt::format("; that is {:.3g} times the budget", best.untrained.excess)
                                : ""),
                recipe_.base.data.file(), "a larger [budget] or device, or smaller widths and depths in [search]");
  }

  // Pruned by the middle of the first rung, so that every rung judges nets as sparse as they shall be.
  TrainOptions options_of(const Net& net) const {
    TrainOptions options = recipe_.base.options;
    if (!net.sparsity) return options;
    const int64_t steps = set_.train().count() / options.batch_size * recipe_.epochs_of(0);
    options.prune.emplace();
    options.prune->sparsity = *net.sparsity;
    options.prune->end = std::max<int64_t>(1, steps / 2);
    options.prune->every = std::clamp<int64_t>(options.prune->end / 10, 1, 100);
    return options;
  }

  // To the end of the rung, from wherever the net is.
  ir::Graph trained(const Net& net, int64_t rung) const {
    const int64_t epochs = recipe_.epochs_of(rung);
    CheckpointPlan checkpoint{work_file(plan_, net.name + ".checkpoint"), true};
    checkpoint.pause_after = epochs;
    TrainHooks hooks;
    hooks.on_step = [&](int64_t step, int64_t steps) {
      show(std::min(step, steps * epochs / recipe_.base.options.epochs), steps * epochs / recipe_.base.options.epochs);
    };
    return train(build(net.architecture), set_.train(), set_.validation(), options_of(net), checkpoint, hooks).graph;
  }

  double score(const ir::Graph& graph, const data::Samples& samples) const {
    return compress::evaluate(graph, samples, result_.metric).value;
  }

  void train_rung(int64_t rung, const std::vector<size_t>& alive) {
    std::vector<size_t> nets;
    for (const size_t i : alive) nets.push_back(space_.candidates[i].net);
    nets.erase(std::unique(nets.begin(), nets.end()), nets.end());
    std::vector<int64_t> work;
    for (const Net& net : space_.nets) work.push_back(trainable_parameters(build(net.architecture)));
    std::stable_sort(nets.begin(), nets.end(),
                     [&](size_t a, size_t b) { return work[a] > work[b]; });  // long ones first
    std::vector<std::string> names;
    for (const size_t net : nets) names.push_back(fmt::format("rung{}-{}", rung + 1, space_.nets[net].name));
    const std::string what =
        fmt::format("rung {} of {}, to epoch {}", rung + 1, recipe_.rungs, recipe_.epochs_of(rung));
    const std::vector<Json> results = stage(what, names, [&](size_t n) {
      Json scores = Json::object();
      try {
        const ir::Graph graph = trained(space_.nets[nets[n]], rung);
        for (const size_t i : alive) {
          const Candidate& candidate = space_.candidates[i];
          if (candidate.net != nets[n]) continue;
          scores[candidate.name] = score(as_precision(graph, candidate.precision, set_.train()), set_.validation());
        }
      } catch (const Error& error) {
        if (error.code() != ErrorCode::gate_failed) throw;
        scores["failure"] = error.what();  // it learns nothing, others do
      }
      return scores;
    });
    for (const size_t i : alive) {
      SearchedCandidate& each = result_.candidates[i];
      const auto n = std::find(nets.begin(), nets.end(), each.candidate.net) - nets.begin();
      const Json& scores = results[static_cast<size_t>(n)];
      const bool failed = scores.contains("failure");
      if (failed) failure_ = scores["failure"];
      each.scores.push_back(failed ? kInfinity * (result_.more_is_better ? -1 : 1)
                                   : scores.at(each.candidate.name).get<double>());
    }
  }

  // Less is better.
  std::vector<double> point(double value, const Footprint& footprint) const {
    return {result_.more_is_better ? -value : value, footprint.flash_bytes, footprint.ram_bytes,
            footprint.latency_s.value_or(kInfinity)};
  }

  std::vector<size_t> chosen(const std::vector<size_t>& alive) const {
    const auto eta = static_cast<size_t>(recipe_.eta);
    const size_t count = (alive.size() + eta - 1) / eta;
    std::vector<size_t> sound;
    Points points;
    for (const size_t i : alive) {
      const SearchedCandidate& each = result_.candidates[i];
      if (std::isinf(each.scores.back())) continue;
      sound.push_back(i);
      points.push_back(point(each.scores.back(), each.untrained));
    }
    if (sound.empty()) throw Error(ErrorCode::gate_failed, failure_, recipe_.base.data.file());
    std::vector<size_t> next;
    for (const size_t i : survivors(points, count)) next.push_back(sound[i]);
    return next;
  }

  // The model of a candidate that went through all rungs.
  ir::Graph finished(const Candidate& candidate) const {
    ir::Graph graph = trained(space_.nets[candidate.net], recipe_.rungs - 1);
    if (!recipe_.base.quantize || !is_integer(candidate.precision)) {
      return as_precision(std::move(graph), candidate.precision, set_.train());
    }
    TrainOptions options = recipe_.base.quantize->options;
    options.distillation = recipe_.base.options.distillation;
    const Net& net = space_.nets[candidate.net];
    if (net.sparsity) options.prune = PruneSchedule{*net.sparsity, 0, 0, 1};
    CheckpointPlan checkpoint{work_file(plan_, candidate.name + ".quantize.checkpoint"), true};
    TrainHooks hooks;
    hooks.on_step = [&](int64_t step, int64_t steps) { show(step, steps); };
    return train_quantized(begin_quantized(std::move(graph), candidate.precision, set_.train()), set_.train(),
                           set_.validation(), options, checkpoint, hooks)
        .graph;
  }

  void finish(std::vector<size_t>& alive) {
    std::erase_if(alive, [&](size_t i) { return std::isinf(result_.candidates[i].scores.back()); });
    if (alive.empty()) throw Error(ErrorCode::gate_failed, failure_, recipe_.base.data.file());
    std::vector<std::string> names;
    for (const size_t i : alive) names.push_back("final-" + space_.candidates[i].name);
    const std::vector<Json> results = stage("finish", names, [&](size_t n) {
      const Candidate& candidate = space_.candidates[alive[n]];
      const ir::Graph graph = finished(candidate);
      hooks_.save(graph, work_file(plan_, candidate.name));
      Json json{{"validation", score(graph, set_.validation())}};
      if (set_.test().count() > 0) json["test"] = score(graph, set_.test());
      json["footprint"] = to_json(footprint(graph, recipe_.device, recipe_.budgets, /*is_trained=*/true));
      return json;
    });
    for (size_t n = 0; n < alive.size(); ++n) {
      const Json& json = results[n];
      SearchedCandidate::Final& final = result_.candidates[alive[n]].final.emplace();
      final.validation = json.at("validation").get<double>();
      if (json.contains("test")) final.test = json["test"].get<double>();
      final.footprint = footprint_from(json.at("footprint"));
    }
  }

  void choose_front(const std::vector<size_t>& alive) {
    std::vector<size_t> fitting;
    Points points;
    for (const size_t i : alive) {
      const SearchedCandidate::Final& final = *result_.candidates[i].final;
      if (!final.footprint.fits) continue;
      fitting.push_back(i);
      points.push_back(point(final.validation, final.footprint));
    }
    if (fitting.empty()) {
      throw Error(
          ErrorCode::gate_failed,
          fmt::format("no trained candidate fits {}: {} needs {}", recipe_.device.name,
                      space_.candidates[alive[0]].name, result_.candidates[alive[0]].final->footprint.violations),
          recipe_.base.data.file(), "a larger [budget], or smaller widths and depths in [search]");
    }
    for (const size_t i : pareto_front(points)) {
      result_.candidates[fitting[i]].on_front = true;
      result_.front.push_back(fitting[i]);
    }
    std::stable_sort(result_.front.begin(), result_.front.end(), [&](size_t a, size_t b) {
      const double x = result_.candidates[a].final->validation, y = result_.candidates[b].final->validation;
      return result_.more_is_better ? x > y : x < y;
    });
  }

  const SearchRecipe& recipe_;
  const data::DataSet& set_;
  const SearchPlan& plan_;
  Team& team_;
  const SearchHooks& hooks_;
  Space space_;
  SearchResult result_;
  std::string failure_;         // of a net that could not be trained
  int64_t job_ = 0, jobs_ = 0;  // of the stage
};

}  // namespace

std::string work_file(const SearchPlan& plan, const std::string& name) {
  return (std::filesystem::path(plan.folder) / "work" / name).string();
}

SearchResult search(const SearchRecipe& recipe, const data::DataSet& set, const SearchPlan& plan, Team& team,
                    const SearchHooks& hooks) {
  return Search(recipe, set, plan, team, hooks).run();
}

}  // namespace whit::learn
