#include "whit/data/split.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

#include "whit/base/error.hpp"

namespace whit::data {
namespace {

const std::vector<std::string> kByNames = {"chronological", "stratified", "random", "group", "column"};

[[noreturn]] void bad(const std::string& what, const Collection& all, const std::string& hint = "") {
  throw Error(ErrorCode::bad_input, what, all.files[0], hint);
}

// std::shuffle may differ from library to library.
template <typename T>
void shuffle(std::vector<T>& values, std::mt19937_64& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random() % i]);
}

// Where `count` samples are cut: [0, first) trains, [first, second) validates.
std::array<size_t, 2> cuts(size_t count, const std::array<double, 3>& fractions) {
  const auto at = [&](double share) { return static_cast<size_t>(std::llround(share * static_cast<double>(count))); };
  return {at(fractions[0]), at(fractions[0] + fractions[1])};
}

Part part_at(size_t i, const std::array<size_t, 2>& cut) {
  return i < cut[0] ? Part::train : i < cut[1] ? Part::validation : Part::test;
}

// Each of `kinds` (lists of samples) is shuffled and cut by itself.
std::vector<Part> split_each(const std::vector<std::vector<size_t>>& kinds, size_t count, const SplitPlan& plan) {
  std::mt19937_64 random(plan.seed);
  std::vector<Part> parts(count, Part::none);
  for (std::vector<size_t> samples : kinds) {
    shuffle(samples, random);
    const std::array<size_t, 2> cut = cuts(samples.size(), plan.fractions);
    for (size_t i = 0; i < samples.size(); ++i) parts[samples[i]] = part_at(i, cut);
  }
  return parts;
}

std::vector<Part> split_in_time(const Collection& all, const SplitPlan& plan) {
  if (!all.is_series) {
    bad("a chronological split of data without time", all, "name the column in [data] time, or split by group");
  }
  // Time that begins anew with each run says nothing of before and after.
  for (size_t i = 1; i < all.origins.size(); ++i) {
    const Origin &before = all.origins[i - 1], &origin = all.origins[i];
    const bool same_group = origin.group == before.group;
    if (same_group ? origin.last_s >= before.last_s : all.has_time) continue;
    bad(same_group ? fmt::format("a chronological split, but time goes back at row {}", origin.last_row)
                   : std::string("a chronological split of several groups without time"),
        all, "rows and files in the order of one clock, or by = \"group\"");
  }
  if (plan.each_group && all.origins[0].group.empty()) {
    bad("a split of each group, but the data names no group", all, "the column of seasons or places in [data] group");
  }
  // What is cut by itself: all, or each group.
  const auto clock_of = [&](const Origin& origin) { return plan.each_group ? origin.group : std::string(); };
  std::map<std::string, std::vector<double>> newest;
  for (const Origin& origin : all.origins) newest[clock_of(origin)].push_back(origin.last_s);
  std::map<std::string, std::array<double, 2>> times_of;
  for (auto& [clock, times] : newest) {
    std::sort(times.begin(), times.end());
    const std::array<size_t, 2> cut = cuts(times.size(), plan.fractions);
    for (size_t i = 0; i < 2; ++i) {
      times_of[clock][i] = cut[i] < times.size() ? times[cut[i]] : std::numeric_limits<double>::infinity();
    }
  }
  // A sample belongs where its last row is, if its first row lies behind the cut as well.
  std::vector<Part> parts;
  for (const Origin& origin : all.origins) {
    const std::array<double, 2>& times = times_of.at(clock_of(origin));
    const auto part_of = [&](double time) { return time < times[0] ? 0 : time < times[1] ? 1 : 2; };
    const int first = part_of(origin.first_s), last = part_of(origin.last_s);
    parts.push_back(first == last ? static_cast<Part>(last) : Part::none);
  }
  return parts;
}

std::vector<Part> split_groups(const Collection& all, const SplitPlan& plan) {
  std::map<std::string, size_t> sizes;
  for (const Origin& origin : all.origins) ++sizes[origin.group];
  if (sizes.size() == 1 && sizes.begin()->first.empty()) {
    bad("a split by group, but the data names no group", all, "the column of subjects or recordings in [data] group");
  }
  const auto needed = plan.folds > 0 ? plan.folds
                                     : std::count_if(plan.fractions.begin(), plan.fractions.end(),
                                                     [](double fraction) { return fraction > 0; });
  if (static_cast<int64_t>(sizes.size()) < needed) {
    bad(fmt::format("{} groups are too few for {} {}", sizes.size(), needed, plan.folds > 0 ? "folds" : "parts"), all);
  }
  std::vector<std::string> groups;
  groups.reserve(sizes.size());
  for (const auto& [group, size] : sizes) groups.push_back(group);
  std::mt19937_64 random(plan.seed);
  shuffle(groups, random);
  std::map<std::string, Part> part_of;
  if (plan.folds > 0) {
    for (size_t i = 0; i < groups.size(); ++i) {
      const int64_t fold = static_cast<int64_t>(i) % plan.folds;
      part_of[groups[i]] = fold == plan.fold                      ? Part::test
                           : fold == (plan.fold + 1) % plan.folds ? Part::validation
                                                                  : Part::train;
    }
  } else {
    // Each group goes to the part that is the least full, by its own measure.
    std::array<double, 3> filled = {};
    for (const std::string& group : groups) {
      size_t least = 0;  // the share of train is above 0
      for (size_t i = 1; i < 3; ++i) {
        if (filled[i] * plan.fractions[least] < filled[least] * plan.fractions[i]) least = i;
      }
      part_of[group] = static_cast<Part>(least);
      filled[least] += static_cast<double>(sizes[group]);
    }
  }
  std::vector<Part> parts;
  for (const Origin& origin : all.origins) parts.push_back(part_of[origin.group]);
  return parts;
}

std::vector<Part> split_by_column(const Collection& all, const SplitPlan& plan) {
  std::vector<Part> parts;
  for (const Origin& origin : all.origins) {
    Part part = Part::none;
    for (size_t i = 0; i < 3; ++i) {
      const auto& fields = plan.fields[i];
      if (std::find(fields.begin(), fields.end(), origin.part) != fields.end()) part = static_cast<Part>(i);
    }
    parts.push_back(part);
  }
  for (const auto& fields : plan.fields) {
    for (const std::string& field : fields) {
      if (std::none_of(all.origins.begin(), all.origins.end(),
                       [&](const Origin& origin) { return origin.part == field; })) {
        bad(fmt::format("no sample has '{}' in the column of the split", field), all);
      }
    }
  }
  return parts;
}

}  // namespace

SplitPlan read_split(const TomlTable& recipe) {
  SplitPlan plan;
  const std::string by = recipe.choice("by", kByNames);
  plan.by = static_cast<SplitBy>(std::find(kByNames.begin(), kByNames.end(), by) - kByNames.begin());
  if (plan.by == SplitBy::column) {
    recipe.text("column");
    for (size_t i = 0; i < 3; ++i) plan.fields[i] = recipe.texts(kPartNames[i]);
    if (plan.fields[0].empty()) throw recipe.error("train", "names no fields of the column");
    return plan;
  }
  if (plan.by == SplitBy::chronological) {
    plan.each_group = recipe.boolean("each_group", false);
  } else {
    plan.seed = static_cast<uint64_t>(recipe.integer("seed", {0, 9e15}, 1));
  }
  if (plan.by == SplitBy::group && recipe.has("folds")) {
    plan.folds = recipe.integer("folds", {3, 1000});
    plan.fold = recipe.integer("fold", {0, static_cast<double>(plan.folds - 1)});
    return plan;
  }
  const std::vector<double> fractions = recipe.numbers("fractions", {0, 1});
  if (!fractions.empty()) {
    if (fractions.size() != 3 || std::abs(fractions[0] + fractions[1] + fractions[2] - 1) > 1e-6) {
      throw recipe.error("fractions", "is not three shares that sum up to 1", "fractions = [0.7, 0.15, 0.15]");
    }
    if (fractions[0] == 0) throw recipe.error("fractions", "leaves nothing to train on");
    std::copy(fractions.begin(), fractions.end(), plan.fractions.begin());
  }
  return plan;
}

std::string text_of(const SplitPlan& plan) {
  const std::string& by = kByNames[static_cast<size_t>(plan.by)];
  if (plan.by == SplitBy::column) return "by " + by;
  if (plan.folds > 0) return fmt::format("by {}, fold {} of {}, seed {}", by, plan.fold, plan.folds, plan.seed);
  if (plan.by == SplitBy::chronological) {
    return fmt::format("{}{}, fractions {}", by, plan.each_group ? " within each group" : "",
                       fmt::join(plan.fractions, ", "));
  }
  return fmt::format("by {}, fractions {}, seed {}", by, fmt::join(plan.fractions, ", "), plan.seed);
}

std::vector<Part> split(const Collection& all, const SplitPlan& plan) {
  const size_t count = all.origins.size();
  std::vector<Part> parts;
  switch (plan.by) {
    case SplitBy::chronological:
      parts = split_in_time(all, plan);
      break;
    case SplitBy::group:
      parts = split_groups(all, plan);
      break;
    case SplitBy::column:
      parts = split_by_column(all, plan);
      break;
    case SplitBy::stratified: {
      if (all.class_names.empty()) bad("a stratified split of data without classes", all, "by = \"random\"");
      std::vector<std::vector<size_t>> kinds(all.class_names.size());
      for (size_t i = 0; i < count; ++i) kinds[static_cast<size_t>(all.samples.labels[i])].push_back(i);
      parts = split_each(kinds, count, plan);
      break;
    }
    case SplitBy::random: {
      std::vector<size_t> samples(count);
      std::iota(samples.begin(), samples.end(), 0);
      parts = split_each({samples}, count, plan);
      break;
    }
  }
  for (size_t i = 0; i < 3; ++i) {
    const bool wanted = plan.by == SplitBy::column ? !plan.fields[i].empty() : plan.folds > 0 || plan.fractions[i] > 0;
    if (wanted && std::count(parts.begin(), parts.end(), static_cast<Part>(i)) == 0) {
      bad(fmt::format("nothing is left for {} among {} samples", kPartNames[i], count), all,
          "other fractions, shorter windows or more data");
    }
  }
  return parts;
}

}  // namespace whit::data
