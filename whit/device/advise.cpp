#include "whit/device/advise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "whit/base/error.hpp"
#include "whit/device/patches.hpp"
#include "whit/device/variants.hpp"

namespace whit::device {
namespace {

constexpr double kLess = 0.99;

bool is_over(const Fit& fit, Resource resource) {
  const Check* check = fit.find(resource);
  return check != nullptr && !check->fits();
}

// Does `after` need less, by more than a trifle, of something that is over its budget?
bool helps(const Fit& before, const Fit& after) {
  return std::any_of(before.checks.begin(), before.checks.end(), [&](const Check& check) {
    const Check* then = after.find(check.resource);
    if (check.fits() || then == nullptr) return false;
    return check.is_known ? then->need < kLess * check.need : then->is_known;
  });
}

class Advisor {
 public:
  Advisor(const Subject& subject, const Profile& profile, const Budgets& budgets, const Measured& measured,
          const MeasurementCache& cache)
      : subject_(subject),
        profile_(profile),
        budgets_(budgets),
        measured_(measured),
        cache_(cache),
        fit_(device::fit(measured, profile, budgets)) {}

  std::vector<Advice> run() const {
    std::vector<Advice> all = changed_models();
    if (subject_.graph && is_over(fit_, Resource::ram)) add_patches(all);
    std::erase_if(all, [&](const Advice& advice) { return advice.fit && !helps(fit_, *advice.fit); });
    add_device(all);
    std::stable_partition(all.begin(), all.end(), [](const Advice& a) { return a.fit && a.fit->fits(); });
    return all;
  }

 private:
  Fit fit_of(const Subject& subject) const {
    return device::fit(measure(subject, profile_, cache_), profile_, budgets_);
  }

  // Changes of the model or of its build, each built and counted.
  std::vector<Advice> changed_models() const {
    std::vector<Advice> all;
    std::vector<std::function<void()>> jobs;
    const std::vector<Variant> changes = subject_.graph ? variants(*subject_.graph) : std::vector<Variant>{};
    all.resize(changes.size() + 1);
    for (size_t i = 0; i < changes.size(); ++i) {
      all[i].change = changes[i].change;
      all[i].how = changes[i].how;
      jobs.push_back([&, i] {
        try {
          Subject subject = subject_;
          subject.graph = changes[i].make();
          if (changes[i].has_made_up_ranges) subject.passes.skip.insert("fold_constant_channels");
          all[i].fit = fit_of(subject);
        } catch (const Error& error) {
          all[i].note = error.what();
        }
      });
    }
    jobs.push_back([&] {
      all.back().change = "built for size";
      all.back().how = "--optimize size";
      Subject subject = subject_;
      subject.optimize = compile::Optimize::size;
      if (subject_.optimize != compile::Optimize::size) all.back().fit = fit_of(subject);
    });
    run_parallel(jobs);
    if (!all.back().fit) all.pop_back();
    return all;
  }

  void add_patches(std::vector<Advice>& all) const {
    compile::CompileOptions options;
    options.kernels = compile::kernel_set(measured_target(profile_).kernels);
    options.optimize = subject_.optimize;
    options.passes = subject_.passes;
    for (const int strips : {2, 4}) {
      Advice advice;
      advice.change = fmt::format("{} strips of rows", strips);
      try {
        const std::optional<PatchedArena> patched = patched_arena(*subject_.graph, strips, options);
        if (!patched) return;
        advice.how =
            fmt::format("run the first {} layers, to '{}', strip by strip", patched->layers, patched->last_layer);
        advice.note = fmt::format("whit does not emit that yet; {:.0f} % more MACs", 100 * patched->more_macs);
        advice.is_predicted = true;
        Measured changed = measured_;
        changed.arena_bytes = static_cast<uint32_t>(patched->arena_bytes);
        const auto grow = [&](auto& count) {
          count = static_cast<std::decay_t<decltype(count)>>(static_cast<double>(count) * (1 + patched->more_macs));
        };
        grow(changed.work.macs);
        grow(changed.work.cost.instructions);
        for (uint64_t& cycles : changed.work.cost.cycles) grow(cycles);
        for (target::Reuse* reuse :
             {&changed.work.traffic.code, &changed.work.traffic.data, &changed.work.traffic.both})
          for (uint64_t& accesses : *reuse) grow(accesses);
        advice.fit = device::fit(changed, profile_, budgets_);
        all.push_back(advice);
      } catch (const Error&) {  // a part that cannot be lowered alone
        return;
      }
    }
  }

  // The cheapest microcontroller that takes the model as it is, with all that it leaves free.
  void add_device(std::vector<Advice>& all) const {
    Budgets budgets = budgets_;
    budgets.ram_bytes = budgets.flash_bytes = std::nullopt;
    if (device::fit(measured_, profile_, budgets).fits()) return;  // the budget is the user's, not the device's
    const bool is_time = std::any_of(fit_.checks.begin(), fit_.checks.end(), [](const Check& check) {
      return !check.fits() && check.resource != Resource::ram && check.resource != Resource::flash;
    });
    std::vector<const Profile*> devices;
    for (const Profile& profile : all_profiles()) {
      if (profile.name == profile_.name || profile.kind != Kind::mcu) continue;
      if (profile.target.empty() && is_time) continue;  // its time is not that of whit's code
      devices.push_back(&profile);
    }
    std::stable_sort(devices.begin(), devices.end(),
                     [](const Profile* a, const Profile* b) { return a->usd.value < b->usd.value; });
    const std::vector<Outcome> outcomes = measure_on(subject_, devices, cache_);
    for (size_t i = 0; i < devices.size(); ++i) {
      const Profile* profile = devices[i];
      if (!outcomes[i].measured) continue;
      const Fit fit = device::fit(*outcomes[i].measured, *profile, budgets);
      if (!fit.fits()) continue;
      all.push_back({fmt::format("another device: {}", profile->name),
                     fmt::format("{}, about {:.2f} USD", profile->title, profile->usd.value), fit, false, ""});
      return;
    }
  }

  const Subject& subject_;
  const Profile& profile_;
  const Budgets& budgets_;
  const Measured& measured_;
  const MeasurementCache& cache_;
  Fit fit_;
};

}  // namespace

std::vector<Advice> advise(const Subject& subject, const Profile& profile, const Budgets& budgets,
                           const Measured& measured, const MeasurementCache& cache) {
  return Advisor(subject, profile, budgets, measured, cache).run();
}

}  // namespace whit::device
